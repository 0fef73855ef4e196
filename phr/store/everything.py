"""Everything that is stored about one person, read in the person's own context and in short pieces, for a copy to take out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from phr.store.audit import AuditRow

_PAGE: Final = 500
_ELSEWHERE: Final = frozenset(
    {"vital_chunk", "vital_day", "resource", "audit_event", "person_key", "cloud_secret"}
)
"""Rendered otherwise, made from the rest, or a secret of the service."""


@dataclass(frozen=True, slots=True)
class Held:
    """How much of one vital there is, and from when to when."""

    code: str
    category: str
    samples: int
    first: date
    last: date


class Everything:
    """What the transaction's context shows of one person."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def vitals(self, person: UUID) -> list[Held]:
        """The vitals with their number of samples and their first and last day."""
        rows = self._connection.execute(
            "SELECT code, min(category), sum(n), min(day), max(day) FROM phr.vital_chunk WHERE person_id = %s AND n > 0"
            " GROUP BY code ORDER BY code",
            (person,),
        ).fetchall()
        return [Held(row[0], row[1], int(row[2]), row[3], row[4]) for row in rows]

    def documents(self, person: UUID) -> dict[str, int]:
        """How many documents of each type there are."""
        rows = self._connection.execute(
            "SELECT type, count(*) FROM phr.resource WHERE person_id = %s AND NOT deleted GROUP BY type ORDER BY type",
            (person,),
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def bodies(self, person: UUID, kind: str, after: str = "") -> list[tuple[str, str]]:
        """Some documents of a type after an id: id and body."""
        rows = self._connection.execute(
            "SELECT id, body FROM phr.resource WHERE person_id = %s AND type = %s AND id > %s AND NOT deleted"
            " ORDER BY id LIMIT %s",
            (person, kind, after, _PAGE),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def trail(self, person: UUID, after: tuple[int, int] = (-1, 0)) -> list[AuditRow]:
        """Some rows of the trail after a chain and number."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE person_id = %s AND (chain, seq) > (%s, %s)"
            " ORDER BY chain, seq LIMIT %s",
            (person, *after, _PAGE),
        ).fetchall()
        return [AuditRow(*row) for row in rows]

    def looked(self, person: UUID) -> list[tuple[str, str, str, int, Any, Any]]:
        """Who looked: role, recipient, purpose, how often, first and last time."""
        return self._connection.execute(
            "SELECT role, recipient, purpose, count(*), min(at), max(at) FROM phr.audit_event WHERE person_id = %s"
            " AND outcome <> 'refused' GROUP BY 1, 2, 3 ORDER BY 6 DESC LIMIT 60",
            (person,),
        ).fetchall()

    def other_tables(self, person: UUID) -> list[str]:
        """The other tables with rows about the person, from the catalogue."""
        rows = self._connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'person_id'"
            " WHERE c.relnamespace = 'phr'::regnamespace AND c.relkind IN ('r', 'p')"
            " AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
        ).fetchall()
        names = [str(row[0]) for row in rows if row[0] not in _ELSEWHERE]
        return [name for name in names if next(self.rows(person, name, 1), None) is not None]

    def recipients(self, person: UUID) -> list[tuple[str, str]]:
        """Who has received data of the person: releases, insurers, and family members who may read now."""
        rows = self._connection.execute(
            "SELECT 'release', recipient || ' ' || release_id FROM phr.release_member WHERE person_id = %s UNION"
            " SELECT 'insurer', insurer_no FROM phr.guidance_handover WHERE person_id = %s UNION"
            " SELECT 'guardian', guardian_id::text FROM phr.guardianship WHERE person_id = %s AND ends_at > now()"
            " AND revoked_at IS NULL ORDER BY 1, 2",
            (person, person, person),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def of_categories(self, person: UUID, categories: Sequence[str]) -> Iterator[str]:
        """Documents and day chunks of some categories as JSON, each with all its columns."""
        for table in ("resource", "resource_history", "vital_chunk"):
            found = self._connection.execute(
                sql.SQL(
                    "SELECT to_jsonb(t)::text FROM {} t WHERE person_id = %s AND category = ANY (%s)"
                ).format(sql.Identifier("phr", table)),
                (person, list(categories)),
            ).fetchall()
            yield from (f"{table} {row[0]}" for row in found)

    def rows(self, person: UUID, table: str, page: int = _PAGE) -> Iterator[str]:
        """The rows of a table about the person as JSON, some at a time."""
        done = 0
        while True:
            found = self._connection.execute(
                sql.SQL(
                    "SELECT to_jsonb(t)::text FROM {} t WHERE person_id = %s ORDER BY t.ctid LIMIT %s OFFSET %s"
                ).format(sql.Identifier("phr", table)),
                (person, page, done),
            ).fetchall()
            yield from (str(row[0]) for row in found)
            done += len(found)
            if len(found) < page:
                return
