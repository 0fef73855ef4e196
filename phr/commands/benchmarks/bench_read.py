"""Read: searches of 100 hits, a day of samples, a year of summaries; with policies and without, and over HTTP."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import numpy as np

from ingest.series import Series, Source
from phr.bootstrap import System
from phr.commands.benchmarks.bench_server import Client, load, served
from phr.commands.benchmarks.bench_setting import empty_system, heart_rates, machine, quantiles, resident
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.query import ObservationQuery, dates, tokens
from phr.services.charts import Charts

_DAYS: Final = 60
_NEIGHBOURS: Final = 200
_REPEATS: Final = 300
_HITS: Final = 100
_HTTP_SECONDS: Final = 6.0


def run() -> dict[str, Any]:
    """The figures. price_of_consent: how much longer the same search takes with the policies on."""
    with empty_system() as system:
        person = _fill(system)
        access = Access("nurse", "bench", system.settings.recipient, "guidance", "bench-read", person)
        on, off = _with_and_without(system, person, access)
        figures = {
            "search_100_hits": {"policies_on": quantiles(on), "policies_off": quantiles(off)},
            "search_in_process": _in_process(system, person, access),
            "price_of_consent": round(_median(on) / _median(off) - 1, 3),
            **_days(system, person, access),
            "http": _http(system),
        }
        baseline = system.baseline_select(_HITS, _REPEATS)
    return {
        "name": "read",
        "machine": {**machine(), "load_1_5_15_min": [round(one, 1) for one in os.getloadavg()]},
        "figures": figures,
        "baseline": {"select_100_rows": quantiles(baseline)},
        "ratio": {"search_to_select_p50": round(_median(on) / _median(baseline), 1)},
    }


def _fill(system: System) -> UUID:
    """One resident with two months of heart rates, and neighbours with a day each, so that tables are not empty."""
    seconds, pulse = heart_rates(_DAYS)
    source = Source("FITBIT|Pixel Watch 4||passive", "Pixel Watch 4", "FITBIT", "Pixel Watch 4", "passive")

    def series(rows: slice) -> Series:
        n = len(seconds[rows])
        zone = np.full(n, 32400, np.int32)
        return Series(
            "8867-4",
            source,
            seconds[rows] * 1_000_000,
            {"value": pulse[rows].astype(float)},
            zone,
            np.zeros(n, np.uint8),
        )

    person, _consent = resident(system, "bench-reader")
    system.receive(person, [series(slice(None))], request="bench")
    for number in range(_NEIGHBOURS):
        neighbour, _consent = resident(system, f"bench-neighbour-{number}")
        system.receive(neighbour, [series(slice(-5000, None))], request="bench")
    system.baseline_copy(seconds, pulse)
    return person


def _query(system: System) -> ObservationQuery:
    day = day_at(system.clock.now(), system.settings.tz)
    first, last = day - timedelta(days=20), day - timedelta(days=13)
    return ObservationQuery(
        codes=(tokens("http://loinc.org|8867-4", "code"),),
        dates=(
            dates(f"ge{first}", "date", system.settings.tz),
            dates(f"lt{last}", "date", system.settings.tz),
        ),
        count=_HITS,
    )


def _with_and_without(system: System, person: UUID, access: Access) -> tuple[list[float], list[float]]:
    """The same search, by turns as the service and as a role that policies do not bind."""
    query, people = _query(system), {person: "bench-reader"}
    plain = system.without_policies()
    on: list[float] = []
    off: list[float] = []
    for turn in range(_REPEATS + 20):
        for search, times in ((system.observations.search, on), (plain.search, off)):
            began = time.perf_counter()
            page = search(query, people, access)
            if turn >= 20:
                times.append(time.perf_counter() - began)
            if len(page.found) != _HITS:
                raise RuntimeError(f"{len(page.found)} hits instead of {_HITS}")
    return on, off


def _in_process(system: System, person: UUID, access: Access) -> dict[str, Any]:
    """The same search by one and by eight threads of this process, with the policies on: without HTTP, with its CPU."""
    query, people = _query(system), {person: "bench-reader"}

    def one(_number: int) -> float:
        began = time.perf_counter()
        system.observations.search(query, people, access)
        return time.perf_counter() - began

    found: dict[str, Any] = {}
    for clients in (1, 8):
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(one, range(5 * clients)))
            began, computed = time.perf_counter(), time.process_time()
            times = list(pool.map(one, range(_REPEATS)))
            took, computed = time.perf_counter() - began, time.process_time() - computed
        found[f"{clients}_clients"] = {
            "searches_per_s": round(_REPEATS / took, 1),
            "cpu_ms_per_search": round(computed / _REPEATS * 1000, 2),
            **quantiles(times),
        }
    return found


def _days(system: System, person: UUID, access: Access) -> dict[str, Any]:
    charts = Charts(system.store)
    today = day_at(system.clock.now(), system.settings.tz)
    one, year = today - timedelta(days=5), today - timedelta(days=365)
    return {
        "one_day_of_samples": quantiles(
            _repeat(lambda: charts.samples(person, ["8867-4"], one, one, access))
        ),
        "year_of_summaries": quantiles(_repeat(lambda: charts.days(person, ["8867-4"], year, today, access))),
    }


def _repeat(work: Callable[[], Any]) -> list[float]:
    found = []
    for turn in range(110):
        began = time.perf_counter()
        work()
        if turn >= 10:
            found.append(time.perf_counter() - began)
    return found


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _http(system: System) -> dict[str, Any]:
    """Searches through the web server in processes of its own, with one client and with eight.

    One process, and one for each core: how many is the operator's choice (``phr serve --workers``).
    """
    system.accounts.put("bench", "nurse", recipient=system.settings.recipient, request="bench")
    token = system.accounts.issue("bench", "token", purpose="guidance", request="bench")
    day = day_at(system.clock.now(), system.settings.tz)
    first, last = day - timedelta(days=20), day - timedelta(days=13)
    path = (
        f"/fhir/Observation?patient=bench-reader&code={quote('http://loinc.org|8867-4')}"
        f"&date=ge{first}&date=lt{last}&_count={_HITS}"
    )

    def search(client: Client, _number: int) -> int:
        status, body = client("GET", path)
        if status != 200 or len(body) < 10_000:
            raise RuntimeError(f"HTTP {status}")
        return _HITS

    found: dict[str, Any] = {}
    for processes in sorted({1, os.cpu_count() or 1}):
        with served(system, processes) as server:
            found[f"{processes}_processes"] = {
                f"{clients}_clients": load(server, token, clients, _HTTP_SECONDS, search)
                for clients in (1, 8)
            }
    return found
