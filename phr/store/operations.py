"""Counts for those who run the service: sizes, ages and numbers, never a person's values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import TupleRow


class Operations:
    """What the operator's pages and checks read."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def beat(self, name: str, now: datetime) -> None:
        """Notes that a worker is alive."""
        self._connection.execute(
            "INSERT INTO phr.heartbeat VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
            (name, now),
        )

    def beats(self) -> dict[str, datetime]:
        """When each worker was last seen."""
        return {
            row[0]: row[1]
            for row in self._connection.execute("SELECT name, at FROM phr.heartbeat").fetchall()
        }

    def revision(self) -> str:
        """The migration that the database is at."""
        row: Any = self._connection.execute("SELECT version_num FROM phr.alembic_version").fetchone()
        return str(row[0])

    def vitals_bytes(self) -> int:
        """Bytes on disk of chunks, summaries, sources, conflicts and quarantine, with their indexes."""
        row: Any = self._connection.execute(
            "SELECT sum(pg_total_relation_size(('phr.' || name)::regclass)) FROM unnest(ARRAY['vital_chunk', 'vital_day',"
            " 'vital_source', 'vital_conflict', 'quarantine', 'intake_count']) AS name"
        ).fetchone()
        return int(row[0])
