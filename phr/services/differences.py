"""Differences: check-ups whose delivered judgement is not ours (R2-3); the delivered code stays the official one.

Nothing is stored a second time: the delivered codes are kept with the check-up, and the list is made of them whenever
it is asked for, so that a corrected check-up or a changed rule shows at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.store.tables import Person
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk
from risk.differences import ITEMS, Difference, compare
from risk.errors import BadInput

_CODE: Final = "checkup"
_DELIVERED: Final = frozenset(ITEMS)
_YEARS: Final = 3
_BLOCK: Final = 500
_LOOKED: Final = 1_000  # people in one page: enough to fill it, little enough to answer at once
_FROM: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Differing:
    """One judgement of one person's newest check-up."""

    person: UUID
    name: str
    kana: str
    day: date
    difference: Difference


@dataclass(frozen=True, slots=True)
class Listed:
    """Some of the differences in the order of people's ids. after: where to go on, None at the end."""

    rows: tuple[Differing, ...]
    checkups: int
    after: UUID | None


class Differences:
    """Lists differences of one city's check-ups."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, glucose_rule: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._glucose = glucose_rule

    def listed(self, access: Access, after: UUID = _FROM, most: int = 50) -> Listed:
        """The next differences that this caller may see; each person whose check-up was compared is in the trail."""
        rows: list[Differing] = []
        checkups = looked = 0
        while looked < _LOOKED:
            people, found, compared = self._block(access, after)
            if not people:
                return Listed(tuple(rows), checkups, None)
            looked += len(people)
            checkups += compared
            rows += found
            after = people[-1].person_id
            if len(rows) >= most:
                break
        kept = [one for one in rows if one.person <= rows[most - 1].person] if len(rows) > most else rows
        return Listed(tuple(kept), checkups, kept[-1].person if len(kept) < len(rows) else after)

    def all(self, access: Access) -> Iterator[Differing]:
        """Every difference that this caller may see, a block of people in each transaction."""
        after = _FROM
        while True:
            people, found, _ = self._block(access, after)
            if not people:
                return
            yield from found
            after = people[-1].person_id

    def count(self, people: Sequence[UUID], *, request: str) -> int:
        """How many judgements of these people's newest check-ups differ, as the import says it."""
        total = 0
        for person in people:
            with self._store.begin(machine(self._recipient, "collect", request, person, "import")) as uow:
                known = uow.people.get(person)
                total += len(self._differing(uow, [known])[0]) if known is not None else 0
                uow.commit()
        return total

    def _block(self, access: Access, after: UUID) -> tuple[Sequence[Person], list[Differing], int]:
        with self._store.begin(access) as uow:
            people = uow.people.all(after, _BLOCK)
            found, compared = self._differing(uow, people)
            uow.commit()
        return people, found, compared

    def _differing(self, uow: UnitOfWork, people: Sequence[Person]) -> tuple[list[Differing], int]:
        today = day_at(self._clock.now(), self._zone)
        since = today - timedelta(days=366 * _YEARS)
        newest = uow.vitals.newest([one.person_id for one in people], _CODE, since, today, holding=_DELIVERED)
        found: list[Differing] = []
        compared = 0
        for person in people:
            chunk = newest.get(person.person_id)
            if chunk is None or not _DELIVERED.intersection(chunk.columns.channels):
                continue
            compared += 1
            uow.audit.add("compare", "Observation", person.person_id, categories=_CODE, count=1)
            found += [
                Differing(
                    person.person_id, person.name or person.patient_id, person.kana, chunk.slot.day, one
                )
                for one in self._compared(person, chunk)
            ]
        return found, compared

    def _compared(self, person: Person, chunk: Chunk) -> tuple[Difference, ...]:
        """A check-up whose values our rules cannot read is judged by nobody here, and differs from nothing."""
        row = len(chunk.columns) - 1
        answers: dict[str, Any] = {
            name: float(column[row])
            for name, column in chunk.columns.channels.items()
            if not np.isnan(column[row])
        }
        answers["checkup_date"] = chunk.slot.day.isoformat()
        answers["sex"] = {"male": "M", "female": "F"}.get(person.sex, "")
        answers["birth_date"] = "" if person.birth_date is None else person.birth_date.isoformat()
        try:
            return compare(answers, glucose_rule=self._glucose)
        except BadInput:
            return ()
