"""The weeks beside an evaluation: the mean of each with the number of measured days, for a person to judge (R1-4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

WEEKS: Final = 8


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from ``first`` on: how many were measured, and their mean; None without one."""

    first: date
    days: int
    mean: float | None


def weeks_until(values: Mapping[date, float], last: date, count: int = WEEKS) -> tuple[Week, ...]:
    """The weeks that end with a day, oldest first."""
    return tuple(_week(values, last - timedelta(days=7 * back + 6)) for back in range(count - 1, -1, -1))


def baseline_week(values: Mapping[date, float], interview: date, days: int = 28) -> Week:
    """The days before the first interview as one stretch: what was usual before the guidance."""
    return _week(values, interview - timedelta(days=days), days)


def _week(values: Mapping[date, float], first: date, days: int = 7) -> Week:
    span = [first + timedelta(days=i) for i in range(days)]
    found = [values[day] for day in span if day in values]
    return Week(first, len(found), sum(found) / len(found) if found else None)
