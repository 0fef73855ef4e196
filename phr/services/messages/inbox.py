"""The inbox: what a person was told, read by them alone; and the link that ends a kind of message without signing in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.messages.addresses import stopped_message
from phr.domain.messages.catalogue import catalogue, plain_day, text_of
from phr.domain.messages.screenings import screenings
from phr.errors import NotFound
from phr.services.messages.vault import AddressVault
from phr.store.tables import Message, MessageChoice
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Told:
    """One message as its person reads it. texts: by language."""

    message: UUID
    kind: str
    template: str
    texts: Mapping[str, str]
    at: datetime
    channel: str
    read: bool


class Inbox:
    """Reads and ends messages."""

    def __init__(self, store: Store, clock: Clock, recipient: str, vault: AddressVault) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._vault = vault

    def listed(self, person: UUID, access: Access) -> list[Told]:
        """The person's messages, newest first, which are read by that."""
        now = self._clock.now()
        with self._store.begin(access.about(person)) as uow:
            rows = uow.messages.inbox(person)
            told = [_told(row) for row in rows]
            for row in rows:
                if row.read_at is None:
                    uow.messages.read(person, row.message_id, now)
            uow.audit.add("read", "messages", person, count=len(rows))
            uow.commit()
        return told

    def unread(self, person: UUID, access: Access) -> int:
        """How many were not read."""
        with self._store.begin(access.about(person)) as uow:
            found = uow.messages.unread(person)
            uow.commit()
        return found

    def kind_of(self, token: str, *, request: str) -> str:
        """The kind that a link ends. Raises NotFound for a link that we did not make, or that was used."""
        found = self._by_token(token, request)
        if found.stopped_at is not None:
            raise NotFound("no such link")
        return found.kind

    def stop(self, token: str, *, request: str) -> str:
        """Ends the kind of the link's message, from now on; gives the kind. A link works once."""
        found = self._by_token(token, request)
        now = self._clock.now()
        with self._store.begin(self._deliver(request, found.person_id)) as uow:
            if found.stopped_at is not None or not catalogue().kinds[found.kind].stoppable:
                raise NotFound("no such link")
            uow.messages.move(found.person_id, found.message_id, now, stopped_at=now)
            uow.addresses.choose(
                MessageChoice(
                    person_id=found.person_id,
                    kind=found.kind,
                    wanted=False,
                    channels=[],
                    way="link",
                    updated_at=now,
                )
            )
            uow.audit.add("messages-stopped", found.kind, found.person_id)
            uow.commit()
        return found.kind

    def states(self, *, actor: str, request: str) -> dict[tuple[str, str], int]:
        """How many messages of each kind are in each state; no person."""
        with self._store.begin(machine(self._recipient, "deliver", request, part=actor)) as uow:
            found = uow.messages.states()
            uow.commit()
        return found

    def _by_token(self, token: str, request: str) -> Message:
        message = stopped_message(self._vault.words, token[:200])
        found = None
        if message is not None:
            with self._store.begin(self._deliver(request, None)) as uow:
                found = uow.messages.by_id(message)
                uow.commit()
        if found is None or found.kind not in catalogue().kinds:
            raise NotFound("no such link")
        return found

    def _deliver(self, request: str, person: UUID | None) -> Access:
        return machine(self._recipient, "deliver", request, person, part="unsubscribe")


def _told(row: Message) -> Told:
    template = catalogue().template(row.template)
    texts = {
        language: text_of(template, language, _filled(row.params, language)) for language in template.texts
    }
    return Told(
        row.message_id, row.kind, template.key, texts, row.created_at, row.channel, row.read_at is not None
    )


def _filled(params: Mapping[str, Any], language: str) -> dict[str, str]:
    """Placeholders as they read in a language: a screening by its name, a day in words."""
    found = {}
    for name, value in params.items():
        screening = screenings().known.get(str(value))
        words = plain_day(str(value), language) if name == "day" else str(value)
        found[name] = words if screening is None else screening.texts[language]
    return found
