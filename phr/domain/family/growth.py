"""Growth: where a child's weight and height lie among the children of the national survey; it shows and cites, no more."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

from phr.domain.family.ages import add_months, months_on
from phr.domain.family.tables import hold, table

MEASURES: Final = ("weight", "height")
_NEWBORN: Final = "birth"
_MONTH: Final = "d30"
_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Band:
    """One age class of the survey and its percentile values. first, below: whole months; equal for a single day."""

    first: int
    below: int
    values: tuple[float, ...]

    @property
    def centre(self) -> float:
        """The age in months at which the class is drawn."""
        return (self.first + self.below) / 2


@dataclass(frozen=True, slots=True)
class Curve:
    """One measure of one sex: its classes by age. newborn and month are those of single days."""

    newborn: Band
    month: Band
    bands: tuple[Band, ...]

    def drawn(self) -> tuple[Band, ...]:
        """Every class, by age."""
        return (self.newborn, self.month, *self.bands)


@dataclass(frozen=True, slots=True)
class Reference:
    """The survey: its percentiles, where the numbers come from, and the curves by measure and sex."""

    title: str
    citation: str
    sources: tuple[str, ...]
    percentiles: tuple[int, ...]
    curves: Mapping[tuple[str, str], Curve]


@dataclass(frozen=True, slots=True)
class Place:
    """Between which two percentiles a value lies; None for beyond the last one."""

    above: int | None
    below: int | None


def reference_of(raw: Mapping[str, Any]) -> Reference:
    """The survey of a parsed table. Numbers without a source are refused, and so are lines that cross."""
    sources = tuple(str(each) for each in raw["sources"])
    percentiles = tuple(int(each) for each in raw["percentiles"])
    hold(bool(sources) and all(source.startswith("https://") for source in sources), "sources")
    hold(list(percentiles) == sorted(set(percentiles)), "percentiles")
    curves = {
        (measure, sex): _curve(raw[measure][sex], len(percentiles))
        for measure in MEASURES
        for sex in ("male", "female")
    }
    return Reference(str(raw["title"]), str(raw["citation"]), sources, percentiles, curves)


def _curve(raw: Mapping[str, Any], width: int) -> Curve:
    bands = tuple(_band(int(first), int(below), values, width) for first, below, *values in raw["months"])
    ends = [(one.below, other.first) for one, other in pairwise(bands)]
    hold(all(end == start for end, start in ends), "a gap between classes")
    return Curve(_band(0, 0, raw[_NEWBORN], width), _band(1, 1, raw[_MONTH], width), bands)


def _band(first: int, below: int, values: list[float], width: int) -> Band:
    hold(len(values) == width and values == sorted(set(values)) and values[0] > 0, "values")
    return Band(first, below, tuple(float(value) for value in values))


REFERENCE: Final = table("growth", reference_of)


def band_on(curve: Curve, born: date, day: date) -> Band | None:
    """The class of a child's age on a day; None where the survey has none (most of the first month, school age)."""
    if day == born:
        return curve.newborn
    if day == born + timedelta(days=_DAYS):
        return curve.month
    months = months_on(born, day)
    found = [band for band in curve.bands if band.first <= months < band.below]
    return found[0] if found else None


def corrected(born: date, weeks: int | None) -> date:
    """The birth date from which a preterm child's age is counted until two years: that of the fortieth week."""
    if weeks is None or weeks >= _TERM:
        return born
    return born + timedelta(weeks=_FULL - weeks)


_TERM: Final = 37
_FULL: Final = 40


def counted_from(born: date, weeks: int | None, day: date) -> date:
    """The date from which the age on a day is counted: corrected until the second birthday."""
    return corrected(born, weeks) if day < add_months(born, 24) else born


def place(band: Band, value: float, percentiles: tuple[int, ...]) -> Place:
    """Between which percentiles a value lies; a value on a line lies above it."""
    index = bisect_right(band.values, value)
    return Place(
        percentiles[index - 1] if index else None,
        percentiles[index] if index < len(percentiles) else None,
    )
