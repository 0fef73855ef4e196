"""Accounts, one-time links, sessions and API tokens; only hashes of secrets are kept."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import MAY, Access
from phr.errors import Invalid, NotFound
from phr.ids import new_id
from phr.store.tables import Account
from phr.store.tables import Session as SessionRow
from phr.store.uow import Store

_LINK: Final = timedelta(hours=12)
_TOKEN: Final = timedelta(hours=1)
_GATEWAY: Final = timedelta(days=400)  # a box in a community centre is renewed once a year
GATEWAY_PREFIX: Final = "gw-"
"""How the token of a gateway begins, so that it is told from others, also by those who scan for leaked secrets."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an account with the reason it gave."""

    account: UUID
    subject: str
    role: str
    person: UUID | None
    recipient: str
    display: str
    purpose: str
    scope: str
    csrf: str

    def access(self, request: str) -> Access:
        """The caller's reason to open the store."""
        return Access(self.role, self.subject, self.recipient, self.purpose, request, self.person)


class Accounts:
    """Signs people in and issues tokens."""

    def __init__(self, store: Store, clock: Clock, idle_minutes: int) -> None:
        self._store = store
        self._clock = clock
        self._idle = timedelta(minutes=idle_minutes)

    def _access(self, request: str) -> Access:
        return Access("system", "sign-in", "", "session", request)

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
        with self._store.begin(self._access(request)) as uow:
            uow.accounts.put(account)
            uow.audit.add("account", role)
            uow.commit()

    def ensure(
        self, subject: str, role: str, *, recipient: str, person: UUID | None = None, request: str
    ) -> None:
        """Adds an account when there is none; one that exists stays as it is, and must have this role."""
        with self._store.begin(self._access(request)) as uow:
            known = uow.accounts.by_subject(subject)
            uow.commit()
        if known is None:
            self.put(subject, role, recipient=recipient, person=person, request=request)
        elif known.role != role or known.disabled:
            raise Invalid("the account is disabled or has another role", field="role")

    def issue(self, subject: str, kind: str, *, purpose: str, scope: str = "", request: str) -> str:
        """A new secret: a one-time link (kind link), a session (web), an API token (token) or that of a box (gateway)."""
        secret = (GATEWAY_PREFIX if kind == "gateway" else "") + secrets.token_urlsafe(32)
        now = self._clock.now()
        life = {"link": _LINK, "token": _TOKEN, "gateway": _GATEWAY, "web": self._idle}[kind]
        with self._store.begin(self._access(request)) as uow:
            account = uow.accounts.by_subject(subject)
            if account is None or account.disabled:
                raise NotFound("no such account")
            if purpose not in MAY[account.role] or (kind == "gateway") != (account.role == "gateway"):
                raise Invalid("not a purpose or kind of this role", field="purpose")
            uow.sessions.put(
                SessionRow(
                    session_hash=_hash(secret),
                    account_id=account.account_id,
                    kind=kind,
                    purpose=purpose,
                    scope=scope,
                    csrf=secrets.token_urlsafe(24),
                    expires_at=now + life,
                    seen_at=now,
                )
            )
            uow.audit.add("sign-in" if kind == "web" else "issue", kind)
            uow.commit()
        return secret

    def redeem(self, link: str, request: str) -> tuple[str, Caller] | None:
        """A session for a one-time link, or None; a link works once."""
        caller = self.caller(link, "link", request)
        if caller is None:
            return None
        with self._store.begin(self._access(request)) as uow:
            first = uow.sessions.revoke(_hash(link), self._clock.now())
            uow.commit()
        if not first:
            return None
        secret = self.issue(caller.subject, "web", purpose=caller.purpose, request=request)
        found = self.caller(secret, "web", request)
        return None if found is None else (secret, found)

    def caller(self, secret: str, kind: str, request: str) -> Caller | None:
        """Who holds a secret, while it lives; a session's idle time starts anew."""
        now = self._clock.now()
        with self._store.begin(self._access(request)) as uow:
            row = uow.sessions.live(_hash(secret), kind, now)
            account = None if row is None else uow.accounts.get(row.account_id)
            if row is None or account is None or account.disabled:
                return None
            if kind == "web" and now - row.seen_at > timedelta(seconds=30):
                uow.sessions.touch(row.session_hash, now, now + self._idle)
            uow.commit()
        return Caller(
            account.account_id,
            account.subject,
            account.role,
            account.person_id,
            account.recipient,
            account.display,
            row.purpose,
            row.scope,
            row.csrf,
        )

    def end_all(self, subject: str, request: str) -> None:
        """Ends every session and token of an account."""
        with self._store.begin(self._access(request)) as uow:
            account = uow.accounts.by_subject(subject)
            if account is None:
                raise NotFound("no such account")
            uow.sessions.revoke_account(account.account_id, self._clock.now())
            uow.audit.add("sign-out", account.role)
            uow.commit()

    def end(self, secret: str, request: str) -> None:
        """Ends a session now."""
        with self._store.begin(self._access(request)) as uow:
            uow.sessions.revoke(_hash(secret), self._clock.now())
            uow.audit.add("sign-out", "web")
            uow.commit()


def _hash(secret: str) -> str:
    """Secrets are long and random, so a plain hash keeps them."""
    return sha256(secret.encode()).hexdigest()
