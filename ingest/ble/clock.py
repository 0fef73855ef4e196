"""Where a device's wall clock stands against the gateway's, and the instant that a reading's own time means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED

SECOND: Final = 1_000_000
NOISE: Final = 2
"""Seconds: a difference no larger is the delay of the radio and the resolution of the clock, not an error."""
FOLLOWS: Final = 600
"""Seconds: a clock this near to local time was set to local time; further off it is a clock of its own."""
FUTURE: Final = 600 * SECOND
"""A record further ahead of the gateway is a fault of the clock."""
FIRST_YEAR: Final = 2010
"""A date before it is a clock that was never set: devices wake up in 2000 or 1970."""
DRIFT_RATE: Final = 0.0005
"""Seconds in a second: a quartz clock strays less than 45 s a day; a faster change is somebody's hand."""

State = Literal["follows", "own", "unset", "unchecked"]
Fault = Literal["no-time", "clock-not-set", "time-in-future"]
Write = Literal["none", "accepted", "ignored"]


@dataclass(frozen=True, slots=True)
class Check:
    """One look at a device's clock.

    device: the local wall time it showed, None when it showed no date. gateway: microseconds UTC at that moment.
    write: whether the gateway then set it (``ignored``: it answered that it would not).
    is_read: the clock could be read; some can only be set.
    """

    device: datetime | None
    gateway: int
    write: Write = "none"
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is remembered of an earlier look: the error found, and the error left after setting it."""

    gateway: int
    found: int
    left: int


@dataclass(frozen=True, slots=True)
class Placed:
    """The instant of a reading. shift: seconds added to what the device said. offset: seconds east of UTC."""

    instant: int
    offset: int
    quality: int = 0
    shift: int = 0


def micros(moment: datetime) -> int:
    """Microseconds since the epoch, exactly."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def local(instant: int, zone: ZoneInfo) -> datetime:
    """The wall clock of a zone at an instant, without the zone."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)
    return moment.astimezone(zone).replace(tzinfo=None)


def east(instant: int, zone: ZoneInfo) -> int:
    """Seconds east of UTC in a zone at an instant."""
    shift = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant)).astimezone(zone).utcoffset()
    return 0 if shift is None else int(shift.total_seconds())


def resolve(wall: datetime, zone: ZoneInfo) -> tuple[int, bool]:
    """The instant of a wall time, and whether a rule had to choose.

    A time that happened twice is the first of the two. A time that was skipped is read as if the clock had
    not been moved yet. Both are choices, and are marked by the caller.
    """
    first = wall.replace(tzinfo=zone, fold=0)
    second = wall.replace(tzinfo=zone, fold=1)
    return micros(first), first.utcoffset() != second.utcoffset()


def _unset(wall: datetime | None) -> bool:
    return wall is None or wall.year < FIRST_YEAR


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of a device's clock in one session.

    state: ``follows`` local time within ten minutes, runs on its ``own``, is ``unset``, or was not looked at.
    drift: seconds to add to the device's time to get the time at the gateway, at the moment of the check.
    """

    zone: ZoneInfo
    now: int
    state: State
    drift: int = 0
    check: Check | None = None
    earlier: Checkpoint | None = None

    @property
    def checkpoint(self) -> Checkpoint | None:
        """What the next session should remember of this one."""
        if self.check is None or self.state in ("unset", "unchecked"):
            written = self.check is not None and self.check.write == "accepted"
            return Checkpoint(self.now, 0, 0) if written else self.earlier
        return Checkpoint(self.check.gateway, self.drift, 0 if self.check.write == "accepted" else self.drift)

    def correct(self, wall: datetime | None) -> Placed | Fault:
        """The instant of a stored reading, or why it has none."""
        if wall is None:
            return "no-time"
        if wall.year < FIRST_YEAR:
            return "clock-not-set"
        try:
            placed = self._by_own_clock(wall) if self.state == "own" else self._by_zone(wall)
        except OverflowError:  # year 9999
            return "time-in-future"
        return "time-in-future" if placed.instant > self.now + FUTURE else placed

    def _by_zone(self, wall: datetime) -> Placed:
        """The clock shows local time, less a drift."""
        shift, doubtful = self._shift(wall)
        instant, chosen = resolve(wall + timedelta(seconds=shift), self.zone)
        quality = ZONE_ASSUMED if chosen or self.state != "follows" else 0
        if doubtful or self.state == "unset":
            quality |= LOW_CONFIDENCE
        return Placed(instant, east(instant, self.zone), quality, shift)

    def _by_own_clock(self, wall: datetime) -> Placed:
        """The clock is off, but runs: the distance to the check is what counts, whatever zone it was set to."""
        check = self.check
        if check is None or check.device is None:  # the state says that there is one
            return self._by_zone(wall)
        instant = check.gateway + (wall - check.device) // timedelta(microseconds=1)
        offset = east(instant, self.zone)
        # Whether somebody moved the clock in the night of the change is not known.
        crossed = offset != east(check.gateway, self.zone) and not self._summer_missed()
        return Placed(instant, offset, ZONE_ASSUMED if crossed else 0, self.drift)

    def _summer_missed(self) -> bool:
        """The error is that of a clock nobody moved at the last change of summer time."""
        if self.check is None:
            return False
        half_a_year = self.check.gateway - 183 * 86_400 * SECOND
        moved = east(self.check.gateway, self.zone) - east(half_a_year, self.zone)
        return moved != 0 and abs(self.drift - moved) <= FOLLOWS

    def _shift(self, wall: datetime) -> tuple[int, bool]:
        """Seconds to add at that wall time; whether the error came in a step nobody saw."""
        before = self.earlier
        if self.state != "follows" or self.check is None or self.check.device is None:
            return 0, False
        if before is None or before.gateway >= self.check.gateway:
            return self.drift, False
        start = local(before.gateway, self.zone) - timedelta(seconds=before.left)
        if wall <= start:
            return before.found if abs(before.found) <= FOLLOWS else 0, False
        lasted = (self.check.device - start).total_seconds()
        strayed = self.drift - before.left
        if lasted <= 0 or abs(strayed) > DRIFT_RATE * lasted + NOISE:
            return self.drift, True
        part = min(1.0, (wall - start).total_seconds() / lasted)
        return before.left + round(strayed * part), False


def judge(check: Check | None, *, zone: ZoneInfo, now: int, earlier: Checkpoint | None = None) -> Clock:
    """What one look says of a clock; ``now`` is the gateway's time in microseconds."""
    if check is None or not check.is_read:
        return Clock(zone, now, "unchecked", 0, check, earlier)
    if check.device is None or _unset(check.device):
        return Clock(zone, now, "unset", 0, check, earlier)
    drift = round((local(check.gateway, zone) - check.device).total_seconds())
    if abs(drift) <= NOISE:
        drift = 0
    return Clock(zone, now, "follows" if abs(drift) <= FOLLOWS else "own", drift, check, earlier)


def arrived(instant: int, zone: ZoneInfo) -> Placed:
    """A live value: it is as old as its arrival."""
    return Placed(instant, east(instant, zone))


def stamped_on_receipt(instant: int, zone: ZoneInfo) -> Placed:
    """The newest record of a live session whose own time is unknown: the time of receipt, marked as such."""
    return Placed(instant, east(instant, zone), LOW_CONFIDENCE)
