"""A link without a radio: values to read, answers to writes, errors to order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ingest.ble import profiles
from ingest.ble.box import Box
from ingest.ble.devices import CATALOGUE, Family
from ingest.ble.gathered import Facts, Plan, Timeouts
from ingest.ble.link import LinkLost
from tests.ingest.ble.home import TOKYO, gateway_now

AT_ONCE = Timeouts(step=0.2, quiet=0.05, idle=0.2, late=0.01)
"""Nothing is waited for: what this link does, it does while it is asked."""

Answer = Callable[["FakeLink", bytes], None]


class FakeLink:
    """readable: characteristic -> bytes or an error. answers: what happens when something is written."""

    def __init__(
        self,
        services: set[str],
        *,
        readable: dict[str, Any] | None = None,
        answers: dict[str, Answer] | None = None,
        tells: dict[str, list[bytes]] | None = None,
    ) -> None:
        self.gone = asyncio.Event()
        self.written: list[tuple[str, bytes]] = []
        self.listeners: dict[str, Callable[[bytes], None]] = {}
        self._services = services
        self._readable = readable or {}
        self._answers = answers or {}
        self._tells = tells or {}

    def services(self) -> frozenset[str]:
        return frozenset(self._services)

    def can(self, characteristic: str, what: str, service: str = "") -> bool:
        if what == "read":
            return characteristic in self._readable
        if what == "write":
            return characteristic in self._answers
        return characteristic in self._tells or characteristic in self._answers

    async def pair(self) -> None:
        self.written.append(("pair", b""))

    async def read(self, characteristic: str, service: str = "") -> bytes:
        if self.gone.is_set():
            raise LinkLost("gone")
        value = self._readable[characteristic]
        if isinstance(value, Exception):
            raise value
        return value

    async def write(self, characteristic: str, value: bytes, service: str = "") -> None:
        self.written.append((characteristic, value))
        self._answers[characteristic](self, value)

    async def listen(self, characteristic: str, heard: Callable[[bytes], None], service: str = "") -> None:
        self.listeners[characteristic] = heard
        for value in self._tells.get(characteristic, ()):
            heard(value)

    def tell(self, characteristic: str, value: bytes) -> None:
        self.listeners[characteristic](value)


def family(name: str) -> Family:
    return next(row for row in CATALOGUE.families if row.name.startswith(name))


def box_for(row: str, *, seconds: float = 2.0, **plan: Any) -> Box:
    """A box of a session with this family of devices; must be made where a loop runs."""
    whole = Plan(family(row), TOKYO, timeouts=plan.pop("timeouts", AT_ONCE), **plan)
    ends = asyncio.get_running_loop().time() + seconds
    return Box(Facts("C0:00:00:00:00:09"), gateway_now, whole, ends, profiles.decode)
