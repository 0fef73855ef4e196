"""Tallies: how connections, deliveries and sign-ins are, in counts and ages; never a value, and nobody by name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow


@dataclass(frozen=True, slots=True)
class Provider:
    """The connections to one cloud in one state: how many, of these how many failed last, when one went well."""

    name: str
    state: str
    number: int
    failing: int
    last_success: datetime | None
    due_since: datetime | None


@dataclass(frozen=True, slots=True)
class Dead:
    """A letter that could not be delivered, without whose it is and what it says."""

    letter: UUID
    kind: str
    created: datetime
    attempts: int
    error: str


class Tallies:
    """Counts that the transaction's context may make."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def providers(self) -> list[Provider]:
        """Connections by cloud and state, while syncing."""
        rows = self._connection.execute(
            "SELECT provider, state, count(*), count(*) FILTER (WHERE failures > 0), max(last_success_at),"
            " min(next_at) FILTER (WHERE state = 'connected') FROM phr.cloud_connection GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        return [Provider(*row) for row in rows]

    def gateways(self, now: datetime) -> list[tuple[str, datetime]]:
        """Boxes that may post, and when each was seen last; while managing sessions."""
        rows = self._connection.execute(
            "SELECT a.subject, max(s.seen_at) FROM phr.account a JOIN phr.session s USING (account_id)"
            " WHERE a.role = 'gateway' AND NOT a.disabled AND s.kind = 'gateway' AND s.revoked_at IS NULL"
            " AND s.expires_at > %s GROUP BY 1 ORDER BY 1",
            (now,),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def failures(self, since: datetime) -> list[tuple[int, datetime]]:
        """Failures in a row of each name with one since then, and the last; while managing sessions."""
        rows = self._connection.execute(
            "SELECT failures, last_at FROM phr.sign_in_failure WHERE last_at >= %s", (since,)
        ).fetchall()
        return [(int(row[0]), row[1]) for row in rows]

    def set_apart(self) -> dict[str, int]:
        """Values that cannot be true and that nobody has decided on, by reason; while collecting."""
        rows = self._connection.execute(
            "SELECT reason, count(*) FROM phr.quarantine WHERE state = 'open' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def turned_away(self, since: date) -> dict[str, int]:
        """Refused deliveries of these days by reason; while operating."""
        rows = self._connection.execute(
            "SELECT reason, sum(n)::bigint FROM phr.intake_count WHERE day >= %s GROUP BY 1 ORDER BY 1",
            (since,),
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def waiting(self) -> list[tuple[str, int, datetime]]:
        """Letters that wait, by kind: how many, and since when the oldest; while operating."""
        rows = self._connection.execute(
            "SELECT kind, count(*), min(created_at) FROM phr.outbox WHERE state = 'waiting' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        return [(row[0], int(row[1]), row[2]) for row in rows]

    def dead(self, limit: int = 100) -> list[Dead]:
        """Letters that nobody will try again by themselves, oldest first; while operating."""
        rows = self._connection.execute(
            "SELECT outbox_id, kind, created_at, attempts, last_error FROM phr.outbox WHERE state = 'dead'"
            " ORDER BY created_at LIMIT %s",
            (limit,),
        ).fetchall()
        return [Dead(*row) for row in rows]

    def newest_root(self) -> tuple[date, str, int, datetime] | None:
        """The last day of the trail with a root: day, root, rows, when it was made."""
        row = self._connection.execute(
            "SELECT day, root, n, sealed_at FROM phr.audit_root ORDER BY day DESC LIMIT 1"
        ).fetchone()
        return None if row is None else (row[0], row[1], int(row[2]), row[3])
