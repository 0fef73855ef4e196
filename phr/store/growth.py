"""Growth for its benchmark: many days made of few, what tables weigh, and what vacuum does; as database administrator."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from phr.store.codec import moved
from phr.store.engine import Connect

_DAY_US: Final = 86_400_000_000
_WHOLE: Final = 3  # days of which a model has at least so many
_ROWS: Final = 20_000  # chunks in one transaction of the filler
_SYNCED: Final = timedelta(hours=30)  # when a day's last delivery came, counted from its beginning
TABLES: Final = ("vital_chunk", "vital_day", "vital_source")
"""The tables whose rows grow with samples."""
_WEIGHED: Final = (*TABLES, "audit_event")
_DATED: Final = ("vital_chunk", "vital_day")
_CHUNK: Final = (
    "person_id, code, day, source_id, category, n, first_at, last_at, version, updated_at, payload"
)
_CHUNK_TYPES: Final = (
    "uuid", "text", "date", "uuid", "text", "int4", "timestamptz", "timestamptz", "int4", "timestamptz", "bytea",
)  # fmt: skip
_DAY: Final = (
    "person_id, code, day, source_id, channel, category, n, minimum, maximum, mean, total, q05, q25, q50, q75, q95,"
    " worn_minutes"
)
_DAY_TYPES: Final = (
    "uuid", "text", "date", "uuid", "text", "text", "int4", *["float8"] * 9, "int4",
)  # fmt: skip
_PLAIN: Final = (
    "CREATE TABLE IF NOT EXISTS public.plain_grown (person uuid, code text, at timestamptz, value float8, source text,"
    " PRIMARY KEY (person, code, at, source))"
)
_A_PERSON: Final = 200_000  # plain rows of one person
_KEEPER: Final = "SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(%s::bigint), 12, '0'))::uuid"


@dataclass(frozen=True, slots=True)
class Model:
    """The days of one person that others are made of: rows of chunks and of summaries, by civil day."""

    person: UUID
    sources: list[TupleRow]
    days: Sequence[date]
    chunks: dict[date, list[TupleRow]]
    summaries: dict[date, list[TupleRow]]

    def samples(self, day: date) -> int:
        """How many samples a civil day of somebody like this one holds."""
        return sum(int(row[5]) for row in self.chunks[self._like(day)])

    def _like(self, day: date) -> date:
        return self.days[day.toordinal() % len(self.days)]

    def rows(self, person: UUID, day: date) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Chunks and summaries of another person's civil day."""
        like = self._like(day)
        by = day - like
        us = by.days * _DAY_US
        synced = datetime(day.year, day.month, day.day, tzinfo=UTC) + _SYNCED
        chunks = [
            (person, row[1], day, *row[3:6], row[6] + by, row[7] + by, 1, synced, moved(row[10], us))
            for row in self.chunks[like]
        ]
        return chunks, [(person, row[1], day, *row[3:]) for row in self.summaries[like]]


@dataclass(frozen=True, slots=True)
class Plain:
    """The times of SELECTs of so many rows from a plain table, of how many rows, and what it weighs."""

    rows: int
    size: int
    seconds: list[float]


