"""Break-glass rows: opened and closed by their nurse, read by the policies, listed for the review."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import func
from sqlmodel import Session, col, select

from phr.store.tables import BreakGlass


class Glass:
    """The glasses that the transaction's context may see. The database's clock decides which are live, as for grants."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def open(
        self, person: UUID, glass: UUID, recipient: str, actor: str, reason: str, note: str
    ) -> tuple[datetime, datetime]:
        """Breaks a glass; gives from when until when it is."""
        row: Any = self._connection.execute(
            "INSERT INTO phr.break_glass (person_id, glass_id, recipient, actor, reason, note)"
            " VALUES (%s, %s, %s, %s, %s, %s) RETURNING opened_at, expires_at",
            (person, glass, recipient, actor, reason, note),
        ).fetchone()
        return row[0], row[1]

    def live(self, actor: str) -> Sequence[BreakGlass]:
        """The glasses that this nurse broke and that are not over, newest first."""
        query = select(BreakGlass).where(
            BreakGlass.actor == actor,
            col(BreakGlass.closed_at).is_(None),
            col(BreakGlass.expires_at) > func.statement_timestamp(),
        )
        return self._session.exec(query.order_by(col(BreakGlass.opened_at).desc())).all()

    def close(self, person: UUID, glass: UUID) -> bool:
        """Ends a glass before its time; tells whether it was live."""
        done = self._connection.execute(
            "UPDATE phr.break_glass SET closed_at = statement_timestamp()"
            " WHERE person_id = %s AND glass_id = %s AND closed_at IS NULL AND expires_at > statement_timestamp()",
            (person, glass),
        )
        return done.rowcount == 1

    def since(self, moment: datetime) -> Sequence[BreakGlass]:
        """Every glass broken since a moment, oldest first, for the review."""
        query = select(BreakGlass).where(col(BreakGlass.opened_at) >= moment)
        return self._session.exec(query.order_by(col(BreakGlass.opened_at))).all()
