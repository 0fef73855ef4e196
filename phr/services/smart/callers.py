"""Who holds an access token of an app, asked at every request: nothing about it is remembered between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from phr.clock import Clock
from phr.domain.smart import tokens
from phr.domain.smart.scopes import readable
from phr.services.smart.standing import Standing, standing
from phr.services.smart.words import signing_in
from phr.store.tables import SmartClient, SmartToken
from phr.store.uow import Store, UnitOfWork

_NOTED: Final = timedelta(minutes=1)
_BACKENDS: Final = UUID("5b0f6a52-6c0e-4b54-9d0f-3b9b7a2f4e11")


@dataclass(frozen=True, slots=True)
class Authorised:
    """An app at work: for the person who let it in, or for its organisation. agent: its name in the audit trail."""

    account: UUID
    subject: str
    role: str
    person: UUID | None
    recipient: str
    purpose: str
    scope: str
    name: str
    agent: str


@dataclass(frozen=True, slots=True)
class Active:
    """A token that works now, with what it stands for."""

    token: SmartToken
    client: SmartClient
    who: Standing | None


def active(uow: UnitOfWork, secret: str, now: datetime, request: str, kind: str = "access") -> Active | None:
    """What a token opens now; None when it, its app, its grant, its account or the right to act for somebody ended."""
    row = uow.smart.token(tokens.kept(secret))
    if row is None or row.kind != kind or row.used_at is not None:
        return None
    if row.revoked_at is not None or row.expires_at <= now:
        return None
    client = uow.smart.client(row.client_id)
    if client is None or client.disabled:
        return None
    if row.person_id is None or row.grant_id is None:
        return Active(row, client, None) if client.backend else None
    who = standing(uow, uow.smart.grant(row.person_id, row.grant_id), now, request)
    return None if who is None else Active(row, client, who)


class AppCallers:
    """Opens the machine interfaces to apps."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def caller(self, secret: str, request: str) -> Authorised | None:
        """Who holds an access token, while everything that it rests on holds."""
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            found = active(uow, secret, now, request)
            if found is None:
                return None
            grant = None if found.who is None else found.who.grant
            if grant is not None and (grant.used_at is None or now - grant.used_at > _NOTED):
                uow.smart.used(grant.person_id, grant.grant_id, now)
            uow.commit()
        return _authorised(found)


def _authorised(found: Active) -> Authorised:
    client, who, scope = found.client, found.who, found.token.scope
    agent = f"{tokens.APP}{client.client_id}"
    if who is None:
        return Authorised(
            uuid5(_BACKENDS, client.client_id),
            client.client_id,
            "system",
            None,
            client.recipient,
            client.purpose,
            scope,
            client.name,
            agent,
        )
    return Authorised(
        who.decided.account_id,
        who.patient,
        "resident",
        who.grant.person_id,
        who.recipient,
        who.purpose,
        scope if who.may_write else readable(scope),
        client.name,
        agent,
    )
