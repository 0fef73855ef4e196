"""Rows of one type, unit and source of an Apple Health export to a Series: clocks, units, refusals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from ingest.files.apple_clock import stamps
from ingest.files.apple_types import TYPES, RecordType
from ingest.files.clock_text import DAY, SECOND, Mask, to_utc, zone_offsets
from ingest.files.gather import LONGEST
from ingest.series import (
    MANUAL,
    ZONE_ASSUMED,
    Flags,
    Micros,
    Reject,
    Seconds,
    Series,
    Source,
    Values,
)

_MOST_ZONES: Final = 64
"""Places that one person's records name; more would only be made to cost time."""
Row = tuple[str, str, str]
"""Start, end and value as they stand in the file."""


@dataclass(slots=True)
class Group:
    """The records of one type, unit and source. manual: rows that a person typed; zones: rows that name theirs."""

    kind: str
    record: RecordType | None
    unit: str
    source: Source
    held: bool = False
    rows: list[Row] = field(default_factory=list)
    manual: list[int] = field(default_factory=list)
    zones: dict[int, str] = field(default_factory=dict)


class Places:
    """The zones of a file: the one of the import, and those that records name."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._known: dict[str, ZoneInfo | None] = {}

    def named(self, name: str) -> ZoneInfo | None:
        """A zone by name, or None for a name that is none."""
        if name not in self._known and len(self._known) < _MOST_ZONES:
            self._known[name] = _zone(name)
        return self._known.get(name)

    def offsets(self, start: Micros, zones: Mapping[int, str]) -> tuple[Seconds, Flags]:
        """The offset of each row, and the bit of those whose zone the file did not name.

        The offset in the times is that of the phone when it exported, not that of the person when it happened, and
        it differs from export to export: it gives the instant, and the zone of the import gives the local time.
        """
        offset = zone_offsets(start, self.zone)
        quality = np.full(len(start), ZONE_ASSUMED, np.uint8)
        by_zone: dict[str, list[int]] = {}
        for row, name in zones.items():
            by_zone.setdefault(name, []).append(row)
        for name, rows in by_zone.items():
            zone = self.named(name)
            if zone is not None:
                offset[rows] = zone_offsets(start[rows], zone)
                quality[rows] = 0
        return offset, quality


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if 0 < len(name) <= 64 else None
    except (KeyError, ValueError, OSError):
        return None


def numbers(texts: Sequence[str]) -> Values:
    """Decimal text to numbers; NaN for everything else."""
    try:
        if sum(map(len, texts)) <= 40 * len(texts):
            values = np.fromiter(map(float, texts), np.float64, len(texts))
            if "_" not in "".join(texts):
                return np.where(np.isfinite(values), values, np.nan)
    except ValueError:
        pass
    return np.fromiter(map(number, texts), np.float64, len(texts))


def number(text: str) -> float:
    """One decimal text; NaN when it is none.

    >>> number("1_0"), number("12.5")
    (nan, 12.5)
    """
    try:
        value = float(text) if len(text) <= 40 and "_" not in text else np.nan
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan


def series_of(group: Group, places: Places) -> tuple[list[Series], list[Reject]]:
    """The Series of a group, and what became none."""
    record = group.record
    if record is None:
        return _sleep(group, places)
    conversion = record.conversion(group.unit)
    if conversion is None:
        return [], [Reject("bad-unit", f"{record.name}.unit", len(group.rows))]
    starts, ends, texts = zip(*group.rows, strict=True)
    values = _converted(numbers(texts), record, conversion)
    start, timed = stamps(starts)
    duration = None
    if record.clock == "interval":
        end, ended = stamps(ends)
        duration = end - start
        timed &= ended & (duration >= 0) & (duration <= LONGEST)
    return _finish(group, places, record.code, record.name, (start, duration, values, timed))


def _converted(values: Values, record: RecordType, conversion: tuple[float, float]) -> Values:
    factor, shift = conversion
    if (factor, shift) == (1.0, 0.0):
        return values
    # Exporters disagree whether a share is written as 0.97 or as 97.
    changed = np.where(values <= 1, values * factor, values) if record.fraction else values * factor + shift
    rounded: Values = np.round(changed, VITALS[record.code].channels[0].decimals)
    return rounded


def _sleep(group: Group, places: Places) -> tuple[list[Series], list[Reject]]:
    starts, ends, texts = zip(*group.rows, strict=True)
    stages = np.array([TYPES.sleep.get(text, np.nan) for text in texts])
    start, timed = stamps(starts)
    end, ended = stamps(ends)
    duration = end - start
    timed &= ended & (duration >= 0) & (duration <= LONGEST)
    in_bed = np.array([text.endswith("InBed") for text in texts])
    series, rejects = _finish(
        group, places, "sleep-stage", "SleepAnalysis", (start, duration, stages, timed & ~in_bed), skip=in_bed
    )
    if in_bed.any():
        rejects.append(Reject("in-bed", "SleepAnalysis.value", int(in_bed.sum())))
    return series, rejects


def _finish(
    group: Group,
    places: Places,
    code: str,
    name: str,
    columns: tuple[Micros, Micros | None, Values, Mask],
    skip: Mask | None = None,
) -> tuple[list[Series], list[Reject]]:
    start, duration, values, timed = columns
    offset, quality = places.offsets(start, group.zones)
    quality[group.manual] |= MANUAL
    if VITALS[code].kind == "day":
        start, offset = _midnights(start, offset, group, places)
    present = np.isfinite(values)
    late = ~timed if skip is None else ~timed & ~skip
    rejects = [
        Reject(reason, f"{name}.{place}", int(mask.sum()))
        for mask, reason, place in (
            (late, "bad-time", "startDate"),
            (timed & ~present, "no-value", "value"),
        )
        if mask.any()
    ]
    good = timed & present
    every = Series(code, group.source, start, {"value": values}, offset, quality, duration)
    return [each for each in [every if good.all() else every.take(good)] if len(each)], rejects


def _midnights(start: Micros, offset: Seconds, group: Group, places: Places) -> tuple[Micros, Seconds]:
    """The beginning of each row's civil day, in the zone of the row."""
    local = (start + offset.astype(np.int64) * SECOND) // DAY * DAY
    begin, there = to_utc(local, places.zone)
    for row, name in group.zones.items():
        zone = places.named(name)
        if zone is not None:
            begin[row : row + 1], there[row : row + 1] = to_utc(local[row : row + 1], zone)
    return begin, there
