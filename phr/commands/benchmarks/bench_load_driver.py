"""The driver of the benchmark of load: requests leave at their planned instants, however late the answers are.

An open model: residents do not wait for each other. A time counts from the planned instant, so that a server that
stands still for a second is seen by everybody who would have come in that second (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from phr.commands.benchmarks.bench_setting import quantiles

_PATIENCE: Final = 60.0
_IDLE: Final = 2.0  # seconds after which a connection is not used again: before the server closes it at five
_MOST: Final = 3_000
"""Requests under way; what would leave beyond them is counted as not sent, since a driver has memory as well."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. patient: whose, where somebody asks afterwards."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    patient: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind: how many a second, how one is made, and what is done when it was answered well."""

    name: str
    per_s: float
    make: Callable[[random.Random], Ask]
    after: Callable[[Ask, httpx.Response], None] = lambda _ask, _answer: None


@dataclass(slots=True)
class Told:
    """What became of the requests of one kind."""

    asked: int = 0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    without_pause: int = 0
    """Turned away (429 or 503) without a word when to come again."""

    def figures(self, seconds: float) -> dict[str, Any]:
        """As the report shows it."""
        errors = {str(status): n for status, n in sorted(self.statuses.items()) if status >= 400}
        return {
            "asked": self.asked,
            "asked_per_s": round(self.asked / seconds, 2),
            "answered_per_s": round(len(self.times) / seconds, 2),
            **quantiles(self.times),
            "errors": {**errors, **self.failed},
            "turned_away_without_retry_after": self.without_pause,
        }


@dataclass(slots=True)
class Driven:
    """What one run saw. late: how long after their planned instants requests left, which is the driver's own fault."""

    told: dict[str, Told] = field(default_factory=lambda: defaultdict(Told))
    late: list[float] = field(default_factory=list)


def plan(kinds: Sequence[Kind], seconds: float, dice: random.Random) -> list[tuple[float, int]]:
    """When requests of which kind leave, in order: each kind at its own pace, with the gaps of chance (Poisson)."""
    found: list[tuple[float, int]] = []
    for place, kind in enumerate(kinds):
        at = dice.expovariate(kind.per_s) if kind.per_s > 0 else seconds
        while at < seconds:
            found.append((at, place))
            at += dice.expovariate(kind.per_s)
    heapq.heapify(found)
    return [heapq.heappop(found) for _ in range(len(found))]


async def drive(base: str, kinds: Sequence[Kind], seconds: float, seed: int = 1) -> Driven:
    """Sends everything that is planned and waits for the last answer."""
    dice, driven, loop = random.Random(seed), Driven(), asyncio.get_running_loop()  # noqa: S311 - a load is no secret
    under_way: set[asyncio.Task[None]] = set()
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=_IDLE)
    async with httpx.AsyncClient(base_url=base, timeout=_PATIENCE, limits=limits) as client:
        began = loop.time()
        for at, place in plan(kinds, seconds, dice):
            kind, planned = kinds[place], began + at
            if (wait := planned - loop.time()) > 0:
                await asyncio.sleep(wait)
            driven.late.append(loop.time() - planned)
            told = driven.told[kind.name]
            told.asked += 1
            if len(under_way) >= _MOST:
                told.failed["not sent"] += 1
                continue
            task = asyncio.create_task(_one(client, kind, kind.make(dice), planned, told))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
    return driven


async def _one(client: httpx.AsyncClient, kind: Kind, ask: Ask, planned: float, told: Told) -> None:
    try:
        answer = await client.request(
            ask.method, ask.path, headers=dict(ask.headers), content=ask.body or None
        )
    except httpx.HTTPError as error:
        told.failed[type(error).__name__] += 1
        return
    told.statuses[answer.status_code] += 1
    if answer.status_code in {429, 503}:
        told.without_pause += "retry-after" not in answer.headers
    elif answer.status_code < 400:
        told.times.append(asyncio.get_running_loop().time() - planned)
        kind.after(ask, answer)
