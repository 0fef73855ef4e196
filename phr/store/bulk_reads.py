"""What bulk exports read: the next people, chunks and documents after a place, each in one short statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.bulk.frames import Part
from phr.store.audit import NOBODY
from phr.store.codec import opened
from phr.store.search import FoundChunk

ChunkPlace = tuple[UUID, str, date, UUID]
"""Person, code, day and source: where a chunk stands in the order."""
BEGINNING: Final[ChunkPlace] = (NOBODY, "", date(1, 1, 1), NOBODY)
_CHUNK: Final = "q.person_id, q.code, q.day, q.source_id, q.category, q.version, q.updated_at"


@dataclass(frozen=True, slots=True)
class Since:
    """An instant after which changes are wanted. tracked: what the recipient holds is known, and the rest is new to them."""

    at: datetime
    tracked: bool
    recipient: str
    purpose: str


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document as it is given back."""

    person_id: UUID
    type: str
    id: str
    category: str
    day: date
    body: str


class BulkReads:
    """Reads in the context of whoever asked for the export."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def people(self, after: UUID, among: Sequence[UUID] | None, limit: int) -> dict[UUID, str]:
        """The next people whom the context may know, with their Patient ids."""
        rows = self._connection.execute(
            "SELECT person_id, patient_id FROM phr.person WHERE person_id > %s"
            " AND (%s::uuid[] IS NULL OR person_id = ANY (%s::uuid[])) ORDER BY person_id LIMIT %s",
            (after, among, among, limit),
        ).fetchall()
        return {row[0]: row[1] for row in rows}

    def chunks(
        self, people: Sequence[UUID], after: ChunkPlace, since: Since | None, samples: int, rows: int
    ) -> list[FoundChunk]:
        """The next chunks of these people, as many as hold so many samples, or as many rows."""
        where, values = _since(since, "Observation", "'code:' || q.code", "q.day")
        found = self._connection.execute(
            f"SELECT {_CHUNK}, s.label, s.method, q.payload, s.device, s.phd FROM ("
            " SELECT q.*, sum(q.n) OVER (ORDER BY q.person_id, q.code, q.day, q.source_id) - q.n AS before FROM ("
            f"  SELECT q.* FROM phr.vital_chunk q {where[0]} WHERE q.person_id = ANY (%s)"
            f"  AND (q.person_id, q.code, q.day, q.source_id) > (%s, %s, %s, %s) AND {where[1]}"
            "  ORDER BY q.person_id, q.code, q.day, q.source_id LIMIT %s) q) q"
            " LEFT JOIN phr.vital_source s ON s.person_id = q.person_id AND s.source_id = q.source_id"
            " WHERE q.before < %s ORDER BY q.person_id, q.code, q.day, q.source_id",
            (*values[0], list(people), *after, *values[1], rows, samples),
            binary=True,
        ).fetchall()
        return [_chunk(row) for row in found]

    def documents(
        self, people: Sequence[UUID], kind: str, after: tuple[UUID, str], since: Since | None, rows: int
    ) -> list[FoundDocument]:
        """The next documents of a type of these people."""
        where, values = _since(since, kind, "q.id", "NULL::date")
        found = self._connection.execute(
            "SELECT q.person_id, q.type, q.id, q.category, q.day, q.body FROM phr.resource q"
            f" {where[0]} WHERE q.person_id = ANY (%s) AND q.type = %s AND NOT q.deleted"
            f" AND (q.person_id, q.id) > (%s, %s) AND {where[1]} ORDER BY q.person_id, q.id LIMIT %s",
            (*values[0], list(people), kind, *after, *values[1], rows),
        ).fetchall()
        return [FoundDocument(*row) for row in found]

    def visible(self, parts: Sequence[Part]) -> list[bool]:
        """Which parts of a file this context may still see: those whose chunk or document is there and not deleted."""
        chunks = {(one.person, one.item, *one.place.split("/")) for one in parts if one.kind == "chunk"}
        documents = {(one.person, one.type, one.item) for one in parts if one.kind == "document"}
        seen: set[tuple[Any, ...]] = set()
        if chunks:
            rows = self._connection.execute(
                "SELECT q.person_id, q.code, q.day::text, q.source_id::text FROM phr.vital_chunk q"
                " JOIN unnest(%s::uuid[], %s::text[], %s::date[], %s::uuid[]) AS w (p, c, d, s)"
                " ON q.person_id = w.p AND q.code = w.c AND q.day = w.d AND q.source_id = w.s",
                _columns(chunks),
            ).fetchall()
            seen.update(rows)
        if documents:
            rows = self._connection.execute(
                "SELECT q.person_id, q.type, q.id FROM phr.resource q"
                " JOIN unnest(%s::uuid[], %s::text[], %s::text[]) AS w (p, t, i)"
                " ON q.person_id = w.p AND q.type = w.t AND q.id = w.i WHERE NOT q.deleted",
                _columns(documents),
            ).fetchall()
            seen.update(rows)
        return [one.kind == "free" or _key(one) in seen for one in parts]

    def days(
        self, people: Sequence[UUID], codes: Sequence[str]
    ) -> Mapping[tuple[UUID, str], tuple[date, date]]:
        """The first and last day of each person's samples of some codes."""
        rows = self._connection.execute(
            "SELECT person_id, code, min(day), max(day) FROM phr.vital_chunk WHERE person_id = ANY (%s)"
            " AND code = ANY (%s) AND n > 0 GROUP BY person_id, code",
            (list(people), list(codes)),
        ).fetchall()
        return {(row[0], row[1]): (row[2], row[3]) for row in rows}

    def alive(self, people: Sequence[UUID], kind: str, ids: Sequence[str]) -> set[tuple[UUID, str]]:
        """Which of these documents are there."""
        rows = self._connection.execute(
            "SELECT person_id, id FROM phr.resource WHERE person_id = ANY (%s) AND type = %s AND id = ANY (%s)"
            " AND NOT deleted",
            (list(people), kind, list(ids)),
        ).fetchall()
        return {(row[0], row[1]) for row in rows}


def _chunk(row: TupleRow) -> FoundChunk:
    person, code, day, source, category, version, updated, label, method, payload, device, phd = row
    of = (label or "", method or "unknown", opened(payload), device or "", phd or "")
    return FoundChunk(person, code, day, source, category, version, updated, *of)


def _key(part: Part) -> tuple[Any, ...]:
    if part.kind == "chunk":
        return (part.person, part.item, *part.place.split("/"))
    return (part.person, part.type, part.item)


def _columns(keys: set[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*sorted(keys), strict=True)]


def _since(
    since: Since | None, kind: str, item: str, day: str
) -> tuple[tuple[str, str], tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """A join and a condition for what changed after an instant, or is new to the recipient; their values."""
    if since is None:
        return ("", "true"), ((), ())
    if not since.tracked:
        return ("", "q.updated_at > %s"), ((), (since.at,))
    join = (
        "LEFT JOIN phr.bulk_given g ON g.person_id = q.person_id AND g.recipient = %s AND g.purpose = %s"
        f" AND g.type = %s AND g.item = {item}"
    )
    new = f"g.person_id IS NULL OR g.at > %s OR g.gone_at IS NOT NULL OR {day} < g.first_day OR {day} > g.last_day"
    condition = f"(q.updated_at > %s OR {new})"
    return (join, condition), ((since.recipient, since.purpose, kind), (since.at, since.at))
