"""Times of a resource as ranges: dates by their precision, periods with open ends, timings by their outer limits."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

from phr.domain.query import moment_range
from phr.errors import Invalid

LONG_AGO: Final = -(2**62)
FAR: Final = 2**62
Range = tuple[int, int]
"""Microseconds [low, high)."""


def span(stored: Any, zone: ZoneInfo) -> Range | None:
    """The range that a date, dateTime, instant, Period or Timing names; None where it names none."""
    if isinstance(stored, str):
        return _moment(stored, zone)
    if not isinstance(stored, dict):
        return None
    if "event" in stored or "repeat" in stored:
        return _timing(stored, zone)
    low, high = (_moment(stored.get(name), zone) for name in ("start", "end"))
    if low is None and high is None:
        return None
    return (LONG_AGO if low is None else low[0], FAR if high is None else high[1])


def _timing(stored: dict[str, Any], zone: ZoneInfo) -> Range | None:
    repeat = stored.get("repeat")
    outer = [*(stored.get("event") or []), repeat.get("boundsPeriod") if isinstance(repeat, dict) else None]
    found = [one for each in outer if (one := span(each, zone)) is not None]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _moment(text: Any, zone: ZoneInfo) -> Range | None:
    try:
        return moment_range(text, "date", zone) if isinstance(text, str) else None
    except Invalid:  # a year that no calendar here holds
        return None
