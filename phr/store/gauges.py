"""Gauges: single cheap statements for whoever watches the service; counts and ages, nobody's values and nobody by name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import Engine

from phr.store.wal import SLOT


class Gauges:
    """What a scrape may ask in this transaction's context."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def hurry(self, milliseconds: int) -> None:
        """No statement of this transaction takes longer."""
        self._connection.execute(
            "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)",
            (str(milliseconds), str(milliseconds)),
        )

    def _rows(self, query: str, *values: object) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def letters(self) -> list[tuple[str, str, int, datetime]]:
        """Letters that are not delivered: kind, state, how many, since when; while operating."""
        return self._rows(
            "SELECT kind, state, count(*), min(created_at) FROM phr.outbox WHERE state <> 'delivered'"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )

    def alarms(self) -> list[tuple[str, int, datetime]]:
        """Alarms that nobody answered: severity, how many, since when; for guidance."""
        return self._rows(
            "SELECT basis ->> 'severity', count(*), min(opened_at) FROM phr.work_item"
            " WHERE state <> 'closed' AND stage <> 'contacted' AND basis ->> 'severity' IS NOT NULL"
            " GROUP BY 1 ORDER BY 1"
        )

    def refusals(self, since: datetime) -> list[tuple[str, int]]:
        """Looks that were refused since then, by role; while reviewing the trail."""
        return self._rows(
            "SELECT role, count(*) FROM phr.audit_event WHERE at >= %s AND outcome = 'refused'"
            " GROUP BY 1 ORDER BY 1",
            since,
        )

    def withdrawals(self, since: datetime) -> int:
        """Consents withdrawn since then; while reviewing the trail."""
        rows = self._rows(
            "SELECT count(*) FROM phr.audit_event WHERE at >= %s AND action = 'withdraw' AND outcome = 'ok'",
            since,
        )
        return int(rows[0][0])

    def opt_ins(self, day: date) -> list[tuple[str, int]]:
        """The newest figure of live consents by purpose, of no day before that one; while operating."""
        return self._rows(
            "SELECT DISTINCT ON (part) part, n FROM phr.city_figure WHERE name = 'opt-ins' AND day >= %s"
            " AND n IS NOT NULL ORDER BY part, day DESC",
            day,
        )

    def server(self) -> tuple[datetime, int, int]:
        """The server's clock, the bytes of this database, and how many connections the server takes."""
        row = self._rows(
            "SELECT clock_timestamp(), pg_database_size(current_database()),"
            " current_setting('max_connections')::int"
        )[0]
        return row[0], int(row[1]), int(row[2])

    def slot(self) -> tuple[int, bool] | None:
        """Of the slot that keeps the log for us: bytes that wait, and whether some are lost; None without one."""
        rows = self._rows(
            "SELECT coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
            " ELSE pg_current_wal_lsn() END, restart_lsn), 0)::bigint, wal_status = 'lost'"
            " FROM pg_replication_slots WHERE slot_name = %s",
            SLOT,
        )
        return (int(rows[0][0]), bool(rows[0][1])) if rows else None

    def connections(self) -> list[tuple[str, int]]:
        """Connections of the service's role to this database by state."""
        return self._rows(
            "SELECT coalesce(state, 'unknown'), count(*) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() GROUP BY 1 ORDER BY 1"
        )


def pool(engine: Engine) -> tuple[int, int]:
    """Connections that this process holds: in use, and idle."""
    found: Any = engine.pool
    return found.checkedout(), found.checkedin()
