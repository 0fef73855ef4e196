"""What the benchmark of growth times: the service's own use cases over people and days drawn by lot, warm and cold."""

from __future__ import annotations

import gc
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np

from ingest.series import Series, Source
from phr.bootstrap import System, stop_embedded
from phr.commands.benchmarks.bench_growth_town import Grown, Town, installation
from phr.commands.benchmarks.bench_setting import quantiles
from phr.domain.access import Access
from phr.domain.days import begins
from phr.domain.query import ObservationQuery, dates, tokens
from phr.services.charts import Charts

HEART: Final = "8867-4"
_HITS: Final = 100
_WEEK: Final = timedelta(days=7)
_YEAR: Final = timedelta(days=364)
_BATCH: Final = 100  # heart rates of one delivery
_SECOND: Final = 1_000_000
_WARMING: Final = 5  # looks that fill the caches of code and catalogue, of nobody who is measured afterwards


@dataclass(frozen=True, slots=True)
class Pick:
    """Somebody and a civil day that is stored of them."""

    patient: str
    person: UUID
    day: date


@dataclass(frozen=True, slots=True)
class Looks:
    """The use cases of one running system. devices: the key of whom each person's heart rates come from."""

    system: System
    end: date
    devices: dict[UUID, str] = field(default_factory=dict)

    def _access(self, pick: Pick) -> Access:
        return Access(
            "nurse", "bench", self.system.settings.recipient, "guidance", "bench-growth", pick.person
        )

    def search(self, pick: Pick) -> int:
        """A hundred heart rates of the week that ends with the day, newest first, as FHIR."""
        zone = self.system.settings.tz
        query = ObservationQuery(
            codes=(tokens(f"http://loinc.org|{HEART}", "code"),),
            dates=(
                dates(f"ge{pick.day - _WEEK}", "date", zone),
                dates(f"le{pick.day}", "date", zone),
            ),
            count=_HITS,
        )
        found = self.system.observations.search(query, {pick.person: pick.patient}, self._access(pick))
        return len(found.found)

    def day(self, pick: Pick) -> int:
        """The heart rates of a day."""
        found = Charts(self.system.store).samples(
            pick.person, [HEART], pick.day, pick.day, self._access(pick)
        )
        return sum(len(one.columns) for one in found)

    def year(self, pick: Pick) -> int:
        """The summaries of the last year."""
        charts = Charts(self.system.store)
        return len(charts.days(pick.person, [HEART], self.end - _YEAR, self.end, self._access(pick)))

    def newest(self, pick: Pick) -> int:
        """The newest Observation of each code ($lastn)."""
        query = ObservationQuery(count=1)
        return len(self.system.observations.latest(query, {pick.person: pick.patient}, self._access(pick), 1))

    def write(self, pick: Pick) -> int:
        """A late delivery of a hundred heart rates into a day that is stored: all that receiving does."""
        first = int(begins(pick.day, self.system.settings.tz).timestamp()) * _SECOND
        # Between whole seconds, where nobody measured: the day is merged, and nothing is a repetition.
        lot = random.randrange(1, _SECOND)  # noqa: S311 - a benchmark's lot
        start = first + 3600 * _SECOND + np.arange(_BATCH, dtype=np.int64) * 61 * _SECOND + lot
        series = Series(
            HEART,
            Source(self.devices[pick.person]),
            start,
            {"value": np.full(_BATCH, 71.0)},
            np.full(_BATCH, 32400, np.int32),
            np.zeros(_BATCH, np.uint8),
        )
        return self.system.receive(pick.person, [series], request="bench-growth").stored

    def meet(self, people: Sequence[Pick]) -> None:
        """Finds out whose device measures, so that a delivery meets what is stored."""
        for one in people:
            if one.person not in self.devices:
                charts = Charts(self.system.store)
                found = charts.samples(one.person, [HEART], self.end, self.end, self._access(one))
                self.devices[one.person] = found[0].key


def picks(people: Sequence[Grown], end: date, number: int, seed: int) -> list[Pick]:
    """People and days by lot, always the same for the same seed; of those with a long history where there are any."""
    lot = random.Random(seed)  # noqa: S311 - a benchmark's lot
    longest = max(one.days for one in people)
    long = [one for one in people if one.days == longest]
    found = []
    for _ in range(number):
        one = lot.choice(long)
        back = lot.randrange(min(one.days, 700))
        found.append(Pick(one.patient, UUID(one.person), end - timedelta(days=back)))
    return found


def measured(folder: Path, town: Town, number: int) -> dict[str, Any]:
    """p50 and p95 of each use case, cold and warm.

    Cold: the server is stopped, its files are put out of the memory of the operating system, it starts again, and
    each look is at somebody and a day by lot. Warm: the same looks again.
    """
    found: dict[str, Any] = {}
    with running(folder / "home", cold=True) as system:
        looks = Looks(system, town.end)
        works: dict[str, Callable[[Pick], int]] = {
            "search_100_hits": looks.search,
            "day_of_samples": looks.day,
            "chart_of_a_year": looks.year,
            "lastn": looks.newest,
            "write_into_a_day": looks.write,
        }
        for one in picks(town.people, town.end, _WARMING, seed=99):
            looks.meet([one])
            for work in works.values():
                work(one)
        for seed, (name, work) in enumerate(works.items()):
            chosen = picks(town.people, town.end, number, seed)
            looks.meet(chosen)
            found[name] = {"cold": _timed(work, chosen), "warm": _timed(work, chosen)}
    return found


def _timed(work: Callable[[Pick], int], chosen: Sequence[Pick]) -> dict[str, float]:
    """Quantiles of the time, and how many milliseconds of each look this process computed itself."""
    found = []
    gc.collect()
    own = time.process_time()
    for pick in chosen:
        began = time.perf_counter()
        seen = work(pick)
        found.append(time.perf_counter() - began)
        if not seen:
            raise RuntimeError("a look of the benchmark found nothing")
    return {**quantiles(found), "app_ms": round((time.process_time() - own) / len(found) * 1000, 3)}


@contextmanager
def running(home: Path, *, cold: bool = False) -> Iterator[System]:
    """The installation of a folder while it runs; stopped afterwards."""
    if (home / "pg" / "postmaster.pid").exists():
        stop_embedded(home)
    if cold:
        put_out(home / "pg")
    system = installation(home)
    try:
        yield system
    finally:
        system.close()
        stop_embedded(home)


def put_out(folder: Path) -> int:
    """Asks the operating system to keep nothing of these files in memory, and of no others; how many bytes they hold."""
    size = 0
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            size += file.stat().st_size
    return size
