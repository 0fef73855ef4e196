"""Managing staff accounts: listed, signed out, disabled by one operator, and given another role by two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phr.clock import Clock
from phr.domain import staff_accounts as rules
from phr.domain.access import Access
from phr.domain.signin import STAFF
from phr.domain.staff_accounts import Holder
from phr.errors import NotFound, Refused
from phr.ids import new_id
from phr.store.tables import Account, AccountChange
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that waits for a second person."""

    change: UUID
    role: str
    recipient: str
    asked_by: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A staff account: its live sessions, when one was used last, whether a second factor is set, what is asked for it."""

    account: UUID
    subject: str
    display: str
    role: str
    recipient: str
    disabled: bool
    sessions: int
    seen: datetime | None
    second_factor: bool
    asked: Asked | None


class Managing:
    """What operators do with the accounts of staff; every step is audited. Refused says with a code why not."""

    def __init__(self, store: Store, clock: Clock, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient

    def staff(self, *, actor: str, request: str) -> list[Member]:
        """Every account of staff."""
        with self._store.begin(self._access(actor, request)) as uow:
            accounts = uow.account_changes.staff(sorted(STAFF))
            sessions = uow.account_changes.sessions(self._clock.now())
            factors = uow.account_changes.second_factors()
            waiting = {one.account_id: one for one in uow.account_changes.waiting()}
            uow.audit.add("list", "account", count=len(accounts))
            uow.commit()
        return [
            _member(one, sessions.get(one.account_id), one.account_id in factors, waiting.get(one.account_id))
            for one in accounts
        ]

    def sign_out(self, account: UUID, *, actor: str, request: str) -> None:
        """Ends every session of an account, wherever it is."""
        with self._store.begin(self._access(actor, request)) as uow:
            found = _staff(uow, account)
            uow.sessions.revoke_account(account, self._clock.now())
            uow.audit.add("sign-out", f"account/{found.subject}"[:200])
            uow.commit()

    def disable(self, account: UUID, *, actor: str, request: str) -> None:
        """Lets nobody sign in with an account any more, and ends its sessions: one person suffices to protect."""
        with self._store.begin(self._access(actor, request)) as uow:
            operators = uow.account_changes.operators()
            found = _staff(uow, account)
            _unless(rules.disabling(actor, _holder(found), operators))
            uow.account_changes.change(account, disabled=True)
            uow.sessions.revoke_account(account, self._clock.now())
            uow.audit.add("disable", f"account/{found.subject}"[:200])
            uow.commit()

    def ask(self, account: UUID, role: str, recipient: str, *, actor: str, request: str) -> None:
        """Asks for another role or organisation, or for a disabled account to work again. Raises Conflict when one waits."""
        with self._store.begin(self._access(actor, request)) as uow:
            operators = uow.account_changes.operators()
            found = _staff(uow, account)
            _unless(rules.asking(actor, _holder(found), role, recipient, operators))
            uow.account_changes.ask(
                AccountChange(
                    change_id=new_id(),
                    account_id=account,
                    role=role,
                    recipient=recipient,
                    asked_by=actor,
                    asked_at=self._clock.now(),
                )
            )
            uow.audit.add("ask", f"account/{found.subject}"[:200], reason=role)
            uow.commit()

    def approve(self, change: UUID, *, actor: str, request: str) -> None:
        """Approves what another person asked for; the account signs in anew with its new role."""
        with self._store.begin(self._access(actor, request)) as uow:
            operators = uow.account_changes.operators()
            asked = _waiting(uow, change)
            found = _staff(uow, asked.account_id)
            _unless(rules.deciding(actor, asked.asked_by, _holder(found), asked.role, operators))
            now = self._clock.now()
            uow.account_changes.change(
                found.account_id, disabled=False, role=asked.role, recipient=asked.recipient
            )
            uow.sessions.revoke_account(found.account_id, now)
            uow.account_changes.decide(asked, "approved", actor, now)
            uow.audit.add("approve", f"account/{found.subject}"[:200], reason=asked.role)
            uow.commit()

    def refuse(self, change: UUID, *, actor: str, request: str) -> None:
        """Refuses a change, or takes one's own question back."""
        with self._store.begin(self._access(actor, request)) as uow:
            asked = _waiting(uow, change)
            uow.account_changes.decide(asked, "refused", actor, self._clock.now())
            uow.audit.add("refuse", f"account-change/{change}", reason=asked.role)
            uow.commit()

    def _access(self, actor: str, request: str) -> Access:
        return Access("operator", actor, self._recipient, "session", request)


def _staff(uow: UnitOfWork, account: UUID) -> Account:
    found = uow.account_changes.locked(account)
    if found is None or found.role not in STAFF:
        raise NotFound("no such account")
    return found


def _waiting(uow: UnitOfWork, change: UUID) -> AccountChange:
    found = uow.account_changes.one(change)
    if found is None:
        raise NotFound("no such change")
    return found


def _unless(why: str) -> None:
    if why:
        raise Refused(why)


def _holder(account: Account) -> Holder:
    return Holder(account.subject, account.role, account.recipient, account.disabled)


def _member(
    one: Account, sessions: tuple[int, datetime] | None, second: bool, asked: AccountChange | None
) -> Member:
    number, seen = sessions or (0, None)
    return Member(
        one.account_id,
        one.subject,
        one.display,
        one.role,
        one.recipient,
        one.disabled,
        number,
        seen,
        second,
        None
        if asked is None
        else Asked(asked.change_id, asked.role, asked.recipient, asked.asked_by, asked.asked_at),
    )
