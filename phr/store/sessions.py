"""Sessions and API tokens: only their hashes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select, update

from phr.store.tables import Session as SessionRow


class Sessions:
    """Signed-in sessions (kind web), API tokens (kind token) and one-time sign-in links (kind link)."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, row: SessionRow) -> None:
        """Begins a session."""
        self._session.add(row)
        self._session.flush()

    def act(self, session_hash: str, person: UUID | None) -> None:
        """Notes for whom a session acts from now on; None for its own person."""
        self._session.execute(
            update(SessionRow).where(col(SessionRow.session_hash) == session_hash).values(acting_for=person)
        )

    def revoke(self, session_hash: str, now: datetime) -> bool:
        """Ends a session; tells whether it was live, so that a one-time link is used once."""
        done: Any = self._session.execute(
            update(SessionRow)
            .where(col(SessionRow.session_hash) == session_hash, col(SessionRow.revoked_at).is_(None))
            .values(revoked_at=now)
        )
        return bool(done.rowcount == 1)

    def of_account(self, account: UUID, now: datetime) -> Sequence[SessionRow]:
        """The signed-in sessions of an account that live, newest first."""
        query = select(SessionRow).where(
            SessionRow.account_id == account,
            SessionRow.kind == "web",
            col(SessionRow.expires_at) > now,
            col(SessionRow.revoked_at).is_(None),
        )
        return self._session.exec(query.order_by(col(SessionRow.started_at).desc())).all()

    def revoke_one(self, account: UUID, session: UUID, now: datetime) -> bool:
        """Ends one session of an account; tells whether it was live."""
        done: Any = self._session.execute(
            update(SessionRow)
            .where(
                col(SessionRow.account_id) == account,
                col(SessionRow.session_id) == session,
                col(SessionRow.revoked_at).is_(None),
            )
            .values(revoked_at=now)
        )
        return bool(done.rowcount == 1)

    def revoke_account(self, account: UUID, now: datetime) -> None:
        """Ends every session of an account."""
        self._session.execute(
            update(SessionRow)
            .where(col(SessionRow.account_id) == account, col(SessionRow.revoked_at).is_(None))
            .values(revoked_at=now)
        )
