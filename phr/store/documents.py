"""Versioned FHIR documents: every write makes a version, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Conflict

_COLUMNS = (
    "person_id, type, id, version, deleted, category, day, codes, labels, status, low, high, updated_at, body"
)


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a FHIR resource.

    codes: ``system|code`` of its code; labels: ``system|code`` of its FHIR categories; low, high: the instants
    that its effective time spans, high excluded, None for open; body: the JSON text as it is given back.
    """

    person_id: UUID
    type: str
    id: str
    version: int
    deleted: bool
    category: str
    day: date
    codes: Sequence[str]
    labels: Sequence[str]
    status: str
    low: datetime | None
    high: datetime | None
    updated_at: datetime
    body: str


class Documents:
    """The documents that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def version(self, person: UUID, kind: str, identity: str) -> int:
        """The present version, locked until the transaction ends; 0 when there is none that this context sees."""
        row: Any = self._connection.execute(
            "SELECT version FROM phr.resource WHERE person_id = %s AND type = %s AND id = %s FOR UPDATE",
            (person, kind, identity),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def put(self, document: Document) -> None:
        """Stores a version, which must follow the present one."""
        d = document
        done = self._connection.execute(
            f"INSERT INTO phr.resource ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (person_id, type, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,"
            " category = excluded.category, day = excluded.day, codes = excluded.codes, labels = excluded.labels,"
            " status = excluded.status, low = excluded.low, high = excluded.high, updated_at = excluded.updated_at,"
            " body = excluded.body WHERE resource.version = excluded.version - 1",
            (
                d.person_id,
                d.type,
                d.id,
                d.version,
                d.deleted,
                d.category,
                d.day,
                list(d.codes),
                list(d.labels),
                d.status,
                d.low,
                d.high,
                d.updated_at,
                d.body,
            ),
        )
        if done.rowcount != 1:
            raise Conflict(f"{d.type} was changed meanwhile")
        self._connection.execute(
            "INSERT INTO phr.resource_history (person_id, type, id, version, deleted, category, day, updated_at, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (d.person_id, d.type, d.id, d.version, d.deleted, d.category, d.day, d.updated_at, d.body),
        )

    def get(self, kind: str, identity: str) -> Document | None:
        """The present version."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM phr.resource WHERE type = %s AND id = %s", (kind, identity)
        ).fetchone()
        return None if row is None else Document(*row)

    def of_person(self, person: UUID, kind: str) -> list[Document]:
        """A person's documents of one type, newest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM phr.resource WHERE person_id = %s AND type = %s AND NOT deleted"
            " ORDER BY updated_at DESC, id",
            (person, kind),
        ).fetchall()
        return [Document(*row) for row in rows]

    def after(self, person: UUID, kind: str, identity: str, limit: int) -> list[tuple[str, str]]:
        """The next documents of a type after an id, with their JSON text."""
        rows = self._connection.execute(
            "SELECT id, body FROM phr.resource WHERE person_id = %s AND type = %s AND id > %s AND NOT deleted"
            " ORDER BY id LIMIT %s",
            (person, kind, identity, limit),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def history(self, kind: str, identity: str) -> list[tuple[int, bool, datetime, str]]:
        """Every version: number, deleted, when, body; newest first."""
        rows = self._connection.execute(
            "SELECT version, deleted, updated_at, body FROM phr.resource_history WHERE type = %s AND id = %s"
            " ORDER BY version DESC",
            (kind, identity),
        ).fetchall()
        return [(row[0], row[1], row[2], row[3]) for row in rows]
