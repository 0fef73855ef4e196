"""Measurements that may name their own UTC offset, as columns, to Series: clocks, civil days, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from ingest.files.clock_text import DAY, SECOND, Mask, to_utc, zone_offsets
from ingest.files.columns import Rows
from ingest.files.gather import LONGEST
from ingest.series import MANUAL, ZONE_ASSUMED, Micros, Reject, Seconds, Series, Source, Values

Found = tuple[list[Series], list[Reject]]
_LAST: Final = 7_258_118_400 * SECOND
"""2200-01-01: times beyond it are mistakes of a clock."""
_FURTHEST: Final = 18 * 3600


@dataclass(slots=True)
class Records:
    """Measurements of one vital as columns of equal length.

    start, end: microseconds, NaN where there is none; offset: seconds, NaN where the record has none.
    quality: further bits of each record.
    """

    code: str
    start: Sequence[float]
    offset: Sequence[float]
    owner: Sequence[int]
    channels: Mapping[str, Sequence[float]]
    end: Sequence[float] | None = None
    quality: Sequence[int] | None = None


def numbers(column: Iterable[Any]) -> list[float]:
    """Numbers as floats; NaN for everything else."""
    nan = float("nan")
    return [float(each) if type(each) in (int, float) and abs(each) < 1e300 else nan for each in column]


def series_of(records: Records, sources: Sequence[Source], zone: ZoneInfo, place: str) -> Found:
    """The Series of the records, and what became none; ``place`` names the type in refusals."""
    start, timed = _whole(records.start, _LAST)
    duration = None
    if records.end is not None:
        end, ended = _whole(records.end, _LAST)
        duration = end - start
        timed &= ended & (duration >= 0) & (duration <= LONGEST)
    offset, assumed = _offsets(records.offset, start, zone)
    if VITALS[records.code].kind == "day":
        start, offset = _midnights(start, offset, assumed, zone)
    owner = np.array(records.owner, np.int64)
    quality = np.where(assumed, ZONE_ASSUMED, 0).astype(np.uint8)
    manual = [number for number, source in enumerate(sources) if source.method == "manual"]
    quality[np.isin(owner, manual)] |= MANUAL
    if records.quality is not None:
        quality |= np.array(records.quality, np.uint8)
    channels, present = _channels(records)
    good = timed & present
    rejects = [
        Reject(reason, place, int(mask.sum()))
        for mask, reason in ((~timed, "bad-time"), (timed & ~present, "no-value"))
        if mask.any()
    ]
    rows = Rows(start, offset, quality, sources, owner, duration)
    return rows.series(records.code, channels, good), rejects


def _channels(records: Records) -> tuple[dict[str, Values], Mask]:
    """All channels of the vital; a row has a value when the channels that the type delivers do."""
    n = len(records.start)
    channels = {channel.name: np.full(n, np.nan) for channel in VITALS[records.code].channels}
    present = np.ones(n, np.bool_)
    for name, column in records.channels.items():
        channels[name] = np.array(column, np.float64)
        present &= np.isfinite(channels[name])
    return channels, present


def _whole(column: Sequence[float], limit: float) -> tuple[Micros, Mask]:
    values = np.array(column, np.float64)
    good = (values >= 0) & (values < limit)
    return np.where(good, values, 0).astype(np.int64), good


def _offsets(column: Sequence[float], start: Micros, zone: ZoneInfo) -> tuple[Seconds, Mask]:
    """The offsets; where a record has none, the zone's."""
    given = np.array(column, np.float64)
    assumed = ~(np.abs(given) <= _FURTHEST)
    known = np.where(assumed, 0, given).astype(np.int32)
    return np.where(assumed, zone_offsets(start, zone), known).astype(np.int32), assumed


def _midnights(start: Micros, offset: Seconds, assumed: Mask, zone: ZoneInfo) -> tuple[Micros, Seconds]:
    """The beginning of each row's civil day."""
    east = offset.astype(np.int64) * SECOND
    local = (start + east) // DAY * DAY
    begin, there = to_utc(local, zone)
    return np.where(assumed, begin, local - east), np.where(assumed, there, offset).astype(np.int32)
