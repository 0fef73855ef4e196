"""Sessions, one-time links and API tokens of accounts; staff get a session after their second factor."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain import signin as rules
from phr.domain.access import HOME, MAY, Access
from phr.errors import Invalid, NotFound
from phr.ids import new_id
from phr.services.accounts.words import mark_of, signing_in
from phr.store.tables import Account
from phr.store.tables import Session as SessionRow
from phr.store.uow import Store

_LINK: Final = timedelta(hours=12)
_TOKEN: Final = timedelta(hours=1)
_GATEWAY: Final = timedelta(days=400)  # a box in a community centre is renewed once a year
_HALF: Final = timedelta(minutes=10)  # between the first and the second factor
GATEWAY_PREFIX: Final = "gw-"
"""How the token of a gateway begins, so that it is told from others, also by those who scan for leaked secrets."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an account with the reason it gave. shared: on a device of several people, which is what unknown means.

    acting_for: the person for whom a session of pages acts, as it was switched; whether that still may be is asked anew.
    left: how long the session lives if nobody uses it. agent: the app that acts for the subject, in the audit trail.
    """

    account: UUID
    subject: str
    role: str
    person: UUID | None
    recipient: str
    display: str
    purpose: str
    scope: str
    csrf: str
    shared: bool = True
    acting_for: UUID | None = None
    left: timedelta = timedelta()
    agent: str = ""

    @property
    def actor(self) -> str:
        """Who acts, as the audit trail names it: the app where one does, else the account."""
        return self.agent or self.subject

    def access(self, request: str) -> Access:
        """The caller's reason to open the store."""
        return Access(self.role, self.actor, self.recipient, self.purpose, request, self.person)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a session lives: its device in words, the way of signing in, and whether several people use the device."""

    device: str = ""
    way: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """What signing in gave: a session, or (not ``whole``) the half of one that waits for the second factor."""

    secret: str
    caller: Caller
    whole: bool


@dataclass(frozen=True, slots=True)
class Live:
    """A session that lives, as its owner sees it."""

    session: UUID
    where: Where
    started: datetime
    seen: datetime
    here: bool


class Accounts:
    """Signs people in and issues tokens."""

    def __init__(self, store: Store, clock: Clock, idle_minutes: int, *, second_factor: bool = False) -> None:
        self._store = store
        self._clock = clock
        self._idle = timedelta(minutes=idle_minutes)
        self._second = second_factor

    def put(
        self,
        subject: str,
        role: str,
        *,
        recipient: str,
        display: str = "",
        person: UUID | None = None,
        request: str,
    ) -> None:
        """Adds an account or changes it."""
        if role not in MAY:
            raise Invalid("unknown role", field="role")
        account = Account(
            account_id=new_id(),
            subject=subject,
            role=role,
            person_id=person,
            recipient=recipient,
            display=display,
            disabled=False,
        )
        with self._store.begin(signing_in(request)) as uow:
            uow.accounts.put(account)
            uow.audit.add("account", role)
            uow.commit()

    def ensure(
        self,
        subject: str,
        role: str,
        *,
        recipient: str,
        display: str = "",
        person: UUID | None = None,
        request: str,
    ) -> None:
        """Adds an account when there is none; one that exists stays as it is, and must have this role."""
        with self._store.begin(signing_in(request)) as uow:
            known = uow.accounts.by_subject(subject)
            uow.commit()
        if known is None:
            self.put(subject, role, recipient=recipient, display=display, person=person, request=request)
        elif known.role != role or known.disabled:
            raise Invalid("the account is disabled or has another role", field="role")

    def issue(
        self,
        subject: str,
        kind: str,
        *,
        purpose: str,
        scope: str = "",
        where: Where | None = None,
        request: str,
    ) -> str:
        """A new secret: a one-time link (kind link), a session (web) or the half of one (half), an API token (token)
        or that of a box (gateway).
        """
        where = where or Where()
        secret = (GATEWAY_PREFIX if kind == "gateway" else "") + secrets.token_urlsafe(32)
        now = self._clock.now()
        idle = rules.idle(where.shared, self._idle)
        life = {"link": _LINK, "token": _TOKEN, "gateway": _GATEWAY, "web": idle, "half": _HALF}[kind]
        with self._store.begin(signing_in(request)) as uow:
            account = uow.accounts.by_subject(subject)
            if account is None or account.disabled:
                raise NotFound("no such account")
            if purpose not in MAY[account.role] or (kind == "gateway") != (account.role == "gateway"):
                raise Invalid("not a purpose or kind of this role", field="purpose")
            uow.sessions.put(
                SessionRow(
                    session_hash=mark_of(secret),
                    account_id=account.account_id,
                    kind=kind,
                    purpose=purpose,
                    scope=scope,
                    csrf=secrets.token_urlsafe(24),
                    expires_at=now + life,
                    seen_at=now,
                    started_at=now,
                    device=where.device,
                    way=where.way,
                    shared=where.shared,
                )
            )
            uow.audit.add("sign-in" if kind == "web" else "issue", kind)
            uow.commit()
        return secret

    def link(self, subject: str, request: str) -> str:
        """A one-time link for an account, for the purpose of its role's pages."""
        with self._store.begin(signing_in(request)) as uow:
            account = uow.accounts.by_subject(subject)
            uow.commit()
        if account is None:
            raise NotFound("no such account")
        return self.issue(subject, "link", purpose=HOME[account.role], request=request)

    def enter(self, subject: str, where: Where, *, strong: bool, purpose: str = "", request: str) -> Entered:
        """A session for who proved to be this account; staff who did so only once get the half of one."""
        with self._store.begin(signing_in(request)) as uow:
            account = uow.accounts.by_subject(subject)
            uow.commit()
        if account is None or account.disabled:
            raise NotFound("no such account")
        whole = strong or not self._second or account.role not in rules.STAFF
        kind = "web" if whole else "half"
        secret = self.issue(
            subject, kind, purpose=purpose or HOME[account.role], where=where, request=request
        )
        found = self.caller(secret, kind, request)
        if found is None:  # disabled meanwhile
            raise NotFound("no such account")
        return Entered(secret, found, whole)

    def complete(self, half: str, where: Where, request: str) -> Entered | None:
        """The session for a half whose account proved itself a second time; a half works once."""
        caller = self.caller(half, "half", request)
        if caller is None or not self._used_up(half, request):
            return None
        where = replace(where, shared=where.shared or caller.shared)  # as it was said with the first factor
        return self.enter(caller.subject, where, strong=True, purpose=caller.purpose, request=request)

    def redeem(self, link: str, request: str, where: Where | None = None) -> Entered | None:
        """A session for a one-time link, or None; a link works once."""
        caller = self.caller(link, "link", request)
        if caller is None or not self._used_up(link, request):
            return None
        return self.enter(
            caller.subject, where or Where(way="link"), strong=False, purpose=caller.purpose, request=request
        )

    def _used_up(self, secret: str, request: str) -> bool:
        """Whether this was the one time that a secret works."""
        with self._store.begin(signing_in(request)) as uow:
            first = uow.sessions.revoke(mark_of(secret), self._clock.now())
            uow.commit()
        return first

    def caller(self, secret: str, kind: str, request: str) -> Caller | None:
        """Who holds a secret, while it lives; a session's idle time starts anew."""
        now, mark = self._clock.now(), mark_of(secret)
        with self._store.begin(signing_in(request)) as uow:
            held = uow.callers.holder(mark, kind, now)
            if held is None:
                return None
            ends = held.expires_at
            if kind == "web" and (held.shared or now - held.seen_at > timedelta(seconds=30)):
                ends = rules.ends(held.started_at, now, rules.idle(held.shared, self._idle))
                uow.callers.touch(mark, now, ends)
            uow.commit()
        return Caller(
            held.account,
            held.subject,
            held.role,
            held.person,
            held.recipient,
            held.display,
            held.purpose,
            held.scope,
            held.csrf,
            held.shared,
            held.acting_for,
            ends - now,
        )

    def act(self, secret: str, person: UUID | None, request: str) -> None:
        """Switches a session to another person, or back; it opens nothing, the right is asked with every request."""
        with self._store.begin(signing_in(request)) as uow:
            uow.sessions.act(mark_of(secret), person)
            uow.audit.add("switch", "web")
            uow.commit()

    def live(self, account: UUID, secret: str, request: str) -> list[Live]:
        """The sessions of an account, newest first; ``here`` is the one of this secret."""
        with self._store.begin(signing_in(request)) as uow:
            rows = uow.sessions.of_account(account, self._clock.now())
            uow.commit()
        mine = mark_of(secret)
        return [
            Live(
                row.session_id,
                Where(row.device, row.way, row.shared),
                row.started_at,
                row.seen_at,
                row.session_hash == mine,
            )
            for row in rows
        ]

    def end_one(self, account: UUID, session: UUID, request: str) -> None:
        """Ends one session of an account, wherever it is."""
        with self._store.begin(signing_in(request)) as uow:
            if uow.sessions.revoke_one(account, session, self._clock.now()):
                uow.audit.add("sign-out", "remote")
            uow.commit()

    def end_all(self, subject: str, request: str) -> None:
        """Ends every session and token of an account."""
        with self._store.begin(signing_in(request)) as uow:
            account = uow.accounts.by_subject(subject)
            if account is None:
                raise NotFound("no such account")
            uow.sessions.revoke_account(account.account_id, self._clock.now())
            uow.audit.add("sign-out", account.role)
            uow.commit()

    def end(self, secret: str, request: str) -> None:
        """Ends a session now."""
        with self._store.begin(signing_in(request)) as uow:
            uow.sessions.revoke(mark_of(secret), self._clock.now())
            uow.audit.add("sign-out", "web")
            uow.commit()
