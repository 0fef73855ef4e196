"""Load: a city's morning for as long as asked, its server and worker on the machine of the driver; times, memory, alarms."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
from prometheus_client.parser import text_string_to_metric_families

from phr.commands.benchmarks.bench_load_city import City, city
from phr.commands.benchmarks.bench_load_driver import Driven, Kind, drive
from phr.commands.benchmarks.bench_load_kinds import Morning
from phr.commands.benchmarks.bench_load_machine import Memory, Parts, parts
from phr.commands.benchmarks.bench_setting import machine, quantiles
from phr.domain.access import Access
from phr.domain.bulk.kickoff import understood
from phr.errors import NotFound, PhrError
from phr.ids import new_id, person_id
from phr.services.bulk.asking import Client

RESIDENTS: Final = 50_000
MINUTES: Final = 60.0
TARGETS_P95_MS: Final = {
    "sync": 250,
    "reading": 100,
    "alarm": 100,
    "page": 150,
    "nurse list": 150,
    "nurse case": 150,
    "search": 100,
    "statistics": 500,
}
_SLOPE: Final = 20.0
"""MB an hour that a part of the server may seem to grow: less than what a day of it would show."""
_LOOK: Final = 10.0
_MARK: Final = 300.0
_RENEW: Final = 600.0
_SEE: Final = 0.05
_UNSEEN: Final = 30.0
_EXPORT: Final = "load-export"
"""The file in the city's folder that names the export under way."""


def run(
    residents: int = RESIDENTS,
    minutes: float = MINUTES,
    rate: float = 1.0,
    kept: Path | None = None,
    workers: int = 2,
    shedding: bool = True,
) -> dict[str, Any]:
    """The figures; every number is of this machine with the driver on it. baseline: a page and a search alone, before."""
    more = {"PHR_LOAD_SHEDDING": "on" if shedding else "off"}
    with city(residents, kept, {}, _say) as here, parts(here.system, workers, more) as running:
        watched = Watched(here)
        morning = Morning(here, watched.alarmed)
        baseline = asyncio.run(_alone(running, morning.kinds(1.0)))
        before, disk, load = scraped(running.port), _disk(running.port), os.getloadavg()
        memory, cpu = Memory.of(running), running.cpu_seconds()
        began = time.monotonic()
        driven = asyncio.run(_morning(running, morning, watched, memory, (minutes * 60, rate)))
        seconds = time.monotonic() - began
        spent = {name: round(now - cpu[name], 1) for name, now in running.cpu_seconds().items()}
        figures = _figures(driven, seconds) | {
            "residents": residents,
            "minutes": round(seconds / 60, 1),
            "rate": rate,
            "server_processes": workers,
            "shedding": shedding,
            "city": here.built,
            "shed": _grown(before, scraped(running.port)),
            "alarm_seen_on_the_list": watched.figures(),
            "memory": memory.figures(_MARK),
            "cpu_seconds": spent,
            "cpu_share_of_the_driver": round(spent["driver"] / seconds / (os.cpu_count() or 1), 3),
            "disk_growth_mb": round((_disk(running.port) - disk) / 1e6, 1),
            "exports": watched.exported(),
        }
    figures["kept"] = _kept(figures)
    return {
        "name": "load",
        "machine": {**machine(), "load_1_5_15_min_before": [round(one, 1) for one in load]},
        "figures": figures,
        "baseline": baseline,
        "ratio": {
            name: round(figures["kinds"][name]["p50_ms"] / one["p50_ms"], 2)
            for name, one in baseline.items()
            if "p50_ms" in figures["kinds"].get(name, {})
        },
    }


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")


