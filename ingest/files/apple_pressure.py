"""Blood pressures of an Apple Health export: pairs stand in correlations, and each half again on its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ingest.errors import BadPayload
from ingest.files.apple_clock import stamps
from ingest.files.apple_columns import Places, number
from ingest.files.apple_types import DIASTOLIC, SYSTOLIC, TYPES
from ingest.series import MANUAL, Reject, Series, Source

MOST: Final = 200_000
"""Halves kept until the end of a file: a hundred a day for five years. They are few where heart rates are many."""
_NAMES: Final = {SYSTOLIC: "BloodPressureSystolic", DIASTOLIC: "BloodPressureDiastolic"}
_ORDER: Final = (SYSTOLIC, DIASTOLIC)
_NAN: Final = float("nan")
_LONGEST_ZONE: Final = 64
Half = tuple[str, str, str, float]
"""Type, start, source key and value: what makes two records one."""


@dataclass(slots=True)
class Readings:
    """Rows of one source."""

    source: Source
    starts: list[str] = field(default_factory=list)
    values: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    manual: list[int] = field(default_factory=list)
    zones: dict[int, str] = field(default_factory=dict)

    def add(self, start: str, pair: tuple[float, float], *, manual: bool, zone: str = "") -> None:
        """One reading; NaN for a half that is not there."""
        if manual:
            self.manual.append(len(self.starts))
        if zone:
            self.zones[len(self.starts)] = zone
        self.starts.append(start)
        for column, value in zip(self.values, pair, strict=True):
            column.append(value)

    def series(self, places: Places) -> tuple[list[Series], list[Reject]]:
        """The Series, and what became none."""
        start, good = stamps(self.starts)
        offset, quality = places.offsets(start, self.zones)
        quality[self.manual] |= MANUAL
        n = len(start)
        channels = {
            "systolic": np.array(self.values[0], np.float64),
            "diastolic": np.array(self.values[1], np.float64),
            "pulse": np.full(n, np.nan),
        }
        every = Series("85354-9", self.source, start, channels, offset, quality)
        bad = int((~good).sum())
        kept = every if not bad else every.take(good)
        return [kept] if len(kept) else [], [
            Reject("bad-time", "BloodPressure.startDate", bad)
        ] if bad else []


def pressure(value: str, unit: str) -> float:
    """Millimetres of mercury; NaN when the text or its unit is none."""
    factor, shift = TYPES.pressure.get(unit, (_NAN, _NAN))
    return round(number(value) * factor + shift, 3)


class Pressures:
    """The halves that stand alone, until the end of the file tells which of them stand in a correlation too.

    A half that has no correlation anywhere is paired with the other half of the same source and second: some apps
    write no correlation. Which comes first in the file makes no difference.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._paired: set[Half] = set()
        self._alone: dict[Half, bool] = {}
        self._zones: dict[Half, str] = {}
        self._sources: dict[str, Source] = {}

    def alone(self, half: Half, source: Source) -> None:
        """A half at the top level."""
        self._sources.setdefault(source.key, source)
        self._alone.setdefault(half, False)
        if len(self._alone) > MOST:
            raise BadPayload(f"more than {MOST} blood pressures", field="Record", file=self._file)

    def typed(self, half: Half) -> None:
        """The half at the top level was typed by a person."""
        self._alone[half] = True

    def placed(self, half: Half, zone: str) -> None:
        """The half at the top level names the zone in which it was taken."""
        if len(zone) <= _LONGEST_ZONE:
            self._zones[half] = zone

    def paired(self, half: Half) -> None:
        """A half inside a correlation."""
        self._paired.add(half)
        if len(self._paired) > 2 * MOST:
            raise BadPayload(f"more than {MOST} blood pressures", field="Correlation", file=self._file)

    def left_over(self, places: Places) -> tuple[list[Series], list[Reject]]:
        """The readings of which no correlation tells."""
        together: dict[tuple[str, str], dict[str, list[Half]]] = {}
        for half in self._alone:
            if half not in self._paired:
                kind, start, source, _ = half
                together.setdefault((source, start), {}).setdefault(kind, []).append(half)
        readings: dict[str, Readings] = {}
        rejects: list[Reject] = []
        for (source, start), halves in together.items():
            if any(len(same) > 1 for same in halves.values()):
                count = sum(len(same) for same in halves.values())
                rejects.append(Reject("ambiguous-pair", "BloodPressure", count))
                continue
            found = {kind: same[0] for kind, same in halves.items()}
            one, other = (found[kind][3] if kind in found else _NAN for kind in _ORDER)
            into = readings.setdefault(source, Readings(self._sources[source]))
            into.add(
                start,
                (one, other),
                manual=any(self._alone[half] for half in found.values()),
                zone=next((self._zones[half] for half in found.values() if half in self._zones), ""),
            )
        series: list[Series] = []
        for each in readings.values():
            more, refused = each.series(places)
            series += more
            rejects += refused
        return series, rejects


@dataclass(slots=True)
class Pair:
    """A correlation while it is read."""

    halves: dict[str, Half] = field(default_factory=dict)
    source: Source | None = None
    manual: bool = False
    zone: str = ""
    problem: str = ""

    def add(self, half: Half, source: Source) -> None:
        """A record inside."""
        kind, _, _, value = half
        if math.isnan(value):
            self.problem = "no-value"
        elif kind in self.halves:
            self.problem = "ambiguous-pair"
        else:
            self.halves[kind] = half
            self.source = source

    @property
    def reason(self) -> str:
        """Why it is no reading; empty when it is one."""
        return self.problem or ("" if len(self.halves) == 2 else "incomplete-pair")
