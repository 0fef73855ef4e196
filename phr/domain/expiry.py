"""The end of points: which notice is due before the last day of a lot, and which lots are over."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from phr.domain.points_rules import PointRules, RulesError, fiscal_year, load_rules

NOTICES: Final = (60, 30, 7)
"""Days before the last day at which a resident is told."""


def notice_due(last: date, today: date) -> int | None:
    """The notice whose time it is: 60, 30 or 7 days before; None outside. A night that was missed is made up the next."""
    left = (last - today).days
    if left < 0:
        return None
    return next((days for days in reversed(NOTICES) if left <= days), None)


def notice_key(last: date, days: int) -> str:
    """The name of a notice: the outbox takes each name of a person once, so nobody is told twice."""
    return f"points-expiry:{last.isoformat()}:{days}"


def over(last: date, today: date) -> bool:
    """Whether a lot is over: it is good on the whole of its last day."""
    return today > last


def year_of(last: date) -> str:
    """The account segment of points that ended: the fiscal year of the lot's last day."""
    return f"fy{fiscal_year(last)}"


def watched(today: date, lasts: list[date], back: int) -> list[date]:
    """The lots that a night has to look at: about to end, or over for not longer than ``back`` days."""
    first = today - timedelta(days=back)
    return [last for last in lasts if first <= last <= today + timedelta(days=NOTICES[0])]


def rules_for(day: date) -> PointRules:
    """The rules of a day's fiscal year, or the newest before: what was earned can be used while a year has none yet."""
    for year in range(fiscal_year(day), fiscal_year(day) - 3, -1):
        try:
            return load_rules(year)
        except RulesError:
            continue
    raise RulesError("no rules for this year, nor for the two before")
