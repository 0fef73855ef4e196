"""The measurement values of one connection on their way through the faults of the device."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from synthetic_data.ble.faults import Faults, noise

Emit = Callable[[Any, bytes], Awaitable[None]]


class Outgoing:
    """Counts the values and spoils those that the faults name."""

    def __init__(self, faults: Faults, emit: Emit, lose_link: Callable[[], None]) -> None:
        self._faults = faults
        self._emit = emit
        self._lose_link = lose_link
        self._number = 0
        self._is_lost = False
        self._held: list[tuple[Any, bytes]] = []

    @property
    def is_silent(self) -> bool:
        """Whether nothing comes from the device any more."""
        limit = self._faults.silent_after
        return self._is_lost or (limit is not None and self._number >= limit)

    async def send(self, characteristic: Any, value: bytes) -> None:
        """Sends one value, or what the faults make of it."""
        faults = self._faults
        if self.is_silent:
            await asyncio.Event().wait()
        self._number += 1
        number = self._number
        if number in faults.garbage:
            value = noise(number, len(value))
        if number in faults.truncated:
            value = value[:-1]
        if number in faults.swapped:
            self._held.append((characteristic, value))
        else:
            await self._emit(characteristic, value)
            if number in faults.duplicated:
                await self._emit(characteristic, value)
            await self.flush()
        if number == faults.lose_link_after:
            self._is_lost = True
            self._lose_link()

    async def flush(self) -> None:
        """Sends what an exchange of places still holds back."""
        while self._held:
            await self._emit(*self._held.pop(0))
