"""Day chunks, day summaries, conflicts and quarantine: the bulk path, in few statements over many rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.samples import Columns, Summary
from phr.store import wire
from phr.store.codec import decode, encode, may_hold

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Connection = psycopg.Connection[TupleRow]


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a chunk lives, for one person."""

    code: str
    day: date
    source_id: UUID


WRITTEN: Final = frozenset({"manual", "paper", "proxy"})
"""How the key of a source begins whose values a person wrote down, at a screen or on paper."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A device or account of one person."""

    source_id: UUID
    key: str
    label: str
    platform: str
    device: str
    method: str
    phd: str = ""

    @property
    def shown(self) -> str:
        """What a person calls it: ``manual``, ``paper`` or ``proxy`` for what was written down, else the device's own name."""
        written = self.key.partition("|")[0]
        return written if written in WRITTEN else self.label


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stored day of one code from one source."""

    person_id: UUID
    slot: Slot
    category: str
    version: int
    updated_at: datetime
    columns: Columns


@dataclass(frozen=True, slots=True)
class Write:
    """A day to be stored: its place, its consent category, its samples, its summaries and its version."""

    slot: Slot
    category: str
    version: int
    columns: Columns
    summaries: Sequence[Summary]


@dataclass(frozen=True, slots=True)
class DayRow:
    """A summary as charts, rules and exports read it."""

    person_id: UUID
    code: str
    day: date
    source_id: UUID
    channel: str
    summary: Summary


class Vitals:
    """The measurements that the transaction's context may reach."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, person: UUID) -> None:
        """Waits until no other transaction writes this person's measurements."""
        wire.lock(self._connection, str(person))

    def load(self, person: UUID, slots: Iterable[Slot]) -> dict[Slot, Chunk]:
        """The chunks that exist at these places and that the context may see."""
        wanted = list(slots)
        rows = self._connection.execute(
            "SELECT c.code, c.day, c.source_id, c.category, c.version, c.updated_at, c.payload FROM phr.vital_chunk c"
            " WHERE c.person_id = %s AND c.code = ANY (%s) AND c.day = ANY (%s) AND c.source_id = ANY (%s)",
            (
                person,
                *(
                    list(set(part))
                    for part in zip(*((s.code, s.day, s.source_id) for s in wanted), strict=True)
                ),
            ),
            binary=True,
        ).fetchall()
        found = {
            Slot(row[0], row[1], row[2]): Chunk(
                person, Slot(row[0], row[1], row[2]), row[3], row[4], row[5], decode(row[6])
            )
            for row in rows
        }
        return {slot: found[slot] for slot in wanted if slot in found}

    def put_sources(self, person: UUID, sources: Sequence[SourceRow]) -> None:
        """Remembers sources; known ones stay as they are."""
        rows = [(person, s.source_id, s.key, s.label, s.platform, s.device, s.method, s.phd) for s in sources]
        self._connection.execute(
            f"INSERT INTO phr.vital_source VALUES {_rows(len(rows), 8)} ON CONFLICT DO NOTHING",
            [cell for row in rows for cell in row],
            binary=True,
        )

    def sources(self, person: UUID) -> dict[UUID, SourceRow]:
        """The sources of a person."""
        rows = self._connection.execute(
            "SELECT source_id, key, label, platform, device, method, phd FROM phr.vital_source WHERE person_id = %s",
            (person,),
        ).fetchall()
        return {row[0]: SourceRow(*row) for row in rows}

    def save(self, person: UUID, writes: Sequence[Write], now: datetime) -> None:
        """Stores days with their summaries, each new or in place of its earlier version."""
        if not writes:
            return
        with self._connection.cursor() as cursor:
            _chunks(cursor, person, writes, now)
            _summaries(cursor, person, writes)

    def keep_conflicts(
        self, person: UUID, slot: Slot, category: str, rows: Sequence[tuple[int, str, str]]
    ) -> None:
        """Keeps values that lost against another of the same identity: start, fingerprint, sample as JSON."""
        self._connection.cursor().executemany(
            "INSERT INTO phr.vital_conflict (person_id, code, day, source_id, start_us, fingerprint, category, sample)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (person, slot.code, slot.day, slot.source_id, at, mark, category, text)
                for at, mark, text in rows
            ],
        )

    def days(
        self, person: UUID, codes: Sequence[str], since: date, until: date, channel: str | None = None
    ) -> list[DayRow]:
        """Summaries of a person's days, oldest first. since and until are both included."""
        rows = self._connection.execute(
            "SELECT person_id, code, day, source_id, channel, n, minimum, maximum, mean, total, q05, q25, q50, q75,"
            " q95, worn_minutes FROM phr.vital_day WHERE person_id = %s AND code = ANY (%s) AND day BETWEEN %s AND %s"
            " AND (%s::text IS NULL OR channel = %s) ORDER BY day, code, source_id, channel",
            (person, list(codes), since, until, channel, channel),
            binary=True,
        ).fetchall()
        return [_day_row(row) for row in rows]

    def chunks(self, person: UUID, codes: Sequence[str], since: date, until: date) -> list[Chunk]:
        """Whole days of samples, oldest first. since and until are both included."""
        rows = self._connection.execute(
            "SELECT code, day, source_id, category, version, updated_at, payload FROM phr.vital_chunk"
            " WHERE person_id = %s AND code = ANY (%s) AND day BETWEEN %s AND %s ORDER BY day, code, source_id",
            (person, list(codes), since, until),
            binary=True,
        ).fetchall()
        return [
            Chunk(person, Slot(row[0], row[1], row[2]), row[3], row[4], row[5], decode(row[6]))
            for row in rows
        ]

    def newest(
        self, people: Sequence[UUID], code: str, since: date, until: date, *, holding: Collection[str] = ()
    ) -> dict[UUID, Chunk]:
        """The newest day of a code of each of many people, in one statement.

        holding: only days that have one of these channels; the others are not even decoded.
        """
        rows = self._connection.execute(
            "SELECT DISTINCT ON (person_id) person_id, code, day, source_id, category, version, updated_at, payload"
            " FROM phr.vital_chunk WHERE person_id = ANY (%s) AND code = %s AND day BETWEEN %s AND %s"
            " ORDER BY person_id, day DESC, source_id",
            (list(people), code, since, until),
            binary=True,
        ).fetchall()
        return {
            row[0]: Chunk(row[0], Slot(row[1], row[2], row[3]), row[4], row[5], row[6], decode(row[7]))
            for row in rows
            if not holding or may_hold(row[7], holding)
        }

    def chunk_days(self, person: UUID, code: str, since: date, until: date) -> list[date]:
        """The days that hold samples of a code."""
        rows = self._connection.execute(
            "SELECT DISTINCT day FROM phr.vital_chunk WHERE person_id = %s AND code = %s AND day BETWEEN %s AND %s",
            (person, code, since, until),
        ).fetchall()
        return [row[0] for row in rows]

    def held(self, person: UUID, codes: Collection[str]) -> set[str]:
        """Those of the codes of which this context sees anything: one look for each, however many days there are."""
        rows = self._connection.execute(
            "SELECT k.code FROM unnest(%s::text[]) k (code), LATERAL (SELECT 1 FROM phr.vital_chunk c"
            " WHERE c.person_id = %s AND c.code = k.code LIMIT 1) c",
            (sorted(codes), person),
        ).fetchall()
        return {row[0] for row in rows}

    def sizes(self, person: UUID) -> dict[str, int]:
        """How many samples of each code this context sees."""
        rows = self._connection.execute(
            "SELECT code, sum(n)::bigint FROM phr.vital_chunk WHERE person_id = %s GROUP BY code ORDER BY code",
            (person,),
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def release_days(
        self, codes: Sequence[str], since: date, until: date, after: UUID, people: int
    ) -> list[DayRow]:
        """Summaries of the next people after one, in the order of their ids: a short statement for exports."""
        rows = self._connection.execute(
            "WITH who AS (SELECT DISTINCT person_id FROM phr.vital_day WHERE person_id > %s AND code = ANY (%s)"
            " AND day BETWEEN %s AND %s ORDER BY person_id LIMIT %s)"
            " SELECT d.person_id, d.code, d.day, d.source_id, d.channel, d.n, d.minimum, d.maximum, d.mean, d.total,"
            " d.q05, d.q25, d.q50, d.q75, d.q95, d.worn_minutes FROM phr.vital_day d JOIN who USING (person_id)"
            " WHERE d.code = ANY (%s) AND d.day BETWEEN %s AND %s ORDER BY d.person_id, d.day, d.code",
            (after, list(codes), since, until, people, list(codes), since, until),
            binary=True,
        ).fetchall()
        return [_day_row(row) for row in rows]


def _day_row(row: TupleRow) -> DayRow:
    person, code, day, source, channel, n, low, high, mean, total, *rest = row
    summary = Summary(channel, n, low, high, mean, total, tuple(rest[:5]), rest[5])
    return DayRow(person, code, day, source, channel, summary)


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=int(us))


