"""The emergency card: read by the resident, kept as a document of theirs when they agreed that it is kept; also from paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access, resident
from phr.domain.days import day_at
from phr.domain.documents import Described, describe, instant, parse
from phr.domain.emergency import card_id, card_of, checked, from_paper, may_be_newer, response
from phr.domain.questionnaires import refuse_day
from phr.errors import Invalid, NotFound, Unmet
from phr.ids import person_id
from phr.store.uow import Store, UnitOfWork

ReceiveOne = Callable[..., Any]
"""The receive use case: alone, or within a transaction that is open in a collecting context."""
_KIND: Final = "QuestionnaireResponse"
_NO_RECORD: Final = "is not the number of a record with this birth date"


@dataclass(frozen=True, slots=True)
class Card:
    """A person's card; nothing is filled in before it was saved once.

    written: the day on which the person wrote it; saved: when it came in; paper: staff copied it from a sheet.
    """

    name: str
    kana: str
    born: date | None
    fields: Mapping[str, str] = field(default_factory=dict)
    saved: datetime | None = None
    paper: bool = False
    written: date | None = None


class Emergency:
    """The cards of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, receive: ReceiveOne, within: ReceiveOne
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._receive = receive
        self._within = within

    def card(self, person: UUID, access: Access) -> Card:
        """The card of who asks."""
        with self._store.begin(access) as uow:
            known = uow.people.get(person)
            found = uow.documents.get(_KIND, card_id(person))
            count = 0 if found is None else 1
            uow.audit.add("read", "emergency-card", person, categories="questionnaire", count=count)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        made = Card(known.name or known.patient_id, known.kana, known.birth_date)
        if found is None or found.deleted:
            return made
        kept = parse(found.body.encode())
        return replace(
            made, fields=card_of(kept), saved=found.updated_at, paper=from_paper(kept), written=found.day
        )

    def keep(self, person: UUID, typed: Mapping[str, str], *, actor: str, request: str) -> None:
        """Keeps a card. Raises Invalid naming the field; ``consent`` where nothing of the kind may be kept."""
        card = checked(typed)
        with self._store.begin(resident(person, actor, request)) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None:
            raise NotFound("no such person")
        resource = response(person, known.patient_id, card, instant(self._clock.now()))
        document = self._described(person, resource)
        receipt = self._receive(
            person, [], documents=[document], request=request, actor=actor, role="resident"
        )
        if receipt.refused:
            raise Invalid("collecting is not consented", field="consent")

    def copy(
        self,
        patient: str,
        typed: Mapping[str, str],
        *,
        born: date,
        day: date,
        access: Access,
        confirmed: bool = False,
    ) -> Card:
        """Keeps a card that staff copied from a sheet, in place of the one before; gives what is on it, to be printed.

        confirmed: the resident said that the sheet stands, whatever was written since.
        Raises Invalid naming the field, and Unmet where the card that is kept may be newer than the sheet. A number
        that nobody has, somebody else's birth date and a missing consent look the same.
        """
        card = checked(typed)
        if not card:
            raise Invalid("nothing is written on the sheet", field="sheet")
        now = self._clock.now()
        refuse_day(day, day_at(now, self._zone))
        person = person_id(patient)
        document = self._described(person, response(person, patient, card, day.isoformat(), access.recipient))
        with self._store.begin(access.for_purpose("collect").about(person), locked=person) as uow:
            known = uow.people.get(person)
            if known is None or known.birth_date != born:
                raise Invalid(_NO_RECORD, field="patient")
            if not confirmed:
                _refuse_newer(uow, person, day)
            if self._within(uow, person, [], [document]).refused:
                raise Invalid(_NO_RECORD, field="patient")
            uow.commit()
        name = known.name or known.patient_id
        return Card(name, known.kana, known.birth_date, card, now, paper=True, written=day)

    def _described(self, person: UUID, resource: dict[str, Any]) -> Described:
        return describe(resource, self._zone, lambda: card_id(person))


def _refuse_newer(uow: UnitOfWork, person: UUID, day: date) -> None:
    """Refuses a sheet of a day on which, or after which, the person wrote the card that is kept."""
    found = uow.documents.get(_KIND, card_id(person))
    if found is None or found.deleted:
        return
    if may_be_newer(found.day, day, on_paper=from_paper(parse(found.body.encode()))):
        raise Unmet("the card that is kept may be newer than the sheet")
