"""What a city asks of its health record on a morning: deliveries of watches and cuffs, pages, searches, alarms among them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from phr.commands.benchmarks.bench_alarm import blood_pressure
from phr.commands.benchmarks.bench_load_city import CUFF, TEMPLATES, WATCH, City
from phr.commands.benchmarks.bench_load_driver import Ask, Kind
from phr.commands.benchmarks.bench_pages_city import NURSES
from phr.commands.benchmarks.bench_post import bundle, heart_rate
from phr.domain.access import HOME, Access
from phr.web.answer import SESSION_COOKIE

_PEAK: Final = 3_600.0
"""Seconds in which everybody who has a device delivers once, and who looks in the morning does."""
_BATCH: Final = 60
"""Heart rates of one delivery: an hour, one a minute."""
_LOOKING: Final = 0.10
_PAGES: Final = ("/today", "/record/blood-pressure", "/record/heart-rate?period=week", "/check-up")
_APPS: Final = 0.05
"""The shares of the residents who look at their pages, or whose apps search, within that hour."""
_ALARM: Final = 0.05 / 50_000
"""Alarms a second for each resident: three a minute in a city of 50,000, far more than there are, so that they are measured."""
_SESSIONS: Final = 400
_NURSES_EVERY: Final = 8.0  # seconds for which a nurse looks at a page
_STATISTICS_EVERY: Final = 30.0


class Morning:
    """The requests of a city's morning, under sessions and tokens that are renewed before they end."""

    def __init__(self, city: City, alarmed: Callable[[str], None]) -> None:
        self._city = city
        self._alarmed = alarmed
        self._alarms = 0
        self._sessions: list[str] = []
        self._nurses: list[str] = []
        self._tokens: dict[str, str] = {}
        self._cases: list[str] = []
        system, recipient = city.system, city.system.settings.recipient
        for subject in ("load-gateway", "load-app"):
            system.accounts.put(subject, "nurse", recipient=recipient, request="load")
        self.renew()

    @property
    def nurse(self) -> Access:
        """The nurse who watches for alarms."""
        return Access("nurse", "nurse-1", self._city.system.settings.recipient, "guidance", "load")

    def renew(self) -> None:
        """New sessions and tokens for everybody; sessions of other residents than before, spread over the city."""
        system, step = self._city.system, max(1, self._city.residents // _SESSIONS)
        issue = system.accounts.issue
        self._sessions = [
            issue(self._city.patient(number), "web", purpose=HOME["resident"], request="load")
            for number in range(0, self._city.residents, step)
        ]
        self._nurses = [
            issue(f"nurse-{number + 1}", "web", purpose=HOME["nurse"], request="load")
            for number in range(NURSES)
        ]
        self._tokens = {
            name: issue(f"load-{name}", "token", purpose=purpose, request="load")
            for name, purpose in (("gateway", "collect"), ("app", "guidance"))
        }
        self._cases = [str(row.item.item_id) for row in system.worklist.listed(self.nurse, limit=100)]

    def headers(self, name: str) -> dict[str, str]:
        """Of a machine."""
        return {"Authorization": f"Bearer {self._tokens[name]}", "Content-Type": "application/fhir+json"}

    def kinds(self, rate: float) -> Sequence[Kind]:
        """Every kind at its pace for this city, times rate."""
        people = self._city.residents
        hour = rate * people / _PEAK
        nurses = rate * NURSES * 2 / _NURSES_EVERY
        return (
            Kind("sync", hour / WATCH, self._sync),
            Kind("reading", hour / CUFF, self._reading),
            Kind("alarm", rate * people * _ALARM, self._alarm, self._told),
            Kind("page", hour * _LOOKING * len(_PAGES), self._page),
            Kind("nurse list", nurses / 2, self._list),
            Kind("nurse case", nurses / 2, self._case),
            Kind("search", hour * _APPS, self._search),
            Kind("statistics", rate / _STATISTICS_EVERY, self._statistics),
        )

    def _anybody(self, dice: random.Random, every: int) -> str:
        """A resident whose template has such a device."""
        number = dice.randrange(self._city.residents)
        template = number % TEMPLATES // every * every
        return self._city.patient(min(number - number % TEMPLATES + template, self._city.residents - 1))

    def _sync(self, dice: random.Random) -> Ask:
        patient, last = self._anybody(dice, WATCH), datetime.now(UTC) - timedelta(seconds=dice.randrange(60))
        moments = (last - timedelta(minutes=number) for number in range(_BATCH, 0, -1))
        bodies = [heart_rate(patient, moment, 58 + dice.randrange(30)) for moment in moments]
        return Ask("POST", "/fhir", self.headers("gateway"), bundle(bodies))

    def _reading(self, dice: random.Random) -> Ask:
        patient = self._anybody(dice, CUFF)
        body = blood_pressure(patient, 110 + dice.randrange(40), 65 + dice.randrange(20))
        return Ask("POST", "/fhir/Observation", self.headers("gateway"), body)

    def _alarm(self, _dice: random.Random) -> Ask:
        """Of one resident after the other, so that every alarm opens a case."""
        self._alarms += 1
        patient = self._city.patient((self._alarms * 7919) % self._city.residents)
        body = blood_pressure(patient, 186, 112)
        return Ask("POST", "/fhir/Observation", self.headers("gateway"), body, patient)

    def _told(self, ask: Ask, _answer: httpx.Response) -> None:
        self._alarmed(ask.patient)

    def _page(self, dice: random.Random) -> Ask:
        return Ask("GET", dice.choice(_PAGES), {"Cookie": f"{SESSION_COOKIE}={dice.choice(self._sessions)}"})

    def _staff(self, dice: random.Random, path: str) -> Ask:
        return Ask("GET", path, {"Cookie": f"{SESSION_COOKIE}={dice.choice(self._nurses)}"})

    def _list(self, dice: random.Random) -> Ask:
        return self._staff(dice, "/staff")

    def _case(self, dice: random.Random) -> Ask:
        return self._staff(dice, f"/staff/cases/{dice.choice(self._cases)}")

    def _statistics(self, dice: random.Random) -> Ask:
        return self._staff(dice, "/staff/statistics")

    def _search(self, dice: random.Random) -> Ask:
        patient = self._anybody(dice, CUFF)
        return Ask(
            "GET",
            f"/fhir/Observation?patient={patient}&code=85354-9&_count=50&_sort=-date",
            self.headers("app"),
        )