def _chunks(cursor: psycopg.Cursor[TupleRow], person: UUID, writes: Sequence[Write], now: datetime) -> None:
    values: list[Any] = []
    for write in writes:
        columns = write.columns
        ends = columns.start if columns.duration is None else columns.start + columns.duration
        values.append(
            (
                person,
                write.slot.code,
                write.slot.day,
                write.slot.source_id,
                write.category,
                len(columns),
                _moment(int(columns.start[0])),
                _moment(int(ends.max())),
                write.version,
                now,
                encode(columns),
            )
        )
    cursor.execute(
        "INSERT INTO phr.vital_chunk (person_id, code, day, source_id, category, n, first_at, last_at, version,"
        f" updated_at, payload) VALUES {_rows(len(values), 11)}"
        " ON CONFLICT (person_id, code, day, source_id) DO UPDATE SET n = excluded.n, first_at = excluded.first_at,"
        " last_at = excluded.last_at, version = excluded.version, updated_at = excluded.updated_at,"
        " payload = excluded.payload",
        [cell for row in values for cell in row],
        binary=True,
    )


def _summaries(cursor: psycopg.Cursor[TupleRow], person: UUID, writes: Sequence[Write]) -> None:
    values = [
        (
            person,
            write.slot.code,
            write.slot.day,
            write.slot.source_id,
            s.channel,
            write.category,
            s.n,
            s.minimum,
            s.maximum,
            s.mean,
            s.total,
            *s.quantiles,
            s.worn_minutes,
        )
        for write in writes
        for s in write.summaries
    ]
    for at in range(0, len(values), 2000):
        part = values[at : at + 2000]
        cursor.execute(
            "INSERT INTO phr.vital_day (person_id, code, day, source_id, channel, category, n, minimum, maximum, mean,"
            f" total, q05, q25, q50, q75, q95, worn_minutes) VALUES {_rows(len(part), 17)}"
            " ON CONFLICT (person_id, code, day, source_id, channel) DO UPDATE SET n = excluded.n,"
            " minimum = excluded.minimum, maximum = excluded.maximum, mean = excluded.mean, total = excluded.total,"
            " q05 = excluded.q05, q25 = excluded.q25, q50 = excluded.q50, q75 = excluded.q75, q95 = excluded.q95,"
            " worn_minutes = excluded.worn_minutes",
            [cell for row in part for cell in row],
            binary=True,
        )


def _rows(count: int, width: int) -> str:
    """Placeholders of a multi-row VALUES list; COPY and INSERT ... SELECT are refused on distributed tables."""
    one = "(" + ", ".join(["%b"] * width) + ")"
    return ", ".join([one] * count)
