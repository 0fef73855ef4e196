"""Majority: on the eighteenth birthday the consents that others gave lapse, and both are told; the young adult is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from consent.fhir import read
from consent.model import Consent
from phr.clock import Clock
from phr.domain.access import machine
from phr.domain.agreeing import by_others, came_of_age
from phr.domain.days import day_at
from phr.domain.documents import parse
from phr.domain.family.ages import add_months
from phr.domain.family.guardianship import RULES
from phr.ids import new_id, person_id
from phr.store.uow import Store, UnitOfWork

Withdraw = Callable[[UUID, str, str], None]
"""Withdraws a consent: person, consent, request."""
_LOOK_BACK: Final = timedelta(days=31)
"""Birthdays of so many days are looked at again, so that a night without the job loses nobody."""
_PART: Final = "majority"


class Majority:
    """The birthday job of one city."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, withdraw: Withdraw
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._withdraw = withdraw

    def round(self, *, request: str) -> int:
        """Everybody who came of age lately; gives for how many something lapsed. Running it again changes nothing."""
        today = day_at(self._clock.now(), self._zone)
        months = -12 * RULES.majority
        first, last = add_months(today - _LOOK_BACK, months), add_months(today, months) + timedelta(days=1)
        with self._store.begin(machine(self._recipient, "register", request, part=_PART)) as uow:
            people = [
                (one.person_id, one.birth_date)
                for one in uow.people.born(first, last)
                if came_of_age(one.birth_date, today)
            ]
            uow.commit()
        return sum(self._one(person, request) for person, _born in people)

    def _one(self, person: UUID, request: str) -> bool:
        lapsed = self._given_by_others(person, request)
        for consent in lapsed:
            self._withdraw(person, str(consent.id), request)
        if lapsed:
            with self._store.begin(machine(self._recipient, "consent", request, person, _PART)) as uow:
                self._post(uow, person, person, "consent.of-age")
                uow.commit()
            for other in sorted({each for consent in lapsed for each in by_others(consent)}):
                self._tell_guardian(other, person, request)
        return bool(lapsed)

    def _given_by_others(self, person: UUID, request: str) -> list[Consent]:
        """The consents in force that somebody else gave, alone or together with the young person."""
        with self._store.begin(machine(self._recipient, "consent", request, person, _PART)) as uow:
            found = [
                read(parse(each.body.encode()), self._zone)
                for each in uow.documents.of_person(person, "Consent")
            ]
            uow.commit()
        return [each for each in found if each.status == "active" and by_others(each)]

    def _tell_guardian(self, performer: str, person: UUID, request: str) -> None:
        kind, _, patient = performer.partition("/")
        if kind != "Patient":
            return
        guardian = person_id(patient)
        with self._store.begin(machine(self._recipient, "consent", request, guardian, _PART)) as uow:
            if uow.people.get(guardian) is not None:
                self._post(uow, guardian, person, "consent.guardian-ended")
            uow.commit()

    def _post(self, uow: UnitOfWork, to: UUID, about: UUID, template: str) -> None:
        """One message for each person; the key holds the young person's id as the database has it, no name."""
        now = self._clock.now()
        uow.outbox.post(to, new_id(), "message", f"of-age:{about}", {"template": template, "params": {}}, now)
