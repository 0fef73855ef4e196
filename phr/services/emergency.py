"""The emergency card: read by the resident, kept as a document of theirs when they agreed that it is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.documents import describe, instant, parse
from phr.domain.emergency import card_id, card_of, checked, response
from phr.errors import Invalid, NotFound
from phr.store.uow import Store

ReceiveOne = Callable[..., Any]
"""The receive use case."""


@dataclass(frozen=True, slots=True)
class Card:
    """A person's card; nothing is filled in before it was saved once."""

    name: str
    kana: str
    born: date | None
    fields: Mapping[str, str] = field(default_factory=dict)
    saved: datetime | None = None


class Emergency:
    """The cards of one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, receive: ReceiveOne) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._receive = receive

    def card(self, person: UUID, access: Access) -> Card:
        """The card of who asks."""
        with self._store.begin(access) as uow:
            known = uow.people.get(person)
            found = uow.documents.get("QuestionnaireResponse", card_id(person))
            count = 0 if found is None else 1
            uow.audit.add("read", "emergency-card", person, categories="questionnaire", count=count)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        made = Card(known.name or known.patient_id, known.kana, known.birth_date)
        if found is None or found.deleted:
            return made
        kept = card_of(parse(found.body.encode()))
        return Card(made.name, made.kana, made.born, kept, found.updated_at)

    def keep(self, person: UUID, typed: Mapping[str, str], *, actor: str, request: str) -> None:
        """Keeps a card. Raises Invalid naming the field; ``consent`` where nothing of the kind may be kept."""
        card = checked(typed)
        with self._store.begin(resident(person, actor, request)) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        resource = response(person, known.patient_id, card, instant(self._clock.now()))
        document = describe(resource, self._zone, lambda: card_id(person))
        receipt = self._receive(
            person, [], documents=[document], request=request, actor=actor, role="resident"
        )
        if receipt.refused:
            raise Invalid("collecting is not consented", field="consent")
