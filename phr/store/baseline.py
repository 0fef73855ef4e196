"""The plain table that benchmarks compare with: one row a sample, no consent, no summaries, no audit."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from phr.store.engine import Connect

_TABLE: Final = (
    "CREATE TABLE public.plain_sample (person uuid, code text, at timestamptz, value float8, source text,"
    " PRIMARY KEY (person, code, at, source))"
)


class Baseline:
    """Writes and reads plain rows as database administrator."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def know_sizes(self) -> None:
        """Tells the planner how much there is now, as autovacuum would within minutes."""
        with self._connect() as connection:
            connection.autocommit = True
            connection.execute("ANALYZE")

    def copy(self, seconds: Any, values: Any) -> float:
        """Rows a second that binary COPY stores; the rows are ready before the clock starts."""
        person = UUID(int=1)
        rows = [
            (person, "8867-4", datetime.fromtimestamp(second, UTC), float(value), "watch")
            for second, value in zip(seconds.tolist(), values.tolist(), strict=True)
        ]
        with self._connect() as connection:
            connection.execute("DROP TABLE IF EXISTS public.plain_sample")
            connection.execute(_TABLE)
            connection.commit()
            began = time.perf_counter()
            with connection.cursor().copy("COPY public.plain_sample FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(["uuid", "text", "timestamptz", "float8", "text"])
                for row in rows:
                    copy.write_row(row)
            connection.commit()
            return len(rows) / (time.perf_counter() - began)

    def copy_out(self) -> float:
        """Rows a second that COPY gives back as CSV."""
        with self._connect() as connection:
            began, rows = time.perf_counter(), 0
            with connection.cursor().copy("COPY public.plain_sample TO STDOUT (FORMAT csv)") as copy:
                for piece in copy:
                    rows += bytes(piece).count(b"\n")
            return rows / (time.perf_counter() - began)

    def jsonb(self, bodies: Sequence[bytes], together: int) -> float:
        """Rows a second of JSON texts into a table of a key and a JSONB column, so many in each transaction."""
        rows = [(uuid4(), body.decode()) for body in bodies]
        with self._connect() as connection:
            connection.execute("DROP TABLE IF EXISTS public.plain_json")
            connection.execute("CREATE TABLE public.plain_json (id uuid PRIMARY KEY, body jsonb NOT NULL)")
            connection.commit()
            began = time.perf_counter()
            for at in range(0, len(rows), together):
                connection.cursor().executemany(
                    "INSERT INTO public.plain_json VALUES (%s, %s)", rows[at : at + together]
                )
                connection.commit()
            return len(rows) / (time.perf_counter() - began)

    def alarms_together(self, people: Sequence[UUID]) -> int:
        """How many of these people have a value, an alarm and its message that one transaction wrote."""
        with self._connect() as connection:
            row: Any = connection.execute(
                "SELECT count(DISTINCT c.person_id) FROM phr.vital_chunk c JOIN phr.work_item w USING (person_id)"
                " JOIN phr.outbox o USING (person_id) WHERE c.person_id = ANY (%s) AND w.kind LIKE 'alarm:%%'"
                " AND o.kind = 'message' AND c.xmin = w.xmin AND w.xmin = o.xmin",
                (list(people),),
            ).fetchone()
        return int(row[0])

    def select(self, hits: int, repeats: int) -> list[float]:
        """Seconds that a SELECT of so many newest rows takes, several times."""
        found = []
        with self._connect() as connection:
            for _ in range(repeats):
                began = time.perf_counter()
                connection.execute(
                    "SELECT * FROM public.plain_sample WHERE person = %s AND code = %s ORDER BY at DESC LIMIT %s",
                    (UUID(int=1), "8867-4", hits),
                ).fetchall()
                found.append(time.perf_counter() - began)
        return found

    def cut(self, half: int) -> int:
        """Ends the connections of the service whose process is of one half; gives how many."""
        with self._connect() as connection:
            row: Any = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE usename = 'phr_app' AND pid %% 2 = %s",
                (half,),
            ).fetchone()
        return int(row[0])
