"""Truth: readings as they were taken, before any format; and what a collector made of them, in the same form."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

TOKYO, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Tokyo", "Europe/Berlin", "America/New_York"))
ZONES = (TOKYO, BERLIN, NEW_YORK)
NINE = 32_400
FIRST = int(datetime(2024, 6, 10, tzinfo=UTC).timestamp())
NOBODY = "Hanako"
"""A name that stands wherever a format has room for one; no refusal may repeat it."""


class Truth(NamedTuple):
    """One reading. at: seconds UTC; values: (channel, value) pairs by channel; lasts, offset: seconds."""

    code: str
    at: float
    values: tuple[tuple[str, float], ...]
    lasts: float | None = None
    offset: int = NINE

    @property
    def value(self) -> float:
        """Of a vital with one channel."""
        return self.values[0][1]

    @property
    def utc(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    @property
    def wall(self) -> datetime:
        """The wall clock at the person's place, without a zone."""
        return datetime.fromtimestamp(self.at + self.offset, UTC).replace(tzinfo=None)

    @property
    def until(self) -> Truth:
        """The moment at which an interval ends."""
        return self._replace(at=self.at + (self.lasts or 0))

    def of(self, channel: str) -> float:
        return dict(self.values)[channel]


VALUES = {
    "85354-9": lambda i: {"systolic": 105 + i % 40, "diastolic": 65 + i % 20, "pulse": 58 + i % 30},
    "8867-4": lambda i: {"value": 55 + i % 80},
    "29463-7": lambda i: {"value": round(61.3 + i % 50 / 10, 1)},
    "41982-0": lambda i: {"value": round(21.5 + i % 30 / 10, 1)},
    "8302-2": lambda i: {"value": 160 + i % 20},
    "59408-5": lambda i: {"value": 91 + i % 9},
    "8310-5": lambda i: {"value": round(36.1 + i % 15 / 10, 1)},
    "9279-1": lambda i: {"value": 12 + i % 8},
    "2339-0": lambda i: {"value": 80 + i % 90},
    "99504-3": lambda i: {"value": 80 + i % 90},
    "hrv-rmssd": lambda i: {"value": 30 + i % 40},
    "vo2max": lambda i: {"value": 31 + i % 20},
    "55423-8": lambda i: {"value": 1 + i % 130},
    "55430-3": lambda i: {"value": 10 + i % 90},
    "41950-7": lambda i: {"value": 3000 + i % 9000},
    "checkup": lambda i: {"waist_cm": 75 + i % 30, "sbp1": 110 + i % 40, "hdl": 40 + i % 30},
}
LASTING = frozenset({"55423-8", "55430-3"})


def reading(code: str, number: int, at: float, offset: int = NINE) -> Truth:
    """The reading of a kind with that number."""
    values = tuple(sorted((name, float(value)) for name, value in VALUES[code](number).items()))
    return Truth(code, at, values, 60.0 if code in LASTING else None, offset)


def seen(batches) -> list[Truth]:
    """Every sample of some batches, sorted; values to the third decimal."""
    found = []
    for batch in batches:
        for series in batch.series:
            lasts = [None] * len(series) if series.duration is None else (series.duration / 1e6).tolist()
            columns = zip(*(column.tolist() for column in series.channels.values()), strict=True)
            rows = zip(series.start.tolist(), columns, lasts, series.offset.tolist(), strict=True)
            for start, values, span, offset in rows:
                named = zip(series.channels, values, strict=True)
                kept = sorted((name, round(value, 3)) for name, value in named if not np.isnan(value))
                found.append(Truth(series.code, start / 1e6, tuple(kept), span, offset))
    return sorted(found)


def bits(batches) -> set[int]:
    """The quality bytes that occur."""
    return {bits for batch in batches for series in batch.series for bits in series.quality.tolist()}


def reasons(batches) -> Counter:
    """Refusals by reason."""
    found = Counter()
    for batch in batches:
        for each in batch.rejects:
            found[each.reason] += each.count
    return found


def fold(second: float, zone: ZoneInfo) -> int:
    """Whether a wall clock in that zone shows this time for the second time."""
    return datetime.fromtimestamp(second, zone).fold


def east(second: float, zone: ZoneInfo) -> int:
    """Seconds east of UTC in a zone at an instant."""
    return int(datetime.fromtimestamp(second, zone).utcoffset().total_seconds())
