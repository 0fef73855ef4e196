"""Examination of what this version knows of the year: without rules of points nothing is earned from 1 April on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from phr.domain.examination import Finding
from phr.domain.points_rules import PointRules, fiscal_year

_AHEAD: Final = 2
"""Months before the fiscal year begins in which its rules are missed: from February on."""


def point_rules(today: date, known: Callable[[int], PointRules | None]) -> Finding:
    """Whether this version has rules for the fiscal year of today, and, from February on, for the next one."""
    year = fiscal_year(today)
    remedy = "Install a version whose phr/domain/points.toml has that year."
    if known(year) is None:
        return Finding(
            "rules",
            "broken",
            f"no rules of points for fiscal year {year}: nothing is earned since {year}-04-01",
            remedy,
        )
    if 4 - _AHEAD <= today.month < 4 and known(year + 1) is None:
        return Finding(
            "rules",
            "warn",
            f"no rules of points for fiscal year {year + 1}: nothing will be earned from {year + 1}-04-01",
            remedy,
        )
    return Finding("rules", "ok", f"rules of points for fiscal year {year}")
