"""Figures of $export: from chunks in the database to sealed files, and from these to the client."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np

from consent.build import Choice, build
from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_setting import heart_rates, resident
from phr.domain.access import Access
from phr.domain.bulk.kickoff import understood
from phr.ids import new_id
from phr.services.bulk.asking import Client

_PEOPLE: Final = 2
_DAYS: Final = 30
_STUDY: Final = "Organization/bench-university"
_PURPOSE: Final = "research-identifiable"


def bulk(system: System) -> tuple[dict[str, Any], int]:
    """The figures, and how many Observations there are. cpu: all threads of this process; the database has its own core."""
    samples = _fill(system)
    access = Access("researcher", "bench", _STUDY, _PURPOSE, "bench-bulk")
    asked = understood("system", "", [("_type", "Observation")], "bench", lambda _k, _q: None, lenient=False)
    job = system.bulk_asking.ask("export", asked.plain(), Client(new_id(), ""), access)
    load = os.getloadavg()[0]
    wall, cpu = _timed(lambda: system.bulk_jobs.round(request="bench-bulk"))
    found, files = system.bulk_asking.status(job, "", access)
    if found.state != "done" or found.lines != samples:
        raise RuntimeError("the export is not whole")
    figures: dict[str, Any] = {
        "observations": samples,
        "to_sealed_files_per_s": round(samples / wall),
        "to_sealed_files_per_cpu_s": round(samples / cpu),
        "sealed_bytes_each": round(sum(one.size for one in files) / samples, 1),
        "load_1_min": round(load, 1),
    }
    for name, packed in (("fetched_gzip", True), ("fetched_plain", False)):
        sizes: list[int] = []

        def fetch(packed: bool = packed, sizes: list[int] = sizes) -> None:
            for one in files:
                pieces: Iterable[bytes] = system.bulk_handing.open(
                    job, one.file_id, "", access, packed=packed
                )
                sizes.append(sum(map(len, pieces)))

        wall, _cpu = _timed(fetch)
        figures |= {
            f"{name}_per_s": round(samples / wall),
            f"{name}_bytes_each": round(sum(sizes) / samples, 1),
        }
    system.bulk_asking.remove(job, "", access)
    return figures, samples


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _fill(system: System) -> int:
    """A month of heart rates of each resident, one every five seconds, shared with a university."""
    seconds, pulse = heart_rates(_DAYS)
    n = len(seconds)
    series = Series(
        "8867-4",
        Source("FITBIT|Pixel Watch 4||passive", "Pixel Watch 4", "FITBIT", "Pixel Watch 4", "passive"),
        seconds * 1_000_000,
        {"value": pulse.astype(float)},
        np.full(n, 32400, np.int32),
        np.zeros(n, np.uint8),
    )
    for number in range(_PEOPLE):
        patient = f"bench-bulk-{number}"
        person, _consent = resident(system, patient)
        choice = Choice(patient, [_STUDY], [_PURPOSE], None, system.clock.now(), _STUDY, "v1", "app")
        system.consents.record(person, build(choice), actor=patient, role="resident", request="bench")
        system.receive(person, [series], request="bench")
    apart = np.concatenate([seconds + number for number in range(_PEOPLE)])  # one key each in the plain table
    system.baseline_copy(apart, np.tile(pulse, _PEOPLE))
    return n * _PEOPLE
