"""What was turned away: counted refusals, quarantined values, and how far each file was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

Quarantined = tuple[str, str, str, date, str, str, str]
"""id, code, category, day, reason, source key, sample as JSON."""


class Intake:
    """The record of refusals that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def count(self, person: UUID, day: date, numbers: Mapping[tuple[str, str], int]) -> None:
        """Adds to the counts of (reason, detail)."""
        self._connection.cursor().executemany(
            "INSERT INTO phr.intake_count VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (person_id, day, reason, detail) DO UPDATE SET n = intake_count.n + excluded.n",
            [(person, day, reason, detail, number) for (reason, detail), number in sorted(numbers.items())],
        )

    def quarantine(self, person: UUID, rows: Sequence[Quarantined]) -> int:
        """Keeps values that cannot be true; the same one is kept once. Gives how many were new."""
        new = 0
        with self._connection.cursor() as cursor:
            for row in rows:
                cursor.execute(
                    "INSERT INTO phr.quarantine (person_id, quarantine_id, code, category, day, reason, source, sample)"
                    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                    (person, *row),
                )
                new += cursor.rowcount
        return new

    def of_person(self, person: UUID) -> list[tuple[str, str, int]]:
        """What was turned away from a person's deliveries: reason, detail, number."""
        rows = self._connection.execute(
            "SELECT reason, detail, sum(n)::bigint FROM phr.intake_count WHERE person_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
            (person,),
        ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def totals(self) -> dict[str, int]:
        """Counts by reason over everybody, for the operator."""
        rows = self._connection.execute(
            "SELECT reason, sum(n)::bigint FROM phr.intake_count GROUP BY reason ORDER BY reason"
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def mark(self, person: UUID, digest: str) -> str:
        """Where reading a file left off; empty for the beginning."""
        row: Any = self._connection.execute(
            "SELECT mark FROM phr.import_mark WHERE person_id = %s AND file_digest = %s AND NOT finished",
            (person, digest),
        ).fetchone()
        return "" if row is None else str(row[0])

    def put_mark(self, person: UUID, digest: str, mark: str, *, finished: bool) -> None:
        """Notes how far a file was read."""
        self._connection.execute(
            "INSERT INTO phr.import_mark (person_id, file_digest, mark, finished) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (person_id, file_digest) DO UPDATE SET mark = excluded.mark, finished = excluded.finished,"
            " updated_at = now()",
            (person, digest, mark, finished),
        )
