"""Changes of accounts that wait for a second person, and what staff accounts have, for many at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from phr.store.tables import Account, AccountChange, AccountFactor
from phr.store.tables import Session as SessionRow


class AccountChanges:
    """What those who manage accounts read and write; only while managing them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def staff(self, roles: Sequence[str]) -> Sequence[Account]:
        """The accounts of these roles, by role and subject."""
        query = select(Account).where(col(Account.role).in_(roles))
        return self._session.exec(query.order_by(col(Account.role), col(Account.subject))).all()

    def locked(self, account: UUID) -> Account | None:
        """An account, locked until the transaction ends."""
        return self._session.exec(
            select(Account).where(Account.account_id == account).with_for_update()
        ).one_or_none()

    def operators(self) -> int:
        """How many operators can sign in; their rows stay locked, so that two cannot go at the same time."""
        query = select(Account.account_id).where(
            Account.role == "operator", col(Account.disabled).is_(other=False)
        )
        return len(self._session.exec(query.order_by(col(Account.account_id)).with_for_update()).all())

    def change(self, account: UUID, *, disabled: bool, role: str = "", recipient: str = "") -> None:
        """Sets what an account may do."""
        values = {"disabled": disabled, **({"role": role, "recipient": recipient} if role else {})}
        self._session.execute(update(Account).where(col(Account.account_id) == account).values(values))

    def sessions(self, now: datetime) -> dict[UUID, tuple[int, datetime]]:
        """For each account with live sessions: how many, and when one was used last."""
        query = (
            select(SessionRow.account_id, func.count(), func.max(SessionRow.seen_at))
            .where(
                SessionRow.kind == "web",
                col(SessionRow.expires_at) > now,
                col(SessionRow.revoked_at).is_(None),
            )
            .group_by(col(SessionRow.account_id))
        )
        return {account: (int(number), seen) for account, number, seen in self._session.exec(query).all()}

    def second_factors(self) -> set[UUID]:
        """Accounts that have something to prove themselves with a second time."""
        query = select(AccountFactor.account_id).where(
            col(AccountFactor.kind).in_(("totp", "passkey")), col(AccountFactor.confirmed).is_(other=True)
        )
        return set(self._session.exec(query.distinct()).all())

    def ask(self, change: AccountChange) -> None:
        """Keeps what was asked for."""
        self._session.add(change)
        self._session.flush()

    def waiting(self) -> Sequence[AccountChange]:
        """Changes that wait for a second person, oldest first."""
        query = select(AccountChange).where(AccountChange.state == "waiting")
        return self._session.exec(query.order_by(col(AccountChange.asked_at))).all()

    def one(self, change: UUID) -> AccountChange | None:
        """A change that waits, locked."""
        query = select(AccountChange).where(
            AccountChange.change_id == change, AccountChange.state == "waiting"
        )
        return self._session.exec(query.with_for_update()).one_or_none()

    def decide(self, change: AccountChange, state: str, actor: str, now: datetime) -> None:
        """Notes what became of one."""
        change.state, change.decided_by, change.decided_at = state, actor, now
        self._session.add(change)
        self._session.flush()
