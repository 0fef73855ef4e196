"""Reads and writes for blocks of people at once: what the nightly assessment asks, in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from phr.domain.day_table import DayColumns
from phr.errors import Conflict
from phr.store.codec import decode
from phr.store.documents import Document
from phr.store.subscriptions import note_versions
from phr.store.vitals import Chunk, Slot

_DOCUMENT: Final = (
    "person_id, type, id, version, deleted, category, day, codes, labels, status, low, high, updated_at, body"
)


_ROWS: Final = 200  # of one statement


class Blocks:
    """The data of many people that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def summaries(
        self, people: Sequence[UUID], codes: Sequence[str], since: dict[str, date], until: date
    ) -> tuple[DayColumns, list[UUID]]:
        """Day summaries of the channel ``value`` as columns, and the sources that their numbers name.

        since: for each code the first day; person and code are numbers of places in the lists given.
        """
        rows = self._connection.execute(
            "SELECT d.person_id, d.code, d.source_id, array_agg(d.day - DATE '1970-01-01'), array_agg(d.n),"
            " array_agg(d.mean), array_agg(d.total), array_agg(d.worn_minutes) FROM phr.vital_day d"
            " JOIN unnest(%s::text[], %s::date[]) AS w (code, since) ON w.code = d.code AND d.day >= w.since"
            " WHERE d.person_id = ANY (%s) AND d.code = ANY (%s) AND d.day BETWEEN %s AND %s AND d.channel = 'value'"
            " GROUP BY d.person_id, d.code, d.source_id",
            (
                list(codes),
                [since[code] for code in codes],
                list(people),
                list(codes),
                min(since.values()),
                until,
            ),
            binary=True,
        ).fetchall()
        return _columns(rows, people, codes)

    def counted_days(
        self, people: Sequence[UUID], code: str, since: date, until: date
    ) -> dict[UUID, tuple[int, int]]:
        """On how many days each of these people has samples of a code, and how many samples. Both ends included."""
        rows = self._connection.execute(
            "SELECT person_id, count(DISTINCT day), sum(n)::bigint FROM phr.vital_chunk WHERE person_id = ANY (%s)"
            " AND code = %s AND day BETWEEN %s AND %s GROUP BY person_id",
            (list(people), code, since, until),
        ).fetchall()
        return {row[0]: (int(row[1]), int(row[2])) for row in rows}

    def chunks(
        self, people: Sequence[UUID], code: str, since: date, until: date
    ) -> dict[UUID, list[tuple[Chunk, str, str]]]:
        """Whole days of samples of each of these people, oldest first, with the key and method of their source."""
        rows = self._connection.execute(
            "SELECT c.person_id, c.code, c.day, c.source_id, c.category, c.version, c.updated_at, c.payload,"
            " coalesce(s.key, ''), coalesce(s.method, '') FROM phr.vital_chunk c LEFT JOIN phr.vital_source s"
            " ON s.person_id = c.person_id AND s.source_id = c.source_id"
            " WHERE c.person_id = ANY (%s) AND c.code = %s AND c.day BETWEEN %s AND %s"
            " ORDER BY c.person_id, c.day, c.source_id",
            (list(people), code, since, until),
            binary=True,
        ).fetchall()
        found: dict[UUID, list[tuple[Chunk, str, str]]] = defaultdict(list)
        for row in rows:
            chunk = Chunk(row[0], Slot(row[1], row[2], row[3]), row[4], row[5], row[6], decode(row[7]))
            found[row[0]].append((chunk, row[8], row[9]))
        return dict(found)

    def documents(self, people: Sequence[UUID], kind: str) -> dict[UUID, list[Document]]:
        """The present documents of one type of each of these people, newest day first."""
        rows = self._connection.execute(
            f"SELECT {_DOCUMENT} FROM phr.resource WHERE person_id = ANY (%s) AND type = %s AND NOT deleted"
            " ORDER BY person_id, day DESC, updated_at DESC, id",
            (list(people), kind),
        ).fetchall()
        found: dict[UUID, list[Document]] = defaultdict(list)
        for row in rows:
            found[row[0]].append(Document(*row))
        return dict(found)

    def lock(self, people: Sequence[UUID]) -> None:
        """Waits, one after the other in a fixed order, until nobody else writes these people's data."""
        self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(person, 0)) FROM"
            " (SELECT unnest(%s::text[]) AS person ORDER BY 1) AS each",
            (sorted(str(person) for person in people),),
        )

    def put(self, documents: Sequence[Document]) -> None:
        """Stores versions, each of which must follow the present one."""
        for at in range(0, len(documents), _ROWS):
            part = documents[at : at + _ROWS]
            done = self._connection.execute(
                f"INSERT INTO phr.resource ({_DOCUMENT}) VALUES {_values(len(part), 14)}"
                " ON CONFLICT (person_id, type, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,"
                " category = excluded.category, day = excluded.day, codes = excluded.codes, labels = excluded.labels,"
                " status = excluded.status, low = excluded.low, high = excluded.high, updated_at = excluded.updated_at,"
                " body = excluded.body WHERE resource.version = excluded.version - 1",
                [cell for one in part for cell in _cells(one)],
            )
            if done.rowcount != len(part):
                raise Conflict("a result was changed meanwhile")
            self._connection.execute(
                "INSERT INTO phr.resource_history (person_id, type, id, version, deleted, category, day, updated_at,"
                f" body) VALUES {_values(len(part), 9)}",
                [
                    cell
                    for d in part
                    for cell in (
                        d.person_id,
                        d.type,
                        d.id,
                        d.version,
                        d.deleted,
                        d.category,
                        d.day,
                        d.updated_at,
                        d.body,
                    )
                ],
            )
            note_versions(
                self._connection,
                [(d.person_id, d.type, d.id, d.codes, d.labels) for d in part],
                part[0].updated_at,
            )

    def cancel(self, document: Document, body: str, now: datetime) -> None:
        """Puts a version without values in place of a result; the text must say that it is cancelled."""
        d = replace(document, version=document.version + 1, status="cancelled", updated_at=now, body=body)
        self._connection.execute(
            "UPDATE phr.resource SET version = %s, status = 'cancelled', codes = '{}', labels = '{}', updated_at = %s,"
            " body = %s WHERE person_id = %s AND type = %s AND id = %s",
            (d.version, now, body, d.person_id, d.type, d.id),
        )
        self._connection.execute(
            "INSERT INTO phr.resource_history (person_id, type, id, version, deleted, category, day, updated_at, body)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (d.person_id, d.type, d.id, d.version, d.deleted, d.category, d.day, now, body),
        )


