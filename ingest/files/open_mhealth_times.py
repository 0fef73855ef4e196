"""The time frames of Open mHealth: moments, intervals told in three ways, dates and parts of a day."""

from __future__ import annotations

import math
import re
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from ingest.files.clock_text import DAY, SECOND, dates, instants, to_utc, wall_clocks
from ingest.files.open_mhealth_types import SCHEMAS
from ingest.series import LOW_CONFIDENCE

_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})$")
_NAN: Final = float("nan")
_HOUR: Final = 3600 * SECOND


class Span(NamedTuple):
    """Start and end in microseconds (NaN where unreadable), the offset in seconds (NaN where none is told).

    date: the time is a bare civil day. quality: what the frame says about the value.
    """

    start: float
    end: float
    offset: float
    date: bool = False
    quality: int = 0


NOWHEN: Final = Span(_NAN, _NAN, _NAN)


class _Length(msgspec.Struct, gc=False):
    value: float
    unit: str


class _Interval(msgspec.Struct, gc=False):
    start_date_time: str = ""
    end_date_time: str = ""
    duration: _Length | None = None
    date: str = ""
    part_of_day: str = ""


class Frame(msgspec.Struct, gc=False):
    """``effective_time_frame``."""

    date_time: str = ""
    time_interval: _Interval | None = None


def span_of(frame: Frame, zone: ZoneInfo) -> Span:
    """When it was; a moment has its start as end."""
    interval = frame.time_interval
    if interval is None:
        start, offset = _moment(frame.date_time, zone)
        return Span(start, start, offset)
    if frame.date_time:
        return NOWHEN  # the schema allows one of them; which is meant nobody knows
    if interval.date:
        return _part(interval.date, interval.part_of_day, zone)
    start, offset = _moment(interval.start_date_time, zone)
    end, end_offset = _moment(interval.end_date_time, zone)
    if interval.duration is not None:
        length = _micros(interval.duration)
        if not interval.start_date_time:
            start, offset = end - length, end_offset
        elif not interval.end_date_time:
            end = start + length
    return Span(start, end, offset)


def _moment(text: str, zone: ZoneInfo) -> tuple[float, float]:
    """Microseconds and offset. ``Z`` tells the instant but not where the person was."""
    moment, good = instants([text])
    if good[0]:
        return float(moment[0]), _offset(text)
    wall, good = wall_clocks([text])
    return (float(to_utc(wall, zone)[0][0]), _NAN) if good[0] else (_NAN, _NAN)


def _offset(text: str) -> float:
    found: Any = _OFFSET.search(text)
    if found is None:
        return _NAN
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return float(-seconds if found[1] == "-" else seconds)


def _micros(length: _Length) -> float:
    seconds = SCHEMAS.spans.get(length.unit, _NAN) * length.value
    return float(round(seconds * SECOND)) if math.isfinite(seconds) and 0 <= seconds < 1e9 else _NAN


def _part(date: str, part: str, zone: ZoneInfo) -> Span:
    """A civil day, or a part of one. A day may be 23 or 25 hours long: both ends are taken from the clock."""
    days, good = dates([date])
    hours = SCHEMAS.parts.get(part, (0, 24) if not part else None)
    if not good[0] or hours is None:
        return NOWHEN
    ends = [float(to_utc(days * DAY + hour * _HOUR, zone)[0][0]) for hour in hours]
    return Span(ends[0], ends[1], _NAN, date=not part, quality=LOW_CONFIDENCE if part else 0)
