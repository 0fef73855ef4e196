"""Turns away calls that come too fast from one address, before anything is asked of the database.

The rules are rates.toml, the counting is the ``limits`` package: in the memory of this process, or in Redis when the
broker is one, so that several processes share a window.
"""

from __future__ import annotations

import ipaddress
import math
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from prometheus_client import Counter
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from phr.api.problems import answer
from phr.errors import Unsafe

TURNED_AWAY: Final = Counter("phr_turned_away", "Calls that came too fast, by rule.", ["rule"])
UNCOUNTED: Final = Counter(
    "phr_uncounted_calls", "Calls let through because the storage of the rates did not answer."
)
_ANY: Final = "*"
_REDIS: Final = ("redis://", "rediss://")


@dataclass(frozen=True, slots=True)
class Rule:
    """How fast one address may make one kind of call; no limits: never turned away."""

    name: str
    methods: frozenset[str]
    paths: tuple[str, ...]
    limits: tuple[RateLimitItem, ...]

    def fits(self, method: str, path: str) -> bool:
        """Whether a request is of this kind."""
        return (_ANY in self.methods or method in self.methods) and any(
            path.startswith(one[:-1]) if one.endswith(_ANY) else path == one for one in self.paths
        )


@cache
def rules() -> tuple[Rule, ...]:
    """The rules, checked: the last fits everything, so that no path is forgotten."""
    text = resources.files("phr.api").joinpath("rates.toml").read_text()
    found = tuple(_rule(one) for one in tomllib.loads(text)["rule"])
    if not found[-1].fits("ANY", "/anything"):
        raise Unsafe("rates.toml: the last rule must fit every call")
    return found


def _rule(given: dict[str, Any]) -> Rule:
    try:
        limits = tuple(parse(one) for one in given["limits"])
    except ValueError as error:
        raise Unsafe(f"rates.toml: {given['name']}: a limit is not as '60/minute'") from error
    return Rule(given["name"], frozenset(given["methods"]), tuple(given["paths"]), limits)


def rule_of(method: str, path: str, known: Sequence[Rule] | None = None) -> Rule:
    """The first rule that fits a request."""
    return next(one for one in known or rules() if one.fits(method, path))


def address_of(scope: Scope) -> str:
    """Who calls: an IPv4 address, or the /64 of an IPv6 address, because one line has all of those.

    >>> address_of({"client": ("2001:db8:1:2:3:4:5:6", 1)})
    '2001:db8:1:2::/64'
    """
    host = (scope.get("client") or ("", 0))[0]
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if known.version == 4:
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


class RateMiddleware:
    """Counts each call, and answers 429 with Retry-After where a window is full."""

    def __init__(self, app: ASGIApp, broker_url: str = "", known: Sequence[Rule] | None = None) -> None:
        self._app = app
        self._rules = known
        storage: Storage = (
            RedisStorage(f"async+{broker_url}", wrap_exceptions=True, implementation="redispy")
            if broker_url.startswith(_REDIS)
            else MemoryStorage()
        )
        self._windows = MovingWindowRateLimiter(storage)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        rule = rule_of(scope["method"], scope["path"], self._rules)
        wait = await self._wait(rule, address_of(scope))
        if wait:
            TURNED_AWAY.labels(rule.name).inc()
            text = "too many calls from this address; try again later"
            refused = answer(Request(scope), 429, "throttled", text)
            refused.headers["Retry-After"] = str(wait)
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _wait(self, rule: Rule, address: str) -> int:
        """Seconds until the window has room; 0 when it has. A storage that does not answer turns nobody away."""
        for limit in rule.limits:
            try:
                if await self._windows.hit(limit, rule.name, address):
                    continue
                reset = (await self._windows.get_window_stats(limit, rule.name, address)).reset_time
            except StorageError:
                UNCOUNTED.inc()
                return 0
            return max(1, math.ceil(reset - time.time()))
        return 0
