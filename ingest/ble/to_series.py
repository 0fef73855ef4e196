"""Readings to Series: the last step of a collector, when the instant of each reading is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

import numpy as np

from ingest.ble.reading import Measured, Reading
from ingest.codes import VITALS
from ingest.series import Reject, Series, Source

_MICRO: Final = Decimal(1_000_000)
_FARTHEST: Final = 2**62
"""Microseconds: beyond this an instant and an offset could overflow their column."""


class When(NamedTuple):
    """The instant of a reading in microseconds of UTC (None: unknown), its offset in seconds, and quality bits to add."""

    instant: int | None
    offset: int
    quality: int = 0


class _Row(NamedTuple):
    instant: int
    offset: int
    quality: int
    lasts: int
    measured: Measured


def to_series(
    readings: Sequence[Reading], source: Source, *, when: Sequence[When]
) -> tuple[list[Series], list[Reject]]:
    """One Series for each code, in the order of the codes, and what became no measurement.

    A reading that is no measurement by nature (a feature, a battery) leaves nothing at all.
    """
    if len(readings) != len(when):
        raise ValueError("each reading needs one time")
    rows: dict[str, list[_Row]] = defaultdict(list)
    rejects: dict[tuple[str, str], int] = defaultdict(int)
    for reading, at in zip(readings, when, strict=True):
        if reading.unusable:
            rejects[reading.unusable, reading.characteristic] += 1
        elif at.instant is None and reading.measured:
            rejects["bad-time", reading.characteristic] += len(reading.measured)
        else:
            for one in reading.measured:
                why = _enter(rows[one.code], one, at) if one.code in VITALS else "unknown-code"
                if why:
                    rejects[why, reading.characteristic] += 1
    series = [_series(code, source, rows[code]) for code in sorted(rows) if rows[code]]
    return series, [Reject(reason, field, count) for (reason, field), count in rejects.items()]


def _enter(rows: list[_Row], one: Measured, at: When) -> str:
    """Keeps a measurement; a stable reason when it cannot be kept."""
    known = {channel.name for channel in VITALS[one.code].channels}
    if not known & one.values.keys():
        return "no-value"
    if VITALS[one.code].kind == "interval" and one.lasts is None:
        return "bad-time"
    instant = (at.instant or 0) + _micros(one.seconds)
    if abs(instant) > _FARTHEST:
        return "bad-time"
    quality = at.quality | one.quality
    rows.append(_Row(instant, at.offset, quality, _micros(one.lasts or Decimal(0)), one))
    return ""


def _micros(seconds: Decimal) -> int:
    return int((seconds * _MICRO).to_integral_value(rounding=ROUND_HALF_EVEN))


def _series(code: str, source: Source, rows: Sequence[_Row]) -> Series:
    vital = VITALS[code]
    channels = {
        channel.name: np.array(list(_column(rows, channel.name)), np.float64) for channel in vital.channels
    }
    lasts = np.array([row.lasts for row in rows], np.int64)
    return Series(
        code=code,
        source=source,
        start=np.array([row.instant for row in rows], np.int64),
        channels=channels,
        offset=np.array([row.offset for row in rows], np.int32),
        quality=np.array([row.quality for row in rows], np.uint8),
        duration=lasts if vital.kind == "interval" else None,
    )


def _column(rows: Iterable[_Row], name: str) -> Iterable[float]:
    for row in rows:
        yield float(row.measured.values.get(name, Decimal("NaN")))
