"""FHIR dates and times of any precision as instants and civil days of the city."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from consent.model import OPEN_END, OPEN_START, Days, Period

CITY: Final[tzinfo] = ZoneInfo("Asia/Tokyo")
"""The zone in which a date without a time begins and ends."""

_MOMENT: Final = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:T(?P<clock>\d{2}:\d{2}:\d{2})(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d{2}:\d{2}))?)?)?",
    re.ASCII,
)
_MICRO: Final = timedelta(microseconds=1)
_SECOND: Final = timedelta(seconds=1)


def span(text: object, zone: tzinfo = CITY) -> tuple[datetime, datetime]:
    """The first instant that a FHIR date or dateTime covers, and the first that it no longer covers.

    The end of a FHIR Period includes every instant that matches it: an end of 2027-03-31 includes that day,
    an end of 10:00:00 includes that second. ValueError for anything that is no FHIR date.
    """
    found = _MOMENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("must be a FHIR date, or a dateTime with its offset")
    try:
        first, after = _exact(found) if found["clock"] else _whole_days(found, zone)
    except ValueError:
        raise ValueError("must be a date that exists") from None
    return _clamp(first), _clamp(after)


def _exact(found: re.Match[str]) -> tuple[datetime, datetime]:
    fraction = found["fraction"] or ""
    day = f"{found['year']}-{found['month']}-{found['day']}"
    offset = "+00:00" if found["zone"] == "Z" else found["zone"]
    first = datetime.fromisoformat(f"{day}T{found['clock']}.{fraction[:6]:0<6}{offset}")
    width = _SECOND if not fraction else max(_SECOND / 10 ** len(fraction), _MICRO)
    return first, first + width if first.year < OPEN_END.year else first


def _whole_days(found: re.Match[str], zone: tzinfo) -> tuple[datetime, datetime]:
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    first = date(year, month, day)
    if year >= OPEN_END.year:
        return OPEN_END, OPEN_END
    if found["day"]:
        after = first + timedelta(days=1)
    elif found["month"]:
        after = (first + timedelta(days=31)).replace(day=1)
    else:
        after = date(year + 1, 1, 1)
    return _midnight(first, zone), _midnight(after, zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _clamp(moment: datetime) -> datetime:
    """In UTC, between the two open ends; compared by year first, because the ends of time have no UTC."""
    if moment.year < OPEN_START.year:
        return OPEN_START
    if moment.year > OPEN_END.year:
        return OPEN_END
    return min(max(moment.astimezone(UTC), OPEN_START), OPEN_END)


def instant(text: object) -> datetime:
    """An exact moment with its offset, in UTC; ValueError otherwise."""
    first, _ = span(text)
    if not isinstance(text, str) or "T" not in text:
        raise ValueError("must have a time and an offset")
    return first


def days_inside(period: Period, zone: tzinfo = CITY) -> Days | None:
    """The civil days that lie wholly inside a period; None when there is none. What a permit may cover."""
    start, end = period.start.astimezone(zone), period.end.astimezone(zone)
    first = start.date() if start == _midnight(start.date(), zone) else start.date() + timedelta(days=1)
    last = end.date() - timedelta(days=1)
    if first > last:
        return None
    return Days(_from(period, first), _to(period, last))


def days_touched(period: Period, zone: tzinfo = CITY) -> Days:
    """The civil days of which a period covers any part. What a deny covers."""
    first, last = period.start.astimezone(zone).date(), (period.end - _MICRO).astimezone(zone).date()
    return Days(_from(period, first), _to(period, last))


def _from(period: Period, first: date) -> date:
    return date.min if period.start == OPEN_START else first


def _to(period: Period, last: date) -> date:
    return date.max if period.end == OPEN_END else last


def end_of_day(day: date, zone: tzinfo = CITY) -> datetime:
    """The first instant after a civil day."""
    return span(day.isoformat(), zone)[1]


def start_text(moment: datetime, zone: tzinfo = CITY) -> str:
    """A start as FHIR writes it: a bare date where it is midnight in the city."""
    local = moment.astimezone(zone)
    if local == _midnight(local.date(), zone):
        return local.date().isoformat()
    return moment_text(moment, zone)


def end_text(moment: datetime, zone: tzinfo = CITY) -> str:
    """An exclusive end as FHIR writes it: the last date, second or microsecond that is still inside."""
    local = moment.astimezone(zone)
    if local == _midnight(local.date(), zone):
        return (local.date() - timedelta(days=1)).isoformat()
    if local.microsecond:  # the precision says how much the end includes, so it is written out
        return _written(moment - _MICRO, zone, "microseconds")
    return _written(moment - _SECOND, zone, "seconds")


def moment_text(moment: datetime, zone: tzinfo = CITY) -> str:
    """An instant as FHIR writes it, with the city's offset."""
    return _written(moment, zone, "microseconds" if moment.microsecond else "seconds")


def _written(moment: datetime, zone: tzinfo, precision: str) -> str:
    local = moment.astimezone(zone)
    fixed = local.replace(tzinfo=timezone(local.utcoffset() or timedelta()))
    return fixed.isoformat(timespec=precision)
