"""Open data: yearly statistics with differential privacy, from those who agreed, for everybody; and the city's broker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from ingest.codes import VITALS
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.domain.open_data import DATASET, Person, Plan, afford, open_only, plan, strata, stratum_of, tell
from phr.domain.open_files import Edition, written
from phr.errors import Conflict, Invalid, NotFound
from phr.store.tables import OpenSpend
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import DayRow

_PEOPLE: Final = 200
_SEXES: Final = {"male": "M", "female": "F"}
_PART: Final = "open-data"


class Broker(Protocol):
    """Where entities of open data go."""

    def upsert(self, entities: Sequence[Mapping[str, Any]]) -> int:
        """Puts entities; gives how many. Raises Refused or Busy."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """The city that tells: its name, its public list of districts, and its address on the web."""

    city: str
    districts: tuple[str, ...]
    base_url: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An edition that is out."""

    edition: str
    at: datetime
    epsilon: float
    files: tuple[str, ...]


class OpenData:
    """Makes, keeps and hands out open statistics."""

    def __init__(
        self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, place: Place, reads: Store
    ) -> None:
        self._store = store
        self._reads = reads
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._place = place

    def publish(self, year: int, *, request: str) -> Shown:
        """Tells a whole year, once. Raises Refused when the budget is spent, Conflict when the year is out already."""
        how, now = plan(), self._clock.now()
        today = day_at(now, self._zone)
        if not 2000 <= year < today.year:
            raise Invalid("must be a year that is over", field="year")
        first, last = date(year, 1, 1), date(year, 12, 31)
        edition = Edition(str(year), self._place.city, self._place.base_url, first, last, now)
        access = machine(self._recipient, "research-deidentified", request, part=_PART)
        self._check(how, edition.name, today.year, access)
        people = self._read(how, edition, access)
        with self._store.begin(access) as uow:
            uow.open_data.lock(today.year)
            self._affordable(uow, how, edition.name, today.year)
            told = tell(how, strata(how, self._place.districts), people)
            uow.open_data.put(
                OpenSpend(edition=edition.name, year=today.year, epsilon=told.epsilon, at=now),
                written(how, edition, told),
            )
            uow.audit.add("open-data", edition.name, count=len(told.lines))
            uow.commit()
        return self._one(edition.name)

    def _check(self, how: Plan, edition: str, year: int, access: Access) -> None:
        """Before anybody is read: what cannot be told needs no reading."""
        with self._store.begin(access) as uow:
            self._affordable(uow, how, edition, year)

    def _affordable(self, uow: UnitOfWork, how: Plan, edition: str, year: int) -> None:
        if any(one.edition == edition for one in uow.open_data.editions()):
            raise Conflict("this year is published already: a second draw would tell more")
        afford(how, uow.open_data.spent(year))

    def _read(self, how: Plan, edition: Edition, access: Access) -> list[Person]:
        """One entry for each person who agreed, a few people in each short transaction."""
        wanted = {each.code: each for each in how.variables}
        codes = [key for key, vital in VITALS.items() if not vital.split and vital.codings[0].code in wanted]
        found: list[Person] = []
        after = UUID(int=0)
        while True:
            with self._reads.begin(access) as uow:
                days = uow.vitals.release_days(codes, edition.first, edition.last, after, _PEOPLE)
                seen = sorted({row.person_id for row in days})
                usual = _usual(days, {code: each.of for code, each in wanted.items()})
                for one in uow.people.traits(seen):
                    uow.audit.add("open-data", "day-summaries", one.person_id, count=1)
                    if one.birth_date is None:
                        continue
                    age = _age(one.birth_date, edition.last)
                    sex = _SEXES.get(one.sex, one.sex)
                    stratum = stratum_of(how, self._place.districts, one.district, age, sex)
                    if stratum is not None:
                        found.append(Person(stratum, usual[one.person_id]))
                uow.commit()
            if not seen:
                return found
            after = seen[-1]

    def editions(self) -> list[Shown]:
        """What is out, newest first: for everybody, so that it needs no reason."""
        with self._store.begin(self._anybody()) as uow:
            found = [
                Shown(one.edition, one.at, one.epsilon, tuple(uow.open_data.names(one.edition)))
                for one in uow.open_data.editions()
            ]
            uow.commit()
        return found

    def _one(self, edition: str) -> Shown:
        return next(one for one in self.editions() if one.edition == edition)

    def file(self, edition: str, name: str) -> bytes:
        """A file of an edition."""
        with self._store.begin(self._anybody()) as uow:
            body = uow.open_data.file(edition, name)
            uow.commit()
        if body is None:
            raise NotFound("no such file")
        return body

    def push(self, edition: str, broker: Broker) -> int:
        """Sends an edition's entities to the city's broker; only data tagged open may go."""
        open_only(plan(), DATASET)
        entities = orjson.loads(self.file(edition, "entities.jsonld"))
        return broker.upsert(entities)

    def _anybody(self) -> Access:
        return Access("anonymous", _PART, self._recipient, "self", "open-data")


def _usual(days: Sequence[DayRow], of: Mapping[str, str]) -> dict[UUID, dict[str, float]]:
    """Each person's mean over their days, by code; of several sources of a day the one with the most values."""
    best: dict[tuple[UUID, str, date], DayRow] = {}
    for row in days:
        place = (row.person_id, VITALS[row.code].codings[0].code, row.day)
        known = best.get(place)
        if known is None or row.summary.n > known.summary.n:
            best[place] = row
    values: dict[UUID, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for (person, code, _), row in best.items():
        value = row.summary.total if of[code] == "sum" else row.summary.mean
        if value is not None:
            values[person][code].append(value)
    people = {row.person_id for row in days}
    return {
        person: {code: sum(found) / len(found) for code, found in values[person].items()} for person in people
    }


def _age(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
