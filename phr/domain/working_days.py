"""Working days of the city: weekends, national holidays and the turn of the year are none."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import holidays

_YEAR_END: Final = frozenset({(12, 29), (12, 30), (12, 31), (1, 1), (1, 2), (1, 3)})
"""地方自治法 第4条の2: the days on which a city hall is closed at the turn of the year."""


def is_working_day(day: date) -> bool:
    """Whether the city hall works on a day.

    >>> is_working_day(date(2026, 11, 20)), is_working_day(date(2026, 11, 23)), is_working_day(date(2026, 12, 30))
    (True, False, False)
    """
    closed = day.weekday() >= 5 or (day.month, day.day) in _YEAR_END
    return not closed and day not in holidays.country_holidays("JP", years=day.year)


def next_working_day(day: date) -> date:
    """The first working day after a day."""
    following = day + timedelta(days=1)
    while not is_working_day(following):
        following += timedelta(days=1)
    return following


def escalates_at(fired: datetime, zone: ZoneInfo, hour: int) -> datetime:
    """When an alarm that nobody answered goes to the duty inbox: at this hour of the next working day (R5-4)."""
    day = next_working_day(fired.astimezone(zone).date())
    return datetime.combine(day, time(hour), zone)
