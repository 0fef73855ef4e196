"""Numbers over time as a chart and as the rows of its table: one object, so that both always say the same."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Step = Literal["moment", "day", "week"]
Floats = npt.NDArray[np.float64]

USUAL_DAYS: Final = 28
USUAL_NEEDED: Final = 7
"""Days with a value that a usual range needs; fewer say nothing about what is usual."""

_DAYS: Final = {"week": 7, "month": 28, "year": 364}


@dataclass(frozen=True, slots=True)
class Line:
    """How one line is drawn: shape and stroke differ as well as colour."""

    key: str
    mark: Literal["dot", "diamond"]
    colour: Literal["a", "b"]


@dataclass(frozen=True, slots=True)
class Style:
    """How the chart of one vital looks: its lines, decimals, UCUM unit, limits drawn as lines, and a band that is normal.

    ``basis`` names who says so, of a goal too (sentences "chart-basis"); without one there is none of them.
    """

    lines: tuple[Line, ...]
    unit: str
    decimals: int = 0
    limits: tuple[float, ...] = ()
    from_zero: bool = False
    normal: tuple[float, float] | None = None
    basis: str = ""


_ONE: Final = (Line("value", "dot", "a"),)
STYLES: Final[Mapping[str, Style]] = {
    "blood-pressure": Style(
        (
            Line("morning-systolic", "dot", "a"),
            Line("morning-diastolic", "dot", "a"),
            Line("evening-systolic", "diamond", "b"),
            Line("evening-diastolic", "diamond", "b"),
        ),
        "mm[Hg]",
        limits=(135.0, 85.0),
        basis="jsh-2025",
    ),
    "weight": Style(_ONE, "kg", 1),
    "steps": Style(_ONE, "{steps}", from_zero=True, basis="guide-2023"),
    "sleep": Style(_ONE, "h", 1, from_zero=True),
    "heart-rate": Style(_ONE, "/min"),
    "resting-heart-rate": Style(_ONE, "/min"),
    "spo2": Style(_ONE, "%"),
    "temperature": Style(_ONE, "Cel", 1),
    "glucose": Style(_ONE, "mg/dL", normal=(70.0, 180.0), basis="battelino-2019"),
}


@dataclass(frozen=True, slots=True)
class Axis:
    """The ends of the vertical axis and the distance of its marks."""

    low: float
    high: float
    tick: float


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a day, the first day of a week, or a moment; None where nothing was measured.

    ``sources``: the devices that said so by their own names, ``manual`` or ``paper`` (words "value-source").
    """

    at: date
    values: tuple[float | None, ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows, oldest first, and how they are drawn. ``usual`` is the own usual range of the first line.

    ``period`` is a shaded stretch (guidance), ``target`` a line that is a wish, not a limit.
    """

    ident: str
    vital: str
    step: Step
    style: Style
    rows: tuple[Row, ...]
    usual: tuple[float, float] | None
    axis: Axis
    period: tuple[date, date] | None = None
    target: float | None = None

    @property
    def measured(self) -> int:
        """Rows with at least one value."""
        return sum(any(value is not None for value in row.values) for row in self.rows)

    @property
    def extremes(self) -> tuple[tuple[date, float], tuple[date, float]] | None:
        """When the lowest and the highest value of the leading lines were: what a chart says at a glance, in words."""
        leading = [i for i, line in enumerate(self.style.lines) if not line.key.endswith("-diastolic")]
        found = [
            (value, row.at) for row in self.rows for i in leading if (value := row.values[i]) is not None
        ]
        if not found:
            return None
        low, high = min(found, key=itemgetter(0)), max(found, key=itemgetter(0))
        return (low[1], low[0]), (high[1], high[0])


def usual_range(days: Sequence[date], values: Floats, until: date) -> tuple[float, float] | None:
    """The 10th to the 90th percentile of the 28 days that end with ``until``; None with fewer than seven values."""
    first = until - timedelta(days=USUAL_DAYS - 1)
    inside = np.fromiter((first <= day <= until for day in days), dtype=bool, count=len(days))
    known = values[inside & np.isfinite(values)]
    if len(known) < USUAL_NEEDED:
        return None
    low, high = np.percentile(known, (10, 90))
    return float(low), float(high)


def days_missing(days: Sequence[date], values: Floats, until: date) -> int:
    """How many more days with a value a usual range needs."""
    first = until - timedelta(days=USUAL_DAYS - 1)
    known = sum(
        first <= day <= until and math.isfinite(value) for day, value in zip(days, values, strict=True)
    )
    return max(0, USUAL_NEEDED - known)


def first_day(period: str, last: date) -> date:
    """The first day that a period ending with ``last`` shows; a day is its own first, a year is 52 weeks."""
    return last - timedelta(days=_DAYS.get(period, 1) - 1)


def record_chart(
    ident: str,
    vital: str,
    period: Literal["week", "month", "year"],
    last: date,
    days: Sequence[date],
    columns: Mapping[str, Floats],
    *,
    target: float | None = None,
    sources: Mapping[date, tuple[str, ...]] | None = None,
) -> Chart | None:
    """Daily values as the chart of a period: every day (a week of the year) has its row, empty ones included.

    ``columns`` has one array as long as ``days`` for each line of the vital; NaN is a day without that value.
    ``sources``: who said the values of a day.
    """
    style = STYLES[vital]
    lead = columns[style.lines[0].key]
    usual = usual_range(days, lead, last)
    first = first_day(period, last)
    grid = {line.key: _on_grid(first, last, days, columns[line.key]) for line in style.lines}
    at = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    if period == "year":
        at = at[::7]
        grid = {key: _weekly(values) for key, values in grid.items()}
    step: Step = "week" if period == "year" else "day"
    told = _told(sources or {}, at, 7 if period == "year" else 1)
    return _chart(ident, vital, step, at, grid, usual, target=target, told=told)


def _told(sources: Mapping[date, tuple[str, ...]], at: Sequence[date], span: int) -> list[tuple[str, ...]]:
    """Who said the values of each row, each named once, in the order of the days."""
    days = (
        [name for i in range(span) for name in sources.get(first + timedelta(days=i), ())] for first in at
    )
    return [tuple(dict.fromkeys(names)) for names in days]


def weekly_chart(
    ident: str,
    vital: str,
    first: date,
    weeks: int,
    days: Sequence[date],
    columns: Mapping[str, Floats],
    *,
    period: tuple[date, date] | None = None,
    target: float | None = None,
) -> Chart | None:
    """Weekly means from ``first`` on, with a shaded period: the course of a case."""
    last = first + timedelta(days=7 * weeks - 1)
    style = STYLES[vital]
    grid = {line.key: _weekly(_on_grid(first, last, days, columns[line.key])) for line in style.lines}
    at = [first + timedelta(days=7 * i) for i in range(weeks)]
    return _chart(ident, vital, "week", at, grid, None, period=period, target=target)


def day_chart(
    ident: str,
    vital: str,
    moments: Sequence[datetime],
    columns: Mapping[str, Floats],
    usual: tuple[float, float] | None,
    *,
    sources: Sequence[tuple[str, ...]] = (),
) -> Chart | None:
    """The values of one day at their moments (aware, in order; shown in the zone of the city)."""
    return _chart(ident, vital, "moment", list(moments), dict(columns), usual, told=sources)


def _on_grid(first: date, last: date, days: Sequence[date], values: Floats) -> Floats:
    grid = np.full((last - first).days + 1, np.nan)
    for day, value in zip(days, values, strict=True):
        if first <= day <= last:
            grid[(day - first).days] = value
    return grid


def _weekly(values: Floats) -> Floats:
    weeks = values.reshape(-1, 7)
    known = np.isfinite(weeks)
    count = known.sum(axis=1)
    total = np.where(known, weeks, 0.0).sum(axis=1)
    return np.divide(total, count, out=np.full(len(weeks), np.nan), where=count > 0)


def _chart(
    ident: str,
    vital: str,
    step: Step,
    at: Sequence[date],
    grid: Mapping[str, Floats],
    usual: tuple[float, float] | None,
    *,
    period: tuple[date, date] | None = None,
    target: float | None = None,
    told: Sequence[tuple[str, ...]] = (),
) -> Chart | None:
    style = STYLES[vital]
    columns = [np.round(grid[line.key], style.decimals) for line in style.lines]
    known = np.concatenate(columns)
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    rows = tuple(
        Row(
            moment,
            tuple(float(column[i]) if math.isfinite(column[i]) else None for column in columns),
            told[i] if told else (),
        )
        for i, moment in enumerate(at)
    )
    reach = [
        *known,
        *style.limits,
        *(style.normal or ()),
        *(usual or ()),
        *([target] if target is not None else []),
    ]
    axis = axis_for(0.0 if style.from_zero else float(min(reach)), float(max(reach)))
    return Chart(ident, vital, step, style, rows, usual, axis, period, target)


def axis_for(low: float, high: float) -> Axis:
    """An axis with four to eight round marks that holds both ends, with air above."""
    least = max(abs(high), 1.0)
    span = high - low if high - low > least * 1e-6 else least * 0.1
    raw = span / 5
    power = 10.0 ** math.floor(math.log10(raw))
    tick = next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= raw - power * 1e-9)
    bottom = math.floor(low / tick + 1e-9) * tick
    if low > 0 and low - bottom < 0.1 * tick:
        bottom = max(0.0, bottom - tick)
    top = math.ceil(high / tick - 1e-9) * tick
    if top - high < 0.1 * tick:
        top += tick
    digits = max(0, 2 - math.floor(math.log10(tick)))
    return Axis(round(bottom, digits), round(top, digits), round(tick, digits))
