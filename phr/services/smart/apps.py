"""The apps that a person let in: which, since when, for what, last used; and the one button that ends each at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.smart import scopes
from phr.domain.smart.scopes import Scope
from phr.errors import NotFound
from phr.ids import person_id
from phr.services.smart.standing import bound, online
from phr.services.smart.words import signing_in
from phr.store.tables import SmartClient, SmartGrant
from phr.store.uow import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Connected:
    """One app that was let in. person: whose data; ended: why it is over, empty while it works."""

    grant: UUID
    person: UUID
    name: str
    responsible: str
    launch_url: str
    scopes: tuple[Scope, ...]
    offline: bool
    identity: bool
    since: datetime
    until: datetime
    used: datetime | None
    ended: str


class Apps:
    """What a person sees and ends: for the own record, and what they decided for somebody for whom they act."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def connected(self, person: UUID, actor: str, request: str) -> list[Connected]:
        """The apps, the newest first; those that ended too."""
        with self._store.begin(signing_in(request)) as uow:
            rows = [*uow.smart.grants(person), *uow.smart.decided_by(person)]
            clients = {row.client_id: row for row in uow.smart.clients()}
            now = self._clock.now()
            left = {row.grant_id for row in rows if bound(row) and not online(uow, row, now)}
            uow.switch(resident(person, actor, request))
            uow.audit.add("list", "app", person, count=len(rows))
            uow.commit()
        return [self._line(row, clients, left=row.grant_id in left) for row in rows]

    def end(self, person: UUID, grant: UUID, actor: str, request: str) -> None:
        """Ends one now, with everything that was issued for it. Raises NotFound."""
        with self._store.begin(signing_in(request)) as uow:
            row = self._of(uow, person, grant)
            uow.smart.end(row.person_id, grant, self._clock.now(), "person")
            uow.switch(resident(person, actor, request))
            uow.audit.add("revoke", "app", row.person_id)
            uow.commit()

    def end_for(self, patient: str, client: str, actor: str, request: str) -> int:
        """Ends what one app may do with one person's record, for somebody who asks for it without a screen; says how many.

        Raises NotFound where the app was not let in. The person sees in the trail who did it.
        """
        person = person_id(patient)
        with self._store.begin(signing_in(request)) as uow:
            live = [
                row
                for row in uow.smart.grants(person)
                if row.client_id == client and row.revoked_at is None and row.ends_at > self._clock.now()
            ]
            if not live:
                raise NotFound("no such app")
            for row in live:
                uow.smart.end(person, row.grant_id, self._clock.now(), "person")
            uow.switch(Access("system", actor, "", "session", request, person))
            uow.audit.add("revoke", "app", person, count=len(live), reason="counter")
            uow.commit()
        return len(live)

    def sweep(self, request: str) -> int:
        """Forgets questions, assertions and tokens whose time is long over."""
        now = self._clock.now()
        with self._store.begin(signing_in(request)) as uow:
            gone = uow.smart.sweep(now)
            uow.commit()
        return gone

    def _of(self, uow: UnitOfWork, person: UUID, grant: UUID) -> SmartGrant:
        mine: Sequence[SmartGrant] = [*uow.smart.grants(person), *uow.smart.decided_by(person)]
        found = next((row for row in mine if row.grant_id == grant), None)
        if found is None:
            raise NotFound("no such app")
        return found

    def _line(self, row: SmartGrant, clients: Mapping[str, SmartClient], *, left: bool) -> Connected:
        client = clients[row.client_id]
        wanted, words = scopes.split(row.scope)
        ended = (
            row.reason
            if row.revoked_at is not None
            else "over"
            if left or row.ends_at <= self._clock.now()
            else ""
        )
        if not ended and client.disabled:
            ended = "disabled"
        return Connected(
            row.grant_id,
            row.person_id,
            client.name,
            client.responsible,
            client.launch_url,
            tuple(wanted),
            scopes.OFFLINE in words,
            scopes.OPENID in words,
            row.granted_at,
            row.ends_at,
            row.used_at,
            ended,
        )
