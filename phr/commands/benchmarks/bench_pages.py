"""Pages: how long each page of each role takes in a city of 5,000 residents, beside one that shows no data (p95)."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from phr.asgi import create_app, settle
from phr.bootstrap import System
from phr.commands.benchmarks.bench_pages_city import NURSES, build_city, patient_of
from phr.commands.benchmarks.bench_setting import empty_system, kept_system, machine, quantiles, timed
from phr.commands.demo_guidance import SETTINGS
from phr.domain.access import HOME
from phr.web.answer import SESSION_COOKIE
from phr.web.mount import page_routes

RESIDENTS: Final = 5_000
TARGET_MS: Final = 150
STATIC: Final = "/more"
"""A page of residents that shows no data: what the session, the template and the application cost without queries."""
_SEEN: Final = 60  # different residents, cases and repeats of a page
_OF_A_PATTERN: Final = 12  # addresses of one pattern that one session opens
_LINK: Final = re.compile(r'href="(/[^"#]*)"')
_ELSEWHERE: Final = ("/connect/google-health", "/sign-in/openid", "/messages/stop")
_BASE: Final = "http://127.0.0.1:8099"
_CITY: Final = "city.json"  # in the home of a city that stays


@dataclass(slots=True)
class Walk:
    """What was measured: the cost of each page and file by role and address, and what ended with an error.

    meter: what is read before and after; the time, or another number that grows with the work.
    """

    meter: Callable[[], float] = time.perf_counter
    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    files: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def run(residents: int = RESIDENTS, kept: Path | None = None) -> dict[str, Any]:
    """The figures. Each page is opened by many different people; no answer is kept between them.

    kept: where the city stays, or stands since an earlier run; else it is built for this run and removed.
    """
    with empty_system(SETTINGS) if kept is None else kept_system(kept, SETTINGS) as system:
        known = None if kept is None else _city(kept)
        if known is None:
            built_s, streets = timed(lambda: build_city(system, residents))
            known = {
                "residents": len(streets.people),
                "built_s": round(built_s),
                "left_out": streets.left_out,
            }
            if kept is not None:
                (kept / _CITY).write_bytes(orjson.dumps(known))
        system.know_sizes()
        walk = asyncio.run(measured(system, [patient_of(number) for number in range(known["residents"])]))
    pages = {name: quantiles(times) for name, times in sorted(walk.pages.items())}
    static = pages[f"resident {STATIC}"]
    slow = {name: one["p95_ms"] for name, one in pages.items() if one["p95_ms"] >= TARGET_MS}
    return {
        "name": "pages",
        "machine": {**machine(), "load_1_5_15_min": [round(one, 1) for one in os.getloadavg()]},
        "figures": {
            "residents": known["residents"],
            "built_s": known["built_s"],
            "left_out_of_the_city": known["left_out"],
            "pages": {name: {**one, "n": len(walk.pages[name])} for name, one in pages.items()},
            "files": {name: quantiles(times) for name, times in sorted(walk.files.items())},
            "failed": dict(walk.failed),
            "target_p95_ms": TARGET_MS,
            "over_target": slow,
        },
        "baseline": {"page_without_data": static},
        "ratio": {name: round(one["p50_ms"] / static["p50_ms"], 1) for name, one in pages.items()},
    }


def _city(home: Path) -> dict[str, Any] | None:
    """What the run that built the city here wrote down; None when none was finished."""
    try:
        found: dict[str, Any] = orjson.loads((home / _CITY).read_bytes())
    except FileNotFoundError:
        return None
    return found


async def measured(
    system: System, patients: list[str], seen: int = _SEEN, meter: Callable[[], float] = time.perf_counter
) -> Walk:
    """Every page of every role through the application, each with sessions of that role."""
    app, walk = create_app(system), Walk(meter)
    routes = {path: like for path, like in page_routes().items() if not path.startswith(_ELSEWHERE)}
    step = max(1, len(patients) // seen)
    turns: list[tuple[str, str, int]] = [("resident", patient, 1) for patient in patients[::step][:seen]]
    turns += [("nurse", f"nurse-{number + 1}", -(-seen // NURSES)) for number in range(NURSES)]
    turns += [(role, f"{role}-1", seen) for role in ("researcher", "operator")]
    transport = httpx.ASGITransport(app)
    await _warm(transport, system, turns, routes)
    settle()  # as a server does
    for role, subject, repeats in turns:
        secret = system.accounts.issue(subject, "web", purpose=HOME[role], request="bench")
        async with _client(transport, secret) as client:
            await _walked(client, role, routes, walk, repeats)
    async with _client(transport, "") as nobody:
        await _walked(nobody, "anybody", routes, walk, seen)
    return walk


def _client(transport: httpx.ASGITransport, secret: str) -> httpx.AsyncClient:
    cookies = {SESSION_COOKIE: secret} if secret else {}
    return httpx.AsyncClient(transport=transport, base_url=_BASE, cookies=cookies)


async def _warm(
    transport: httpx.ASGITransport,
    system: System,
    turns: Iterable[tuple[str, str, int]],
    routes: Mapping[str, re.Pattern[str]],
) -> None:
    """One round of each role that does not count: templates are compiled, connections opened."""
    for role, subject in {role: subject for role, subject, _ in turns}.items():
        secret = system.accounts.issue(subject, "web", purpose=HOME[role], request="bench")
        async with _client(transport, secret) as client:
            await _walked(client, role, routes, Walk(), 1)


async def _walked(
    client: httpx.AsyncClient, role: str, routes: Mapping[str, re.Pattern[str]], walk: Walk, repeats: int
) -> None:
    """Opens every address that needs no number, then what those pages link to, as a person would."""
    waiting = [(path, path) for path in routes if "{" not in path]
    known: dict[str, set[str]] = defaultdict(set)
    while waiting:
        path, address = waiting.pop(0)
        for _ in range(repeats if "{" not in path else 1):
            began = walk.meter()
            answer = await client.get(address)
            took = walk.meter() - began
            if answer.status_code != 200:
                break
            is_page = answer.headers["content-type"].startswith("text/html")
            (walk.pages if is_page else walk.files)[f"{role} {_named(path, address)}"].append(took)
        if answer.status_code >= 500:
            walk.failed[f"{role} {path}"] += 1
        waiting += _linked(answer, routes, known)


def _named(path: str, address: str) -> str:
    """What a figure is called: the pattern of the address, with the name of a file, as each file is another page."""
    name = address.partition("?")[0].rpartition("/")[2]
    return path.replace("{name}", name) if path.endswith("{name}") else path


def _linked(
    answer: httpx.Response, routes: Mapping[str, re.Pattern[str]], known: dict[str, set[str]]
) -> Iterator[tuple[str, str]]:
    """Addresses of a page that have a number in them and were not yet opened: a few of each pattern."""
    if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
        return
    for link in _LINK.findall(answer.text):
        address = unescape(link)
        path = next((path for path, like in routes.items() if like.match(address.partition("?")[0])), "")
        if "{" in path and len(known[path]) < _OF_A_PATTERN and address not in known[path]:
            known[path].add(address)
            yield path, address
