"""Ages in civil days: birthdays, whole months, and the last day before an age."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the first of the next month where that month is too short.

    >>> add_months(date(2024, 2, 29), 12), add_months(date(2026, 1, 31), 1)
    (datetime.date(2025, 3, 1), datetime.date(2026, 3, 1))
    """
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    if day.day <= monthrange(year, month)[1]:
        return date(year, month, day.day)
    return date(year, month, monthrange(year, month)[1]) + timedelta(days=1)


def months_on(born: date, day: date) -> int:
    """Whole months lived on a day; negative before birth."""
    months = (day.year - born.year) * 12 + day.month - born.month
    return months if add_months(born, months) <= day else months - 1


def years_on(born: date, day: date) -> int:
    """Whole years lived on a day."""
    return months_on(born, day) // 12


def last_day_before(born: date, years: int) -> date:
    """The last day on which somebody is younger than so many years.

    By the Act on Calculation of Age an age is reached when the day before the birthday ends.
    """
    return add_months(born, 12 * years) - timedelta(days=1)
