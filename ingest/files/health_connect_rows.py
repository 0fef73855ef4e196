"""Columns of Health Connect records to Series: clocks with or without an offset, sources, refusals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.codes import VITALS
from ingest.files.clock_text import DAY, SECOND, Mask, to_utc, zone_offsets
from ingest.files.columns import Rows, tidy
from ingest.files.gather import LONGEST
from ingest.files.health_connect_types import TYPES
from ingest.series import MANUAL, WRIST, ZONE_ASSUMED, Micros, Reject, Seconds, Series, Source, Values

MILLISECOND: Final = 1000
Found = tuple[list[Series], list[Reject]]
_LAST: Final = 7_258_118_400 * SECOND
"""2200-01-01: times beyond it are mistakes of a clock."""
_FURTHEST: Final = 18 * 3600
_METHODS: Final = {1: "active", 2: "passive", 3: "manual"}
_WRISTS: Final = (1, 2)
"""Blood pressure at the left or right wrist; 3 and 4 are the upper arms."""


@dataclass(slots=True)
class Origins:
    """The sources seen, each with its number."""

    known: dict[tuple[str, str, str], int] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)

    def number(self, package: str, device: str, method: Any, label: str = "") -> int:
        """The number of the source: an app, the device it names, and how values were recorded."""
        how = _METHODS.get(method, "unknown") if isinstance(method, int) else "unknown"
        key = package, device, how
        if key not in self.known:
            app, made_by = tidy(package), tidy(device)
            self.known[key] = len(self.sources)
            self.sources.append(
                Source(
                    f"health-connect|{app}|{made_by}|{how}",
                    tidy(label) or app or "Health Connect",
                    "health-connect",
                    made_by,
                    how,
                )
            )
        return self.known[key]


@dataclass(slots=True)
class Records:
    """Records of one type as columns of equal length.

    start, end: microseconds, NaN where there is none; offset: seconds, NaN where the record has none.
    wrist: the place of measurement, where the type has one.
    """

    code: str
    start: Sequence[float]
    offset: Sequence[float]
    owner: Sequence[int]
    channels: Mapping[str, Sequence[float]]
    end: Sequence[float] | None = None
    wrist: Sequence[Any] | None = None


def numbers(column: Iterable[Any]) -> list[float]:
    """Numbers as floats; NaN for everything else."""
    nan = float("nan")
    return [float(each) if type(each) in (int, float) and abs(each) < 1e300 else nan for each in column]


def series_of(records: Records, origins: Origins, zone: ZoneInfo, place: str) -> Found:
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
    manual = [number for number, source in enumerate(origins.sources) if source.method == "manual"]
    quality[np.isin(owner, manual)] |= MANUAL
    if records.wrist is not None:
        quality[[each in _WRISTS for each in map(_small, records.wrist)]] |= WRIST
    channels, present = _channels(records)
    good = timed & present
    rejects = [
        Reject(reason, place, int(mask.sum()))
        for mask, reason in ((~timed, "bad-time"), (timed & ~present, "no-value"))
        if mask.any()
    ]
    rows = Rows(start, offset, quality, origins.sources, owner, duration)
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


def _small(value: Any) -> int:
    """A small number, which the database may hold as text."""
    if isinstance(value, str):
        return int(value) if len(value) < 4 and value.isascii() and value.isdigit() else 0
    return value if isinstance(value, int) else 0


class Sessions:
    """Nights and naps: each with its stages, and how long the person slept."""

    def __init__(
        self, starts: list[float], ends: list[float], offsets: list[float], owners: list[int]
    ) -> None:
        self._starts, self._ends, self._offsets, self._owners = starts, ends, offsets, owners
        self._asleep: dict[int, float] = {}
        self._stages: list[tuple[float, float, float, int, float]] = []
        self.unknown = 0

    def stage(self, place: int, start: float, end: float, stage: Any) -> None:
        """A stage of the session at a place."""
        number = TYPES.sleep.get(stage) if isinstance(stage, int) else None
        self._asleep.setdefault(place, 0.0)
        if number is None:
            self.unknown += 1
            return
        if number != 1 and end > start:
            self._asleep[place] += (end - start) / 60_000_000
        self._stages.append((start, end, self._offsets[place], self._owners[place], number))

    def series(self, origins: Origins, zone: ZoneInfo) -> Found:
        """Sessions and stages. A session without stages was slept through, as Health Connect counts it."""
        whole = [(end - start) / 60_000_000 for start, end in zip(self._starts, self._ends, strict=True)]
        minutes = [round(self._asleep.get(place, each), 3) for place, each in enumerate(whole)]
        records = Records(
            "93832-4", self._starts, self._offsets, self._owners, {"value": minutes}, self._ends
        )
        series, rejects = series_of(records, origins, zone, "SleepSession")
        if self._stages:
            start, end, offset, owner, value = map(list, zip(*self._stages, strict=True))
            stages = Records(
                "sleep-stage", start, offset, [int(each) for each in owner], {"value": value}, end
            )
            more, refused = series_of(stages, origins, zone, "SleepSession.stages")
            series, rejects = series + more, rejects + refused
        if self.unknown:
            rejects.append(Reject("unknown-code", "SleepSession.stages.stage", self.unknown))
        return series, rejects
