"""Paper forms: what staff copy from a sheet goes into the record of the person with that number and birth date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.paper_forms import Entry, refuse_days, series_of
from phr.errors import Invalid
from phr.ids import person_id
from phr.store.uow import Store

Take = Callable[..., Any]
"""The receive use case."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a sheet: new values, there already, kept apart, not consented, and whether one is red."""

    person: UUID
    stored: int
    repeated: int
    apart: int
    refused: int
    red: bool


class PaperForms:
    """Copies sheets into the records of one city's people."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, receive: Take) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._receive = receive

    def owner(self, patient: str, born: date, access: Access) -> UUID:
        """The person of a sheet. Raises Invalid when the birth date on paper is not that of the record.

        A number that nobody has, somebody else's birth date and a record that staff may not touch look the same.
        """
        person = person_id(patient)
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None or known.birth_date != born:
            raise Invalid("is not the number of a record with this birth date", field="patient")
        return person

    def copy(self, patient: str, born: date, entries: Sequence[Entry], access: Access) -> Copied:
        """Stores a sheet. Raises Invalid, naming the field; a missing consent looks like a wrong number."""
        if not entries:
            raise Invalid("nothing is written on the sheet", field="sheet")
        refuse_days(entries, day_at(self._clock.now(), self._zone))
        person = self.owner(patient, born, access.for_purpose("collect"))
        receipt = self._receive(
            person,
            series_of(entries, self._zone),
            request=access.request,
            actor=access.actor,
            role=access.role,
        )
        if receipt.refused and not receipt.stored + receipt.repeated:
            raise Invalid("is not the number of a record with this birth date", field="patient")
        return Copied(
            person,
            receipt.stored,
            receipt.repeated,
            receipt.conflicts + receipt.quarantined,
            receipt.refused,
            any(each.severity == "red" for each in receipt.warnings),
        )
