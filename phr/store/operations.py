"""Counts for those who run the service: sizes, ages and numbers, never a person's values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True)
class Kept:
    """A backup, a drill or a change of keys: ``backup``, ``base``, ``restore-drill``, ``restore``, ``key-rotation``."""

    kind: str
    at: datetime
    ok: bool
    detail: Mapping[str, Any]


class Operations:
    """What the operator's pages and checks read."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def beat(self, name: str, now: datetime) -> datetime | None:
        """Notes that a worker is alive; gives when it was so before."""
        row = self._connection.execute(
            "WITH before AS (SELECT at FROM phr.heartbeat WHERE name = %(name)s), beat AS ("
            "INSERT INTO phr.heartbeat VALUES (%(name)s, %(now)s) ON CONFLICT (name) DO UPDATE SET at = excluded.at)"
            " SELECT at FROM before",
            {"name": name, "now": now},
        ).fetchone()
        return None if row is None else row[0]

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

    def keep(self, ident: UUID, done: Kept) -> None:
        """Notes a backup or a drill."""
        self._connection.execute(
            "INSERT INTO phr.keeping (keeping_id, kind, at, ok, detail) VALUES (%s, %s, %s, %s, %s)",
            (ident, done.kind, done.at, done.ok, Jsonb(dict(done.detail))),
        )

    def kept(self, limit: int = 20) -> list[Kept]:
        """The newest backups, drills and changes of keys, newest first."""
        rows = self._connection.execute(
            "SELECT kind, at, ok, detail FROM phr.keeping ORDER BY at DESC LIMIT %s", (limit,)
        ).fetchall()
        return [Kept(*row) for row in rows]

    def newest_kept(self) -> list[Kept]:
        """Of each kind the newest that went well and the newest that did not, newest first, however long ago."""
        rows = self._connection.execute(
            "SELECT kind, at, ok, detail FROM (SELECT DISTINCT ON (kind, ok) kind, at, ok, detail FROM phr.keeping"
            " ORDER BY kind, ok, at DESC) newest ORDER BY at DESC"
        ).fetchall()
        return [Kept(*row) for row in rows]
