"""One search over both forms of Observations: samples in day chunks and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.samples import Columns
from phr.store.codec import decode
from phr.store.documents import Document


@dataclass(frozen=True, slots=True)
class FoundChunk:
    """A day chunk that a search read, with what is needed to render its samples."""

    person_id: UUID
    code: str
    day: date
    source_id: UUID
    category: str
    version: int
    updated_at: datetime
    label: str
    method: str
    columns: Columns


_CHUNK = "SELECT q.person_id, q.code, q.day, q.source_id, q.category, q.version, q.updated_at, s.label, s.method, q.payload"
_DOCUMENT = "SELECT person_id, type, id, version, deleted, category, day, codes, labels, status, low, high, updated_at, body"


class Search:
    """Reads for searches, each one short statement, so that a withdrawal counts from the next page on."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def chunks(
        self,
        people: Sequence[UUID],
        codes: Sequence[str],
        since: date,
        until: date,
        *,
        descending: bool,
        need: int,
        split_width: Mapping[str, int],
    ) -> list[FoundChunk]:
        """Whole days in order until they hold at least ``need`` samples, or all of them.

        split_width: how many Observations one row of a code may give, where that is more than one.
        """
        order = "DESC" if descending else "ASC"
        width = " ".join("WHEN c.code = %s THEN %s" for _ in split_width)
        size = f"c.n * (CASE {width} ELSE 1 END)" if split_width else "c.n"
        rows = self._connection.execute(
            f"{_CHUNK} FROM (SELECT c.*, sum({size}) OVER (ORDER BY c.day {order})"
            f" - sum({size}) OVER (PARTITION BY c.day) AS before FROM phr.vital_chunk c"
            " WHERE c.person_id = ANY (%s) AND c.code = ANY (%s) AND c.day BETWEEN %s AND %s) q"
            " LEFT JOIN phr.vital_source s ON s.person_id = q.person_id AND s.source_id = q.source_id"
            f" WHERE q.before < %s ORDER BY q.day {order}",
            (
                *(part for pair in split_width.items() for part in pair),
                *(part for pair in split_width.items() for part in pair),
                list(people),
                list(codes),
                since,
                until,
                need,
            ),
            binary=True,
        ).fetchall()
        return [_found(row) for row in rows]

    def chunk(self, person: UUID, code: str, day: date, source_head: bytes) -> FoundChunk | None:
        """The chunk behind one derived Observation."""
        rows = self._connection.execute(
            f"{_CHUNK} FROM phr.vital_chunk q"
            " LEFT JOIN phr.vital_source s ON s.person_id = q.person_id AND s.source_id = q.source_id"
            " WHERE q.person_id = %s AND q.code = %s AND q.day = %s",
            (person, code, day),
            binary=True,
        ).fetchall()
        for row in rows:
            if row[3].bytes[:8] == source_head:
                return _found(row)
        return None

    def documents(
        self, people: Sequence[UUID], kind: str, codes: Sequence[str] | None, labels: Sequence[str] | None
    ) -> list[Document]:
        """The people's documents of a type that carry any of the codes and any of the labels."""
        rows = self._connection.execute(
            f"{_DOCUMENT} FROM phr.resource WHERE person_id = ANY (%s) AND type = %s AND NOT deleted"
            " AND (%s::text[] IS NULL OR codes && %s::text[]) AND (%s::text[] IS NULL OR labels && %s::text[])",
            (list(people), kind, codes, codes, labels, labels),
            binary=True,
        ).fetchall()
        return [Document(*row) for row in rows]


def _found(row: TupleRow) -> FoundChunk:
    person, code, day, source, category, version, updated, label, method, payload = row
    return FoundChunk(
        person,
        code,
        day,
        source,
        category,
        version,
        updated,
        label or "",
        method or "unknown",
        decode(payload),
    )