def _cells(d: Document) -> tuple[Any, ...]:
    where = (d.person_id, d.type, d.id, d.version, d.deleted, d.category, d.day)
    return (*where, list(d.codes), list(d.labels), d.status, d.low, d.high, d.updated_at, d.body)


def _values(count: int, width: int) -> str:
    """Placeholders of a multi-row VALUES list, which distributed tables take."""
    return ", ".join(["(" + ", ".join(["%s"] * width) + ")"] * count)


def _columns(
    rows: Sequence[TupleRow], people: Sequence[UUID], codes: Sequence[str]
) -> tuple[DayColumns, list[UUID]]:
    places = {person: place for place, person in enumerate(people)}
    sources: dict[UUID, int] = {}
    lengths = np.array([len(row[3]) for row in rows], np.int64)

    def repeated(numbers: list[int]) -> Any:
        return np.repeat(np.array(numbers, np.int64), lengths)

    def joined(at: int, kind: Any) -> Any:
        return np.array([value for row in rows for value in row[at]], kind)

    for row in rows:
        sources.setdefault(row[2], len(sources))
    found = DayColumns(
        person=repeated([places[row[0]] for row in rows]),
        code=repeated([codes.index(row[1]) for row in rows]),
        source=repeated([sources[row[2]] for row in rows]),
        day=joined(3, np.int64),
        n=joined(4, np.int64),
        mean=joined(5, np.float64),
        total=joined(6, np.float64),
        worn=joined(7, np.int64),
    )
    return found, list(sources)
