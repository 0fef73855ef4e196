"""The desk of subscriptions: their owner asks, reads, changes, ends, and looks up what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.documents import dump, instant, parse, validate
from phr.domain.sealing import Box
from phr.domain.subscriptions.asked import Asked, asked
from phr.domain.subscriptions.notices import About, Told
from phr.errors import Invalid, NotFound, Refused, Unmet
from phr.ids import new_id, person_id
from phr.services.subscriptions.rights import Rights
from phr.services.subscriptions.telling import vault_place
from phr.store.subscriptions import EVERYBODY
from phr.store.tables import Subscription
from phr.store.uow import Store, UnitOfWork

_MOST: Final = 50  # of one owner
_PAGE: Final = 100  # events of one answer


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asks: the reason to read, the account, and the app with its scopes where one acts."""

    access: Access
    account: UUID
    client: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription as its owner reads it."""

    id: str
    version: int
    updated_at: datetime
    state: str
    topic: str
    resource: dict[str, Any]


class Desk:
    """Keeps the subscriptions of callers. Nobody sees another's, and nobody is told that there is one."""

    def __init__(
        self, store: Store, clock: Clock, box: Box, rights: Rights, base: str, *, local: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._rights = rights
        self._base = base
        self._local = local

    def create(self, owner: Owner, resource: dict[str, Any]) -> Held:
        """A new subscription; a handshake follows. Raises Invalid, NotFound or Refused."""
        wanted = self._read(resource)
        person = _person(owner, wanted)
        now = self._clock.now()
        with self._store.begin(owner.access) as uow:
            if sum(one.state != "off" for one in self._own(uow, owner)) >= _MOST:
                raise Refused(f"one subscriber may have {_MOST} subscriptions")
            row = Subscription(
                person_id=person,
                subscription_id=new_id(),
                account_id=owner.account,
                client=owner.client,
                role=owner.access.role,
                actor=owner.access.actor,
                recipient=owner.access.recipient,
                purpose=owner.access.purpose,
                scope=owner.scope,
                topic=wanted.topic.url,
                endpoint=wanted.endpoint,
                body="",
                created_at=now,
                updated_at=now,
            )
            self._fill(row, wanted, resource)
            uow.subscriptions.put(row)
            held = self._held(row)
            uow.audit.add("write", "Subscription", person, count=1)
            uow.commit()
        return held

    def update(self, owner: Owner, identity: str, resource: dict[str, Any], expected: int | None) -> Held:
        """Asks anew, or ends it; what was numbered keeps its numbers. Raises Unmet when it is another version."""
        wanted = self._read(resource)
        if resource.get("id") != identity:
            raise Invalid("is not that of the address", field="Subscription.id")
        person = _person(owner, wanted)
        with self._store.begin(owner.access) as uow:
            row = self._one(uow, owner, identity)
            if expected is not None and expected != row.version:
                raise Unmet("the subscription was changed meanwhile")
            if row.person_id != person or row.topic != wanted.topic.url:
                raise Invalid(
                    "another topic or patient is another subscription", field="Subscription.criteria"
                )
            row.version += 1
            row.updated_at = self._clock.now()
            row.scope, row.client = owner.scope, owner.client
            self._fill(row, wanted, resource)
            uow.subscriptions.put(row)
            held = self._held(row)
            uow.audit.add("write", "Subscription", person, count=1)
            uow.commit()
        return held

    def read(self, owner: Owner, identity: str) -> Held:
        """One of the caller's own. Raises NotFound."""
        with self._store.begin(owner.access) as uow:
            row = self._one(uow, owner, identity)
            held = self._held(row)
            uow.audit.add("read", "Subscription", row.person_id, count=1)
            uow.commit()
        return held

    def all(self, owner: Owner) -> list[Held]:
        """The caller's own, oldest first."""
        with self._store.begin(owner.access) as uow:
            found = [self._held(row) for row in self._own(uow, owner)]
            uow.audit.add("search", "Subscription", count=len(found))
            uow.commit()
        return found

    def delete(self, owner: Owner, identity: str) -> bool:
        """Takes it away; says whether it was there, which nobody else is told."""
        with self._store.begin(owner.access) as uow:
            try:
                row = self._one(uow, owner, identity)
            except NotFound:
                return False
            uow.audit.add("write", "Subscription", row.person_id, count=1)
            uow.subscriptions.remove(row)
            uow.commit()
        return True

    def about(self, owner: Owner) -> list[About]:
        """The status of each of the caller's own."""
        with self._store.begin(owner.access) as uow:
            found = [self._about(row) for row in self._own(uow, owner)]
            uow.audit.add("search", "Subscription", count=len(found))
            uow.commit()
        return found

    def events(
        self, owner: Owner, identity: str, since: int, until: int
    ) -> tuple[About, list[Told], bool, bool]:
        """Events by number: the status, the events, whether more follow, and whether the payload names what they are.

        What may be read no longer keeps its number and its time, and says nothing else.
        """
        request = owner.access.request
        with self._store.begin(owner.access) as uow:
            row = self._one(uow, owner, identity)
            found = list(uow.subscriptions.events(row.subscription_id, since, until, _PAGE + 1))
            about = self._about(row)
            uow.audit.add("read", "Subscription", row.person_id, count=min(len(found), _PAGE))
            uow.commit()
        told = []
        for event in found[:_PAGE]:
            sees = self._rights.sees(row, event.person_id, event.focus, request, told=True)
            told.append(Told(event.number, event.at, event.focus if sees else ""))
        return about, told, len(found) > _PAGE, row.payload == "id-only"

    def _read(self, resource: dict[str, Any]) -> Asked:
        if resource.get("resourceType") != "Subscription":
            raise Invalid("expected a Subscription", field="resourceType")
        validate(resource)
        return asked(resource, local=self._local)

    def _fill(self, row: Subscription, wanted: Asked, resource: dict[str, Any]) -> None:
        """What is asked for, into the row; it begins anew unless it ends."""
        row.filters = [asdict(one) for one in wanted.filters]
        row.endpoint, row.payload = wanted.endpoint, wanted.payload
        row.heartbeat, row.timeout, row.max_count = wanted.heartbeat, wanted.timeout, wanted.max_count
        row.ends_at = wanted.ends_at
        if wanted.headers is not None:
            plain = orjson.dumps(wanted.headers) if wanted.headers else b""
            row.headers = self._box.seal(plain, vault_place(row.subscription_id)) if plain else b""
        row.state = "off" if wanted.off else "requested"
        row.asked, row.error, row.failures = False, "", 0
        kept = {
            name: value for name, value in resource.items() if name not in ("id", "status", "error", "meta")
        }
        kept["channel"] = {name: value for name, value in kept["channel"].items() if name != "header"}
        row.body = dump(kept)

    def _own(self, uow: UnitOfWork, owner: Owner) -> Sequence[Subscription]:
        return [
            row
            for row in uow.subscriptions.all()
            if row.account_id == owner.account and row.client == owner.client
        ]

    def _one(self, uow: UnitOfWork, owner: Owner, identity: str) -> Subscription:
        try:
            found = uow.subscriptions.get(UUID(identity), lock=True)
        except ValueError:
            found = None
        if found is None or (found.account_id, found.client) != (owner.account, owner.client):
            raise NotFound("no such subscription")
        return found

    def _about(self, row: Subscription) -> About:
        return About(self._base, row.subscription_id, row.topic, row.state, row.events, row.error)

    def _held(self, row: Subscription) -> Held:
        identity = str(row.subscription_id)
        meta = {"versionId": str(row.version), "lastUpdated": instant(row.updated_at)}
        resource = {**parse(row.body.encode()), "id": identity, "meta": meta, "status": row.state}
        if row.error:
            resource["error"] = row.error
        return Held(identity, row.version, row.updated_at, row.state, row.topic, resource)


def _person(owner: Owner, wanted: Asked) -> UUID:
    """About whom: the resident themselves; for others the patient that they name, or everybody whom they may see."""
    own = owner.access.person
    if owner.access.role == "resident":
        if own is None or any(person_id(one) != own for one in wanted.patients):
            raise NotFound("no such patient")
        return own
    if len(wanted.patients) > 1:
        raise Invalid("names one patient, or none for everybody", field="Subscription._criteria")
    return person_id(wanted.patients[0]) if wanted.patients else EVERYBODY
