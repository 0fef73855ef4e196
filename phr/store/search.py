"""One search over both forms of Observations: samples in day chunks and documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.samples import Columns
from phr.store import wire
from phr.store.codec import Packed, opened
from phr.store.documents import Document


@dataclass(frozen=True)
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
    samples: Packed
    device: str = ""
    phd: str = ""

    @cached_property
    def columns(self) -> Columns:
        """All samples; who needs some rows takes them from ``samples``."""
        return self.samples.take(slice(None))


_CHUNK = "SELECT q.person_id, q.code, q.day, q.source_id, q.category, q.version, q.updated_at, s.label, s.method, q.payload, s.device, s.phd"
_DOCUMENT = "SELECT person_id, type, id, version, deleted, category, day, codes, labels, status, low, high, updated_at"
_NO_TEXT = "''"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
        held = _Conditions()
        whose, which = held.among("c.person_id", people), held.among("c.code", codes)
        days = f"c.day BETWEEN {held.value(since)} AND {held.value(until)}"
        width = "".join(
            f" WHEN c.code = {held.value(code)} THEN {held.value(n)}" for code, n in split_width.items()
        )
        size = f"c.n * (CASE{width} ELSE 1 END)" if width else "c.n"
        order = "DESC" if descending else "ASC"
        asked = f"phr.vital_chunk c WHERE {whose} AND {which} AND {days}"
        if len(people) == len(codes) == 1:
            # A chunk of one code holds a sample at least, so no more of them than samples are needed: the key gives them
            # in this order, and consent is not asked for the years that lie behind.
            near = held.value(need)
            asked = f"(SELECT * FROM {asked} AND c.n > 0 ORDER BY c.day {order} FETCH FIRST ({near}) ROWS WITH TIES) c"
        rows = wire.rows(
            self._connection,
            f"{_CHUNK} FROM (SELECT c.*, sum({size}) OVER (ORDER BY c.day {order})"
            f" - sum({size}) OVER (PARTITION BY c.day) AS before FROM {asked}) q"
            " LEFT JOIN phr.vital_source s ON s.person_id = q.person_id AND s.source_id = q.source_id"
            f" WHERE q.before < {held.value(need)} ORDER BY q.day {order}".encode(),
            held.values,
        )
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
        self,
        people: Sequence[UUID] | None,
        kind: str,
        *,
        codes: Sequence[str] | None = None,
        since: int | None = None,
        until: int | None = None,
        bodies: bool = True,
        limit: int | None = None,
    ) -> list[Document]:
        """Documents of a type, of some people or of all whom this context sees; without bodies their text is left out.

        codes: one of which it must carry, whatever the system; since, until: microseconds that its time must touch
        (one without a time stays).
        """
        return self.documents_later(
            people, kind, codes=codes, since=since, until=until, bodies=bodies, limit=limit
        )()

    def documents_later(
        self,
        people: Sequence[UUID] | None,
        kind: str,
        *,
        codes: Sequence[str] | None = None,
        since: int | None = None,
        until: int | None = None,
        bodies: bool = True,
        limit: int | None = None,
    ) -> Callable[[], list[Document]]:
        """The same, asked with the next statement that is read: one way to the database for both."""
        held = _Conditions()
        asked = [f"type = {held.value(kind)}", "NOT deleted"]
        if people is not None:
            asked.append(held.among("person_id", people))
        if codes is not None:
            named = f"split_part(c, '|', 2) = ANY ({held.value(list(codes))}::text[])"
            asked.append(f"EXISTS (SELECT 1 FROM unnest(codes) c WHERE {named})")
        if since is not None:
            asked.append(f"(high IS NULL OR high >= {held.value(_moment(since))})")
        if until is not None:
            asked.append(f"(low IS NULL OR low <= {held.value(_moment(until))})")
        most = "" if limit is None else f" LIMIT {held.value(limit)}::bigint"
        rows = wire.later(
            self._connection,
            f"{_DOCUMENT}, {'body' if bodies else _NO_TEXT} FROM phr.resource"
            f" WHERE {' AND '.join(asked)}{most}".encode(),
            held.values,
        )
        return lambda: [Document(*row) for row in rows()]

    def of_record(
        self,
        person: UUID,
        kind: str,
        after: str,
        limit: int,
        within: tuple[int | None, int | None, int | None],
    ) -> list[tuple[str, str]]:
        """The next documents of a person and type after an id: id and text.

        within: microseconds that their time must touch, from and to (one without a time stays), and since when changed.
        """
        since, until, changed = (_moment(one) for one in within)
        rows = self._connection.execute(
            "SELECT id, body FROM phr.resource WHERE person_id = %s AND type = %s AND id > %s AND NOT deleted"
            " AND (%s::timestamptz IS NULL OR high > %s OR high IS NULL)"
            " AND (%s::timestamptz IS NULL OR low < %s OR low IS NULL)"
            " AND (%s::timestamptz IS NULL OR updated_at >= %s) ORDER BY id LIMIT %s",
            (person, kind, after, *_twice(since), *_twice(until), *_twice(changed), limit),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def bodies(self, kind: str, identities: Sequence[str]) -> dict[str, str]:
        """The text of documents, by id."""
        rows = self._connection.execute(
            "SELECT id, body FROM phr.resource WHERE type = %s AND id = ANY (%s)", (kind, list(identities))
        ).fetchall()
        return {row[0]: row[1] for row in rows}


class _Conditions:
    """The values of a statement in the order of their numbers."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def value(self, value: Any) -> str:
        """The place of a value."""
        self.values.append(value)
        return f"${len(self.values)}"

    def among(self, column: str, wanted: Sequence[Any]) -> str:
        """That a column is one of several; where it is one alone the server knows better how many rows there are."""
        if len(wanted) == 1:
            return f"{column} = {self.value(wanted[0])}"
        return f"{column} = ANY ({self.value(list(wanted))})"


def _twice(value: Any) -> tuple[Any, Any]:
    return value, value


def _moment(us: int | None) -> datetime | None:
    return None if us is None else _EPOCH + timedelta(microseconds=us)


def _found(row: TupleRow) -> FoundChunk:
    person, code, day, source, category, version, updated, label, method, payload, device, phd = row
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
        opened(payload),
        device or "",
        phd or "",
    )
