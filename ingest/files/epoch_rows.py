"""Single values told in seconds since 1970, gathered by kind and turned into columns at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.files.clock_text import SECOND
from ingest.files.exported import Findings, percent
from ingest.files.moments import epochs, with_offsets
from ingest.series import Micros, Source, Values

NAN: Final = float("nan")
PRESSURE: Final = ("systolic", "diastolic", "pulse")
_SATURATION: Final = "59408-5"
_BLOOD_PRESSURE: Final = "85354-9"
_LONGEST_SECONDS: Final = 1e7
MOST_GROUPS: Final = 1_000
"""Codes, sources and zones of one file; a person has few, and each one costs time."""


@dataclass(slots=True)
class _Rows:
    seconds: list[float] = field(default_factory=list)
    values: list[tuple[float, ...]] = field(default_factory=list)
    lengths: list[float] = field(default_factory=list)
    offsets: list[int | None] = field(default_factory=list)
    bits: list[int] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


class EpochRows:
    """Values of many codes and sources of one person."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, Source, ZoneInfo, bool], _Rows] = {}
        self._left_out = 0

    def add(
        self,
        code: str,
        source: Source,
        zone: ZoneInfo,
        second: float,
        value: float | tuple[float, ...],
        *,
        place: str,
        lasts: float | None = None,
        offset: int | None = None,
        bits: int = 0,
    ) -> None:
        """One value, or systolic, diastolic and pulse; ``lasts`` in seconds, ``offset`` where the file tells it."""
        key = (code, source, zone, lasts is not None)
        if key not in self._rows and len(self._rows) >= MOST_GROUPS:
            self._left_out += 1
            return
        rows = self._rows.setdefault(key, _Rows())
        rows.seconds.append(second)
        rows.values.append(value if isinstance(value, tuple) else (value,))
        rows.lengths.append(NAN if lasts is None else lasts)
        rows.offsets.append(offset)
        rows.bits.append(bits)
        rows.places.append(place)

    def into(self, found: Findings) -> None:
        """All that was gathered, as series and refusals."""
        for (code, source, zone, lasting), rows in self._rows.items():
            times = epochs(rows.seconds, zone)
            if any(each is not None for each in rows.offsets):
                times = with_offsets(times, rows.offsets)
            table = np.array(rows.values, np.float64)
            names = PRESSURE if code == _BLOOD_PRESSURE else ("value",)
            channels: dict[str, Values] = {name: table[:, column] for column, name in enumerate(names)}
            if code == _SATURATION:
                channels = {"value": percent(channels["value"])}
            length = _micros(rows.lengths) if lasting else None
            used = found.add(code, source, times, channels, duration=length, quality=rows.bits)
            found.refuse_rows(~times.good, "bad-time", rows.places)
            missing = np.isnan(table[:, : len(names) - 1 or 1]).any(axis=1)
            found.refuse_rows(times.good & ~used & missing, "no-value", rows.places)
            found.refuse_rows(times.good & ~used & ~missing, "bad-value", rows.places)
        found.refuse("too-many-sources", "file", self._left_out)
        self._rows.clear()


def _micros(seconds: Sequence[float]) -> Micros:
    """Whole microseconds; -1, which no duration may be, for what cannot be one."""
    lengths = np.array(seconds, np.float64)
    sane = (lengths >= 0) & (lengths < _LONGEST_SECONDS)
    return np.where(sane, np.rint(np.where(sane, lengths, 0.0) * SECOND), -1).astype(np.int64)
