"""Civil days of the city: which day an instant belongs to, and when a day begins and ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

_SECOND: Final = 1_000_000
_HOUR: Final = 3_600 * _SECOND
_DAY: Final = 24 * _HOUR
EPOCH: Final = date(1970, 1, 1)
_KNOWN: Final = (-62_135_510_400, 253_402_214_400)  # seconds: one day inside the years 1 and 9999
_NUMBERS: Final = (-719_162, 2_932_896)  # the day numbers of the first and the last date


def offset_us(instant_us: int, zone: ZoneInfo) -> int:
    """The zone's offset from UTC at an instant, in microseconds; beyond the calendar, that of its nearest end."""
    seconds = min(max(instant_us // _SECOND, _KNOWN[0]), _KNOWN[1])
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * _SECOND


def day_numbers(start_us: npt.NDArray[np.int64], zone: ZoneInfo) -> npt.NDArray[np.int64]:
    """The civil day of each instant (n), as days since 1970-01-01 in the zone.

    One offset serves a span whose hours all share it; only hours around a change of clocks are looked up singly.
    """
    if not len(start_us):
        return np.empty(0, np.int64)
    low, high = int(start_us.min()), int(start_us.max())
    first = offset_us(low, zone)
    if (
        high - low <= 400 * _DAY
        and all(offset_us(at, zone) == first for at in range(low, high + 7 * _DAY, 7 * _DAY))
        and offset_us(high, zone) == first
    ):
        return (start_us + first) // _DAY
    hours, inverse = np.unique(start_us // (_HOUR // 4), return_inverse=True)
    offsets = np.array([offset_us(int(hour) * (_HOUR // 4), zone) for hour in hours], np.int64)
    return (start_us + offsets[inverse]) // _DAY


def day_of(number: int) -> date:
    """The date of a day number; beyond the calendar, its first or last date."""
    return EPOCH + timedelta(days=min(max(int(number), _NUMBERS[0]), _NUMBERS[1]))


def number_of(day: date) -> int:
    """The number of a date."""
    return (day - EPOCH).days


def day_at(moment: datetime, zone: ZoneInfo) -> date:
    """The civil day of an instant."""
    return moment.astimezone(zone).date()


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a civil day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)
