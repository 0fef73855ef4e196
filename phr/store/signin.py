"""Identities, factors, attempts and failures of those who sign in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from phr.store.tables import AccountFactor, AccountIdentity, SignInAttempt, SignInFailure


class SignIn:
    """What the transaction's context may know of how people prove who they are."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def account_of(self, issuer: str, sub: str) -> UUID | None:
        """The account behind an identity."""
        query = select(AccountIdentity).where(AccountIdentity.issuer == issuer, AccountIdentity.sub == sub)
        found = self._session.exec(query).one_or_none()
        return None if found is None else found.account_id

    def bind(self, issuer: str, sub: str, account: UUID, now: datetime) -> bool:
        """Ties an identity to an account; False when either is tied already to something else."""
        done: Any = self._session.execute(
            insert(AccountIdentity)
            .values(issuer=issuer, sub=sub, account_id=account, bound_at=now)
            .on_conflict_do_nothing()
        )
        return bool(done.rowcount == 1) or self.account_of(issuer, sub) == account

    def factors(self, account: UUID, kind: str = "") -> Sequence[AccountFactor]:
        """The factors of an account, oldest first."""
        query = select(AccountFactor).where(AccountFactor.account_id == account)
        if kind:
            query = query.where(AccountFactor.kind == kind)
        order = (col(AccountFactor.created_at), col(AccountFactor.factor_id))
        return self._session.exec(query.order_by(*order)).all()

    def by_handle(self, kind: str, handle: bytes) -> AccountFactor | None:
        """The factor with this handle."""
        query = select(AccountFactor).where(AccountFactor.kind == kind, AccountFactor.handle == handle)
        return self._session.exec(query).one_or_none()

    def add(self, factor: AccountFactor) -> None:
        """Keeps a new factor."""
        self._session.add(factor)
        self._session.flush()

    def confirm(self, factor: UUID, counter: int, now: datetime) -> None:
        """Notes that a new factor works."""
        self._session.execute(
            update(AccountFactor)
            .where(col(AccountFactor.factor_id) == factor)
            .values(confirmed=True, counter=counter, used_at=now)
        )

    def used(self, factor: UUID, counter: int, now: datetime, *, beyond: bool = True) -> bool:
        """Notes a use; with ``beyond`` only when the counter has moved on, so that nothing is used twice."""
        query = update(AccountFactor).where(col(AccountFactor.factor_id) == factor)
        if beyond:
            query = query.where(col(AccountFactor.counter) < counter)
        done: Any = self._session.execute(query.values(counter=counter, used_at=now))
        return bool(done.rowcount == 1)

    def remove(self, account: UUID, *, kind: str = "", factor: UUID | None = None) -> int:
        """Removes factors of an account, of one kind or one of them; gives how many."""
        query = delete(AccountFactor).where(col(AccountFactor.account_id) == account)
        if kind:
            query = query.where(col(AccountFactor.kind) == kind)
        if factor is not None:
            query = query.where(col(AccountFactor.factor_id) == factor)
        done: Any = self._session.execute(query)
        return int(done.rowcount)

    def take_code(self, handle: bytes) -> UUID | None:
        """Uses a recovery code up; the account it was for."""
        query = (
            delete(AccountFactor)
            .where(col(AccountFactor.kind) == "recovery", col(AccountFactor.handle) == handle)
            .returning(col(AccountFactor.account_id))
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None else row[0]

    def begin(self, attempt_hash: str, kind: str, sealed: bytes, expires: datetime) -> None:
        """Keeps an attempt."""
        self._session.add(
            SignInAttempt(attempt_hash=attempt_hash, kind=kind, sealed=sealed, expires_at=expires)
        )
        self._session.flush()

    def take(self, attempt_hash: str, kind: str, now: datetime) -> bytes | None:
        """What an attempt kept, once and in time."""
        query = (
            delete(SignInAttempt)
            .where(col(SignInAttempt.attempt_hash) == attempt_hash, col(SignInAttempt.kind) == kind)
            .returning(col(SignInAttempt.sealed), col(SignInAttempt.expires_at))
        )
        row = self._session.execute(query).one_or_none()
        return None if row is None or row[1] <= now else bytes(row[0])

    def sweep(self, now: datetime) -> int:
        """Forgets attempts that nobody came back for."""
        done: Any = self._session.execute(delete(SignInAttempt).where(col(SignInAttempt.expires_at) <= now))
        return int(done.rowcount)

    def failures(self, name_hash: str) -> tuple[int, datetime] | None:
        """Failures in a row for a name, and the last; the row stays locked until the transaction ends."""
        query = select(SignInFailure).where(SignInFailure.name_hash == name_hash).with_for_update()
        row = self._session.exec(query).one_or_none()
        return None if row is None else (row.failures, row.last_at)

    def failed(self, name_hash: str, failures: int, now: datetime) -> None:
        """Notes a failure."""
        values = {"name_hash": name_hash, "failures": failures, "last_at": now}
        statement = insert(SignInFailure).values(values)
        self._session.execute(statement.on_conflict_do_update(index_elements=["name_hash"], set_=values))

    def succeeded(self, name_hash: str) -> None:
        """Forgets the failures of a name."""
        self._session.execute(delete(SignInFailure).where(col(SignInFailure.name_hash) == name_hash))
