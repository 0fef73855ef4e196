"""What a session is told to do, and what it brings home."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from ingest.ble.clock import Check
from ingest.ble.dedupe import Bookmark
from ingest.ble.devices import Family
from ingest.ble.reading import Reading
from ingest.errors import IngestError
from ingest.series import Reject

Ended = Literal["complete", "left", "quiet", "lost", "deadline", "stopped", "failed"]
"""complete: all that was asked for came; left: the device ended the link, as cuffs do; quiet: nothing more came."""


@dataclass(frozen=True, slots=True)
class Received:
    """One value as it came. at: microseconds UTC of its arrival. is_stored: it came while records were fetched."""

    characteristic: str
    payload: bytes
    at: int
    is_stored: bool = False


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that a step may take."""

    connect: float = 20.0
    bond: float = 30.0
    step: float = 10.0
    quiet: float = 8.0
    """A device that sends what it has is finished after this silence."""
    idle: float = 30.0
    """A procedure that was asked for is given up after this silence."""
    late: float = 1.0
    """Values may come this long after the answer that ends them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one session with one device is to do.

    system_id: of the enrolled device, 16 digits; another device at the address is refused.
    consents: user slot -> consent code of scales that ask for one.
    live: the device appeared just now, so its newest record is as old as its arrival.
    listen: seconds of a stream that make one portion.
    keep: called first with each value, before anything else is done with it: a device that is told that a
    value has arrived may forget it at once.
    """

    family: Family
    zone: ZoneInfo
    system_id: str = ""
    bookmark: Bookmark = field(default_factory=Bookmark)
    consents: Mapping[int, int] = field(default_factory=dict)
    live: bool = False
    listen: float = 60.0
    timeouts: Timeouts = field(default_factory=Timeouts)
    keep: Callable[[Received], None] | None = None
    stop: asyncio.Event | None = None


@dataclass(slots=True)
class Facts:
    """What a device says of itself; empty where it says nothing. battery: percent."""

    address: str
    name: str = ""
    system_id: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    battery: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A decoded value and the moment of its arrival, in microseconds UTC. is_live: it was measured then."""

    reading: Reading
    at: int
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """What one session, or one portion of a stream, brought.

    sequence: the highest record number up to which nothing is missing. expected: records that were announced.
    error: why the session ended before its end; what came before it is here all the same.
    """

    facts: Facts
    arrivals: tuple[Arrival, ...]
    rejects: tuple[Reject, ...]
    check: Check | None
    ended: Ended
    sequence: int | None = None
    expected: int | None = None
    error: IngestError | None = None
    sensor_start: str = ""
