"""Callers of the withdrawal benchmark: search, read, pages, charts, everything and releases, each noting what it saw."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from phr.bootstrap import System, start
from phr.commands.benchmarks.withdraw_history import Log
from phr.config import Settings
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.query import ObservationQuery
from phr.errors import NotFound, PhrError
from phr.services.charts import Charts
from phr.services.export import Protocol
from phr.services.observations import with_cursor
from phr.services.whole_record import Place

RESEARCH: Final = "Organization/univ-a"
COVERS: Final = {
    "search": "care",
    "page": "care",
    "read": "care",
    "chart": "care",
    "everything": "care",
    "download": "research",
}
"""For each kind of read the consent that it rests on."""
People = Mapping[UUID, str]


class Callers:
    """One process of callers."""

    def __init__(self, system: System, people: People, log: Log, stop: Callable[[], bool]) -> None:
        self._system = system
        self._people = people
        self._log = log
        self._stop = stop

    def run(self) -> None:
        """Every caller in a thread of its own, until it is told to stop."""
        work = [self._search, self._page, self._read, self._chart, self._everything, self._download]
        threads = [threading.Thread(target=one, daemon=True) for one in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _access(self, person: UUID) -> Access:
        return Access("nurse", "bench", self._system.settings.recipient, "guidance", "bench-withdraw", person)

    def _each(self, kind: str, look: Callable[[UUID, str], bool]) -> None:
        """Looks at one person after the other in random order; a call that fails saw nothing."""
        order = list(self._people.items())
        while not self._stop():
            random.shuffle(order)
            for person, patient in order:
                if self._stop():
                    return
                began, saw = time.monotonic(), False
                with suppress(PhrError):
                    saw = look(person, patient)
                self._log.note(kind, patient, began, time.monotonic(), saw=saw)

    def _search(self) -> None:
        query = ObservationQuery(count=5)
        search = self._system.observations.search
        self._each(
            "search", lambda one, patient: bool(search(query, {one: patient}, self._access(one)).found)
        )

    def _page(self) -> None:
        """Pages that go on from a link that was given before."""
        links: dict[UUID, Any] = {}

        def look(person: UUID, patient: str) -> bool:
            query = with_cursor(ObservationQuery(count=5), links.get(person))
            page = self._system.observations.search(query, {person: patient}, self._access(person))
            links[person] = page.more or links.get(person)
            return bool(page.found)

        self._each("page", look)

    def _read(self) -> None:
        """One Observation by an id that was found earlier."""
        known: dict[UUID, str] = {}

        def look(person: UUID, patient: str) -> bool:
            access = self._access(person)
            if person not in known:
                page = self._system.observations.search(ObservationQuery(count=1), {person: patient}, access)
                known.update((person, one.id) for one in page.found)
                return bool(page.found)
            return bool(self._system.observations.read(known[person], access))

        self._each("read", look)

    def _chart(self) -> None:
        charts = Charts(self._system.store)
        today = day_at(self._system.clock.now(), self._system.settings.tz)
        first = today - timedelta(days=5)
        self._each(
            "chart", lambda one, _patient: bool(charts.days(one, ["8867-4"], first, today, self._access(one)))
        )

    def _everything(self) -> None:
        """Pages of the whole record, from a place that was given before."""
        places: dict[UUID, Place | None] = {}

        def look(person: UUID, patient: str) -> bool:
            at = places.get(person) or Place()
            found, more = self._system.whole_record.page(person, patient, self._access(person), at, 20)
            places[person] = more
            return any(one.kind != "Patient" for one in found)

        self._each("everything", look)

    def _download(self) -> None:
        """Makes releases, and fetches them again and again; each fetch reads everybody who is in it."""
        today = day_at(self._system.clock.now(), self._system.settings.tz)
        protocol = Protocol("bench", "1", RESEARCH, ("8867-4",), date(2020, 1, 1), today, "pseudonymised")
        access = self._system.export.reader(RESEARCH, "bench", "bench-withdraw")
        while not self._stop():
            with suppress(PhrError):
                release = self._system.export.publish(
                    protocol, actor="bench", request="bench-withdraw"
                ).release_id
                self._fetch(release, access)
            time.sleep(0.2)

    def _fetch(self, release: str, access: Access) -> None:
        with self._system.store.begin(access) as uow:
            inside = [self._people[one] for one in uow.releases.members(release) if one in self._people]
            uow.commit()
        while not self._stop():
            began, saw = time.monotonic(), False
            try:
                saw = bool(self._system.export.file(release, "certificate.json", access))
            except NotFound:
                return
            except PhrError:
                saw = False
            ended = time.monotonic()
            for patient in inside:
                self._log.note("download", patient, began, ended, saw=saw)
            if not saw:
                return
            time.sleep(0.05)


def work(settings: Settings, people: People, path: Path, stop: Path) -> None:
    """A process of callers; it ends when a file appears, when nobody is left to wait for it, or when it is killed."""
    system, parent = start(settings), os.getppid()
    Callers(system, people, Log(path), lambda: stop.exists() or os.getppid() != parent).run()
    system.close()
