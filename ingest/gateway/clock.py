"""The box's clock: one scale of time for each run, what a server's answer says of its error, and who is believed.

The box may start without the time. It counts from what it believes (``anchor`` plus the time since boot, which no
correction of the system clock moves), and shifts the readings of this boot once it learns by how much it was wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

from ingest.ble.clock import FIRST_YEAR, SECOND, micros
from ingest.ble.reading import Reading
from ingest.ble.sensor import SENSOR

BUILT: Final = micros(datetime(2026, 11, 1, tzinfo=UTC))
"""No box runs before this program was made; a clock that says so was never set."""
LAST: Final = micros(datetime(2100, 1, 1, tzinfo=UTC))
NOTICED: Final = 2 * SECOND
"""A smaller error is the delay of the answer and the whole seconds of its date."""
SLOWEST: Final = 10 * SECOND
"""An answer that took longer says too little about the moment of its date."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_SYNCHRONISED: Final = Path("/run/systemd/timesync/synchronized")


def since_boot() -> int:
    """Microseconds since the machine started, sleep included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def boot() -> str:
    """The name of this boot; nothing of another boot can be compared with its time."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return f"boot-{time.time_ns() - time.monotonic_ns()}"


def is_synchronised(mark: Path = _SYNCHRONISED) -> bool:
    """Whether the system says that its clock was set from the network in this boot."""
    return mark.exists()


@dataclass(frozen=True, slots=True)
class Asked:
    """One answer of the server: its date, and the box's time since boot when it was asked and answered."""

    date: str
    sent: int
    got: int


def true_anchor(asked: Asked) -> int | None:
    """Microseconds to add to the time since boot to get the true time; None when the answer does not tell.

    >>> true_anchor(Asked("Sun, 22 Nov 2026 03:00:00 GMT", 5_000_000, 6_000_000))
    1795316395000000
    """
    if not 0 <= asked.got - asked.sent <= SLOWEST:
        return None
    try:
        moment = parsedate_to_datetime(asked.date)
        date = micros(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if not BUILT <= date <= LAST:
        return None
    return date + SECOND // 2 - (asked.sent + asked.got) // 2  # the date is cut to whole seconds


def shift(true: int, anchor: int) -> int:
    """What must be added to an instant of the box; nothing for an error that cannot be told from delay."""
    return true - anchor if abs(true - anchor) > NOTICED else 0


def by_box(reading: Reading, state: str) -> bool:
    """Whether a reading's instant hangs on the box's clock: it has no time of its own, or the box corrected it."""
    if reading.at is None or reading.at.year < FIRST_YEAR:
        return True
    return reading.characteristic != SENSOR and state in ("follows", "own")


@dataclass(slots=True)
class BoxClock:
    """What the box believes. ``now`` never goes back, and no two calls give the same microsecond.

    anchor: microseconds from the machine's start to 1970. is_known: the network or the server confirmed it.
    """

    anchor: int
    is_known: bool
    boot: str
    ticks: Callable[[], int] = since_boot
    last: int = 0

    @classmethod
    def start(cls, floor: int = 0, *, mark: Path = _SYNCHRONISED) -> BoxClock:
        """The system clock, but never before what this box has already lived through."""
        ticks = since_boot()
        wall = time.time_ns() // 1000
        return cls(max(wall, floor, BUILT) - ticks, is_synchronised(mark) and wall >= BUILT, boot())

    def now(self) -> int:
        """Microseconds UTC, as far as the box knows."""
        self.last = max(self.ticks() + self.anchor, self.last + 1)
        return self.last

    def corrected(self, true: int) -> BoxClock:
        """A clock that is known. Sessions that began before go on counting with their own."""
        return BoxClock(self.anchor + shift(true, self.anchor), True, self.boot, self.ticks)

    def like(self) -> BoxClock:
        """The clock for one run of the collector: nothing moves it."""
        return BoxClock(self.anchor, self.is_known, self.boot, self.ticks)
