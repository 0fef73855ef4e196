"""What can go wrong with a Bluetooth device, as one value that is given to it and decides everything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

ClockFault = Literal["right", "reset"]

LOST: Final = 0x08
"""HCI reason of a link that was lost (connection timeout)."""


OUT_OF_BATTERY: Final = 5
"""Percent."""


@dataclass(frozen=True, slots=True)
class Faults:
    """The faults of one device; counts are of measurement values sent in one connection, beginning with 1."""

    lose_link_after: int | None = None
    """The link is gone after this value."""
    truncated: frozenset[int] = frozenset()
    """These values arrive one byte short."""
    swapped: frozenset[int] = frozenset()
    """Each of these values changes places with the one after it."""
    duplicated: frozenset[int] = frozenset()
    """These values are sent twice."""
    garbage: frozenset[int] = frozenset()
    """These values are replaced by bytes that mean nothing."""
    silent_after: int | None = None
    """After this value nothing is sent any more, and no procedure completes; the link stays."""
    clock: ClockFault = "right"
    """``reset``: the device counts from 2000-01-01, as after a change of battery."""
    drift_seconds: int = 0
    """The device's clock is ahead by this (behind, if negative)."""
    refuses_time: bool = False
    """Writing the time is answered with ATT error 0x80."""
    delay_seconds: float = 0.0
    """Waited before each value and each answer."""
    fails_pairing: bool = False
    """Every pairing request is rejected."""
    battery_low: bool = False
    """The battery is at 5 percent, and says so where the service can."""


NONE: Final = Faults()


def noise(number: int, length: int) -> bytes:
    """Meaningless bytes that are the same each time for the same value number."""
    return hashlib.shake_256(number.to_bytes(4, "little")).digest(length)