class Growth:
    """Fills and measures one installation."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def models(self, people: Iterable[UUID]) -> list[Model]:
        """What is stored of these people, each as a model of others; those with less than three whole days are left out.

        The first and the last day are cut by the window of the delivery, so they stand for nobody's.
        """
        found = []
        with self._connect() as connection:
            for person in people:
                chunks = _by_day(connection, f"SELECT {_CHUNK} FROM phr.vital_chunk", person)
                rows = _by_day(connection, f"SELECT {_DAY} FROM phr.vital_day", person)
                sources = connection.execute(
                    "SELECT person_id, source_id, key, label, platform, device, method FROM phr.vital_source"
                    " WHERE person_id = %s",
                    (person,),
                ).fetchall()
                days = sorted(chunks)[1:-1]
                if len(days) >= _WHOLE:
                    found.append(Model(person, sources, days, chunks, rows))
        return found

    def settle(self, model: Model, person: UUID) -> None:
        """Gives a person the devices of a model."""
        with self._connect() as connection:
            connection.cursor().executemany(
                "INSERT INTO phr.vital_source VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(person, *row[1:]) for row in model.sources],
            )

    def fill(self, plan: Iterable[tuple[Model, UUID, date]]) -> tuple[int, int]:
        """Stores days in the order of the plan, as COPY takes them: how many chunks and how many samples."""
        stored, samples = 0, 0
        with self._connect() as connection:
            for chunks, summaries in _blocks(plan):
                _copy(connection, "vital_chunk", _CHUNK, _CHUNK_TYPES, chunks)
                _copy(connection, "vital_day", _DAY, _DAY_TYPES, summaries)
                connection.commit()
                stored += len(chunks)
                samples += sum(row[5] for row in chunks)
        return stored, samples

    def weights(self) -> dict[str, dict[str, int]]:
        """Of each table: rows (estimated), dead ones, and the bytes of heap, TOAST and each index."""
        found: dict[str, dict[str, int]] = {}
        with self._connect() as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
            for name in _WEIGHED:
                row: Any = connection.execute(
                    "SELECT c.reltuples::bigint, s.n_dead_tup, s.n_tup_upd, s.n_tup_hot_upd, pg_relation_size(c.oid),"
                    " coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0), pg_total_relation_size(c.oid)"
                    " FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.oid = %s::regclass",
                    (f"phr.{name}",),
                ).fetchone()
                names = ("rows", "dead", "updated", "updated_in_page", "heap", "toast", "total")
                found[name] = dict(zip(names, map(int, row), strict=True))
                indexes = connection.execute(
                    "SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) FROM pg_index i"
                    " WHERE i.indrelid = %s::regclass ORDER BY 1",
                    (f"phr.{name}",),
                ).fetchall()
                found[name] |= {f"index {one.removeprefix('phr.')}": int(size) for one, size in indexes}
            payload = "SELECT coalesce(sum(octet_length(payload)), 0)::bigint FROM phr.vital_chunk"
            found["vital_chunk"]["payload"] = int(_one(connection, payload))
        return found

    def vacuum(self) -> float:
        """Seconds that VACUUM (ANALYZE) of the tables of samples takes."""
        connection = self._connect()
        try:
            connection.autocommit = True
            began = time.perf_counter()
            for name in _WEIGHED:
                connection.execute(sql.SQL("VACUUM (ANALYZE) phr.{}").format(sql.Identifier(name)))
            return time.perf_counter() - began
        finally:
            connection.close()

    def wave(self, people: Sequence[UUID], since: date) -> tuple[int, float]:
        """Stores the days of people since one again, as a cloud that is read again does: rows, and seconds."""
        began = time.perf_counter()
        with self._connect() as connection:
            done = connection.execute(
                "UPDATE phr.vital_chunk SET version = version + 1, updated_at = now(), payload = payload || ''::bytea"
                " WHERE person_id = ANY (%s) AND day >= %s",
                (list(people), since),
            ).rowcount
            done += connection.execute(
                "UPDATE phr.vital_day SET n = n, mean = mean WHERE person_id = ANY (%s) AND day >= %s",
                (list(people), since),
            ).rowcount
        return done, time.perf_counter() - began

    def aside(self, people: Sequence[UUID], before: date) -> int:
        """Copies the rows of people before a day into tables of the benchmark's own, to be put back: how many."""
        copied = 0
        with self._connect() as connection:
            for name in _DATED:
                connection.execute(f"CREATE TABLE public.aside_{name} (LIKE phr.{name})")
                copied += connection.execute(
                    f"INSERT INTO public.aside_{name} SELECT * FROM phr.{name} WHERE person_id = ANY (%s) AND day < %s",
                    (list(people), before),
                ).rowcount
        return copied

    def put_back(self) -> None:
        """Stores those rows again."""
        with self._connect() as connection:
            for name in _DATED:
                connection.execute(f"INSERT INTO phr.{name} SELECT * FROM public.aside_{name}")
                connection.execute(f"DROP TABLE public.aside_{name}")

    def checkpoint(self) -> None:
        """Brings everything to the disk, so that what follows does not pay for what went before."""
        with self._connect() as connection:
            connection.execute("CHECKPOINT")

    def version(self) -> dict[str, str]:
        """The server's version and the settings on which the figures hang."""
        names = ("server_version", "shared_buffers", "effective_cache_size", "work_mem", "random_page_cost")
        with self._connect() as connection:
            return {name: str(_one(connection, "SELECT current_setting(%s)", name)) for name in names}

    def plain(self, rows: int, hits: int, repeats: int) -> Plain:
        """A plain table filled up to so many rows, and SELECTs of some newest rows of somebody before a moment."""
        with self._connect() as connection:
            connection.execute(_PLAIN)
            held = int(_one(connection, "SELECT count(*) FROM public.plain_grown"))
            connection.execute(
                f"INSERT INTO public.plain_grown SELECT ({_KEEPER.replace('%s', 'g / %s')}), '8867-4',"
                " '2026-01-01'::timestamptz + (g %% %s) * interval '5 s', 60 + g %% 40, 'watch'"
                " FROM generate_series(%s::bigint, %s::bigint - 1) g",
                (_A_PERSON, _A_PERSON, held, rows),
            )
            connection.execute("ANALYZE public.plain_grown")
            connection.commit()
            size = int(_one(connection, "SELECT pg_total_relation_size('public.plain_grown')"))
            seconds = [
                _selected(connection, turn * 7919 % max(1, rows // _A_PERSON), hits)
                for turn in range(repeats)
            ]
        return Plain(rows, size, seconds)

    def without_plain(self) -> None:
        """Takes the plain table away."""
        with self._connect() as connection:
            connection.execute("DROP TABLE IF EXISTS public.plain_grown")


def _by_day(connection: psycopg.Connection[TupleRow], query: str, person: UUID) -> dict[date, list[TupleRow]]:
    found: dict[date, list[TupleRow]] = {}
    for row in connection.execute(f"{query} WHERE person_id = %s ORDER BY day, code", (person,), binary=True):
        found.setdefault(row[2], []).append(row)
    return found


def _blocks(
    plan: Iterable[tuple[Model, UUID, date]],
) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    chunks: list[tuple[Any, ...]] = []
    summaries: list[tuple[Any, ...]] = []
    for model, person, day in plan:
        more, days = model.rows(person, day)
        chunks += more
        summaries += days
        if len(chunks) >= _ROWS:
            yield chunks, summaries
            chunks, summaries = [], []
    if chunks:
        yield chunks, summaries


def _copy(
    connection: psycopg.Connection[TupleRow],
    table: str,
    columns: str,
    types: Sequence[str],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    with connection.cursor().copy(f"COPY phr.{table} ({columns}) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)


def _one(connection: psycopg.Connection[TupleRow], query: str, *values: Any) -> Any:
    row: Any = connection.execute(query, values).fetchone()
    return row[0]


def _selected(connection: psycopg.Connection[TupleRow], number: int, hits: int) -> float:
    person = _one(connection, _KEEPER, number)
    began = time.perf_counter()
    connection.execute(
        "SELECT * FROM public.plain_grown WHERE person = %s AND code = '8867-4' AND at < '2026-01-07' ORDER BY at DESC LIMIT %s",
        (person, hits),
    ).fetchall()
    return time.perf_counter() - began