class Watched:
    """Looks for each alarm on the list of the nurses from the moment in which its sender was answered; begins and counts exports."""

    def __init__(self, here: City) -> None:
        self._system = here.system
        self._pool = ThreadPoolExecutor(1)
        self._answered = 0
        self._seen: list[float] = []
        self._missed = 0
        self._exports: list[int] = []
        self._kept = here.system.settings.home / _EXPORT
        self._job: UUID | None = None
        self.nurse: Any = None
        if (
            self._kept.exists()
        ):  # of a run that was killed: this one's exports would wait for it, or be refused
            self._job = UUID(self._kept.read_text())
            self._remove()

    def alarmed(self, patient: str) -> None:
        """An alarm was acknowledged now."""
        self._answered += 1
        self._pool.submit(self._look, patient, time.monotonic(), self._answered + 100)

    def _look(self, patient: str, since: float, most: int) -> None:
        person = person_id(patient)
        while time.monotonic() - since < _UNSEEN:
            asked = time.monotonic()
            rows = self._system.worklist.listed(self.nurse, limit=most)
            if any(row.item.person_id == person and row.item.kind.startswith("alarm") for row in rows):
                self._seen.append(
                    max(0.0, asked - since)
                )  # what the look itself took is the nurse's page, not a delay
                return
            time.sleep(_SEE)
        self._missed += 1

    @property
    def _exporter(self) -> Access:
        return Access("system", "load", self._system.settings.recipient, "guidance", "load")

    def ask_export(self) -> None:
        """Begins an export of everybody's Observations."""
        asked = understood(
            "system", "", [("_type", "Observation")], "load", lambda _k, _q: None, lenient=False
        )
        client = Client(new_id(), "")
        self._job = self._system.bulk_asking.ask("export", asked.plain(), client, self._exporter)
        self._kept.write_text(str(self._job))

    def export_ended(self) -> bool:
        """Whether it is over; then its files are removed and its lines counted."""
        state, lines = self._export()
        if state not in {"", "done", "failed"}:
            return False
        if state:
            self._exports.append(lines if state == "done" else 0)
            self._remove()
        return True

    def _export(self) -> tuple[str, int]:
        """State and lines of the export under way; no state where there is none."""
        if self._job is None:
            return "", 0
        found, _files = self._system.bulk_asking.status(self._job, "", self._exporter)
        return found.state, found.lines

    def _remove(self) -> None:
        if self._job is not None:
            with suppress(NotFound):  # its time is over
                self._system.bulk_asking.remove(self._job, "", self._exporter)
            self._kept.unlink(missing_ok=True)
            self._job = None

    def exported(self) -> dict[str, int]:
        """How many exports ended, and with how many Observations together; and how far the last one came, which is taken back.

        It would go on in the next run with a city that is kept, and that run's own would wait for it.
        """
        _state, under_way = self._export()
        self._remove()
        return {
            "ended": len(self._exports),
            "observations": sum(self._exports),
            "under_way": under_way,
        }

    def figures(self) -> dict[str, Any]:
        """Seconds from the answer to the beginning of the first look that shows it; looks queue, so it is an upper bound."""
        self._pool.shutdown()
        return {"alarms": self._answered, "not_seen": self._missed, **quantiles(self._seen)}


async def _morning(
    running: Parts, morning: Morning, watched: Watched, memory: Memory, asked: tuple[float, float]
) -> Driven:
    """The load, and beside it: looks at the memory, new sessions in time, one export after the other."""
    seconds, rate = asked
    watched.nurse = morning.nurse
    base = f"http://127.0.0.1:{running.port}"
    beside = [
        asyncio.create_task(_again(_LOOK, memory.look)),
        asyncio.create_task(_again(_RENEW, morning.renew, first=False)),
        asyncio.create_task(_exports(watched)),
    ]
    try:
        return await drive(base, morning.kinds(rate), seconds)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        memory.look()


async def _again(every: float, work: Any, *, first: bool = True) -> None:
    while True:
        if first:
            await asyncio.to_thread(work)
        first = True
        await asyncio.sleep(every)


async def _exports(watched: Watched) -> None:
    """One export of everybody's Observations after the other, kicked off beside the server and done by the worker."""
    while True:
        with suppress(PhrError):
            await asyncio.to_thread(watched.ask_export)
            while not await asyncio.to_thread(watched.export_ended):  # noqa: ASYNC110 - the worker is another process
                await asyncio.sleep(5)
        await asyncio.sleep(1)


async def _alone(running: Parts, kinds: Sequence[Kind]) -> dict[str, Any]:
    """Requests of each kind one after another with nothing else under way: what the machine can do at best."""
    base, found = f"http://127.0.0.1:{running.port}", {}
    for kind in kinds:
        if kind.name in {"page", "search", "sync", "reading"}:
            await drive(base, [Kind(kind.name, 4.0, kind.make)], 3.0, seed=3)
            driven = await drive(base, [Kind(kind.name, 4.0, kind.make)], 5.0)
            found[kind.name] = quantiles(driven.told[kind.name].times)
    return found


def _figures(driven: Driven, seconds: float) -> dict[str, Any]:
    return {
        "kinds": {name: told.figures(seconds) for name, told in sorted(driven.told.items())},
        "requests": sum(told.asked for told in driven.told.values()),
        "driver_late": quantiles(driven.late),
    }


def _kept(figures: dict[str, Any]) -> dict[str, Any]:
    """Which targets were kept."""
    kinds = figures["kinds"]
    slow = {
        name: one.get("p95_ms")
        for name, one in kinds.items()
        if one.get("p95_ms", 1e9) > TARGETS_P95_MS[name]
    }
    growing = {
        name: slope
        for name, slope in figures["memory"]["slope_mb_per_hour"].items()
        if slope > _SLOPE and name in {"server", "worker"}
    }
    return {
        "targets_p95_ms": TARGETS_P95_MS,
        "over_target": slow,
        "errors": {name: one["errors"] for name, one in kinds.items() if one["errors"]},
        "growing": growing,
        "alarms_not_seen": figures["alarm_seen_on_the_list"]["not_seen"],
    }


def scraped(port: int) -> dict[str, float]:
    """What the server counts of turns and of whom it turned away."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    return {
        " ".join([one.name, *one.labels.values()]): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if one.name in {"phr_shed_total", "phr_database_bytes"}
    }


def _grown(before: dict[str, float], after: dict[str, float]) -> dict[str, int]:
    return {
        name.removeprefix("phr_shed_total "): round(value - before.get(name, 0))
        for name, value in after.items()
        if name.startswith("phr_shed_total") and value > before.get(name, 0)
    }


def _disk(port: int) -> float:
    return scraped(port).get("phr_database_bytes", 0.0)
