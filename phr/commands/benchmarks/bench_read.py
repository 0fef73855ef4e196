"""Read: searches of 100 hits, a day of samples, a year of summaries; with policies and without, and over HTTP."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import numpy as np

from ingest.series import Series, Source
from phr.bootstrap import System
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
            "price_of_consent": round(_median(on) / _median(off) - 1, 3),
            **_days(system, person, access),
            "http": _http(system),
        }
        baseline = system.baseline_select(_HITS, _REPEATS)
    return {
        "name": "read",
        "machine": machine(),
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
    """Searches through the web server in a process of its own, with one client and with eight."""
    system.accounts.put("bench", "nurse", recipient=system.settings.recipient, request="bench")
    token = system.accounts.issue("bench", "token", purpose="guidance", request="bench")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {"PHR_HOME": str(system.settings.home), "PHR_BASE_URL": f"http://127.0.0.1:{port}"}
    server = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "phr", "serve", "--port", str(port)],
        env={**plain_environment(), **environment},
    )
    try:
        wait_for(port)
        day = day_at(system.clock.now(), system.settings.tz)
        first, last = day - timedelta(days=20), day - timedelta(days=13)
        path = (
            f"/fhir/Observation?patient=bench-reader&code={quote('http://loinc.org|8867-4')}"
            f"&date=ge{first}&date=lt{last}&_count={_HITS}"
        )
        return {f"{clients}_clients": _load(port, path, token, clients) for clients in (1, 8)}
    finally:
        server.terminate()
        server.wait(timeout=20)


def plain_environment() -> dict[str, str]:
    """The environment without settings of ours: a benchmark has its own."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PHR_")}


def wait_for(port: int) -> None:
    """Waits until the server at this port answers."""
    deadline = time.monotonic() + 120  # a busy machine takes its time to load the server
    while time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def _load(port: int, path: str, token: str, clients: int) -> dict[str, Any]:
    """Closed loop: each client sends its next request when it has its answer."""
    stop = time.monotonic() + _HTTP_SECONDS
    times: list[list[float]] = [[] for _ in range(clients)]

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while time.monotonic() < stop:
            began = time.perf_counter()
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or len(body) < 10_000:
                raise RuntimeError(f"HTTP {answer.status}")
            times[number].append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flat = [value for one in times for value in one]
    return {"requests_per_s": round(len(flat) / (time.monotonic() - began), 1), **quantiles(flat)}
