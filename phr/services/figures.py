"""Figures: what the city's plan is measured by, counted once a day and kept, never below the k of exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.store.tables import CityFigure
from phr.store.uow import Store

PURPOSES: Final = (
    "collect",
    "guidance",
    "risk",
    "points",
    "insurer",
    "family",
    "research-deidentified",
    "research-identifiable",
)
_BEGUN: Final = (
    "interviewed",
    "planned",
    "supporting",
    "evaluated",
    "completed",
    "incomplete",
    "dropped-out",
)
_WEEK: Final = timedelta(days=6)
_MONTH: Final = timedelta(days=30)
_FISCAL: Final = 4  # the Japanese fiscal year begins in April


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one day; ``n`` is None where it would tell of fewer than k people. whole: of how many."""

    day: date
    name: str
    part: str
    n: int | None
    whole: int | None = None


class Figures:
    """Counts under the purposes that allow it; what is kept holds numbers only."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str, k: int) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._k = k

    def measure(self, researchers: Sequence[str], *, request: str) -> list[Figure]:
        """Counts today's figures and keeps them in place of earlier ones of today. researchers: their organisations."""
        today = day_at(self._clock.now(), self._zone)
        found = [self._opted_in(today, purpose, researchers, request) for purpose in PURPOSES]
        found += [self._residents(today, request), self._withdrew(today, request)]
        found += [
            self._devices(today, request),
            self._uptake(today, request),
            self._incidents(today, request),
        ]
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "operate", request, part="figures")) as uow:
            uow.figures.put(
                [
                    CityFigure(day=one.day, name=one.name, part=one.part, n=one.n, whole=one.whole, at=now)
                    for one in found
                ]
            )
            uow.audit.add("count", "figures", count=len(found))
            uow.commit()
        return found

    def since(self, first: date, *, actor: str, request: str) -> list[Figure]:
        """The figures kept from a day on, by name, part and day."""
        with self._store.begin(Access("operator", actor, self._recipient, "operate", request)) as uow:
            rows = uow.figures.since(first)
            uow.commit()
        return [Figure(row.day, row.name, row.part, row.n, row.whole) for row in rows]

    def _machine(self, purpose: str, request: str, recipient: str = "") -> Access:
        return machine(recipient or self._recipient, purpose, request, part="figures")

    def _residents(self, today: date, request: str) -> Figure:
        with self._store.begin(self._machine("session", request)) as uow:
            number = uow.figures.residents()
            uow.commit()
        return Figure(today, "residents", "", self._shown(number))

    def _opted_in(self, today: date, purpose: str, researchers: Sequence[str], request: str) -> Figure:
        """People with a live permit; for research of the recipient that most share with, so that nobody counts twice."""
        recipients = researchers if purpose.startswith("research") else (self._recipient,)
        most = 0
        for recipient in recipients:
            with self._store.begin(self._machine(purpose, request, recipient)) as uow:
                number = uow.figures.opted_in()
                uow.audit.add("count", "consent", count=number)
                uow.commit()
            most = max(most, number)
        return Figure(today, "opt-ins", purpose, self._shown(most))

    def _withdrew(self, today: date, request: str) -> Figure:
        with self._store.begin(self._machine("audit", request)) as uow:
            number = uow.figures.withdrew(self._clock.now() - _MONTH)
            uow.audit.add("count", "AuditEvent", count=number)
            uow.commit()
        return Figure(today, "withdrawals", "", self._shown(number))

    def _devices(self, today: date, request: str) -> Figure:
        with self._store.begin(self._machine("collect", request)) as uow:
            devices, people = uow.figures.sources([key for key in VITALS if key != "checkup"], today - _WEEK)
            uow.audit.add("count", "device", count=devices)
            uow.commit()
        return Figure(today, "devices", "", None if people < self._k else devices)

    def _uptake(self, today: date, request: str) -> Figure:
        first = date(today.year - (today.month < _FISCAL), _FISCAL, 1)
        with self._store.begin(self._machine("guidance", request)) as uow:
            begun, offered = uow.figures.guided(_BEGUN, first)
            uow.audit.add("count", "guidance", count=offered)
            uow.commit()
        rest = offered - begun
        few = begun < self._k or 0 < rest < self._k  # those who are left out are as few as those who are in
        return Figure(today, "uptake", "", None if few else begun, None if few else offered)

    def _incidents(self, today: date, request: str) -> Figure:
        """Leaks that are not closed, without drills: a number of the city's, not of people."""
        with self._store.begin(self._machine("operate", request)) as uow:
            number = sum(one.closed_at is None and not one.drill for one in uow.incidents.all())
            uow.commit()
        return Figure(today, "incidents", "", number)

    def _shown(self, people: int) -> int | None:
        return people if people >= self._k else None
