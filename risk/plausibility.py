"""Which readings can be true at all (hard) and which are worth asking about (soft), column by column."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from risk.errors import BadInput, BadLimits

Values = npt.NDArray[np.float64]
Micros = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FILE: Final = "plausibility.toml"
BLOOD_PRESSURE: Final = "85354-9"
HEART_RATE: Final = "8867-4"
WEIGHT: Final = "29463-7"
HEIGHT: Final = "8302-2"
WAIST: Final = "8280-0"
GLUCOSE: Final = "2339-0"
STEPS: Final = "55423-8"
MINUTE: Final = 60_000_000
DAY: Final = 86_400_000_000

_NUMBERS: Final = [
    "steps_per_minute_soft",
    "steps_minutes",
    "adult_from_age",
    "adult_weight_hard_low",
    "heart_rate_soft_base",
    "weight_change_day",
    "weight_change_week",
    "height_change",
    "waist_change_week",
    "stride_m",
]
_PAIRS: Final = ("pulse_pressure_soft", "lb_ratio")


@dataclass(frozen=True, slots=True)
class Range:
    """The allowed values of one channel, both ends included, and what a usual unit mistake looks like."""

    unit: str
    hard: tuple[float, float]
    soft: tuple[float, float]
    lookalike: str = ""
    lookalike_range: tuple[float, float] = (math.inf, -math.inf)


@dataclass(frozen=True, slots=True)
class Plausibility:
    """The reviewed set of ranges."""

    version: str
    numbers: Mapping[str, float]
    pairs: Mapping[str, tuple[float, float]]
    vital: Mapping[str, Mapping[str, Range]]


class Checked(NamedTuple):
    """The answer of ``check``: refused rows, rows to confirm, and the rows of each reason to refuse.

    Reasons are ``<channel>:out-of-range``, ``<channel>:<unit look-alike>`` and ``diastolic-not-below-systolic``.
    """

    hard: Mask
    soft: Mask
    why: Mapping[str, Mask]


@cache
def standard() -> Plausibility:
    """The set that ships with the package."""
    return parse(resources.files("risk").joinpath(FILE).read_text(encoding="utf-8"))


def parse(text: str, *, file: str = FILE) -> Plausibility:
    """The set in a TOML text; a range that is missing or upside down refuses the whole."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits("is not TOML", file=file, key="file") from error
    try:
        if raw["status"] not in {"proposed", "approved"} or (
            raw["status"] == "approved" and not raw["approver"]
        ):
            raise BadLimits("is approved by nobody", file=file, key="approver")
        settings = raw["settings"]
        return Plausibility(
            version=str(raw["version"]),
            numbers={name: _number(settings[name], file, name) for name in _NUMBERS},
            pairs={name: _pair(settings[name], file, name) for name in _PAIRS},
            vital={
                code: {name: _range(entry, file, f"{code}.{name}") for name, entry in channels.items()}
                for code, channels in raw["vital"].items()
            },
        )
    except KeyError as error:
        raise BadLimits("is missing", file=file, key=str(error.args[0])) from error
    except (AttributeError, TypeError) as error:
        raise BadLimits("is not of the expected form", file=file, key="file") from error


def _number(value: object, file: str, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadLimits("is not a number", file=file, key=key)
    return float(value)


def _pair(value: Any, file: str, key: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise BadLimits("is not a pair of numbers", file=file, key=key)
    low, high = (_number(end, file, key) for end in value)
    if low > high:
        raise BadLimits("ends below its start", file=file, key=key)
    return low, high


def _range(entry: Any, file: str, key: str) -> Range:
    hard, soft = _pair(entry["hard"], file, key), _pair(entry["soft"], file, key)
    if soft[0] < hard[0] or soft[1] > hard[1]:
        raise BadLimits("has a soft range outside its hard range", file=file, key=key)
    if "lookalike" not in entry:
        return Range(str(entry["unit"]), hard, soft)
    alike = entry["lookalike"]
    return Range(str(entry["unit"]), hard, soft, str(alike["name"]), _pair(alike["range"], file, key))


def check(
    code: str,
    channels: Mapping[str, Values],
    duration: Micros | None = None,
    *,
    start: Micros | None = None,
    age: float | None = None,
    unit_known: bool = True,
    ranges: Plausibility | None = None,
) -> Checked:
    """Hard and soft plausibility of each row. NaN is "no value" and is never implausible.

    start: with the duration, lets a run of short step intervals be seen as one. age: years; without it the age
    limits of heart rate and adult weight are not used. unit_known: False when the file named no unit; then the
    whole look-alike range is refused.
    """
    known = ranges or standard()
    if code not in known.vital:
        raise BadInput("has no plausibility range", field="code")
    rows = len(next(iter(channels.values()))) if channels else 0
    found = _Found(np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_), {})
    for name in channels.keys() & known.vital[code].keys():  # coded answers have no range
        column = channels[name]
        limits = _for_age(code, known.vital[code][name], age, known)
        if not _all_within(column, limits, unit_known=unit_known):
            _check_channel(found, name, column, limits, unit_known=unit_known)
    with np.errstate(invalid="ignore", over="ignore"):  # infinities are out of range already
        if code == BLOOD_PRESSURE:
            _check_pair(found, channels, known)
        if code == STEPS and duration is not None and "value" in channels:
            fast = _fast_steps(channels["value"], duration, start, known)
            np.logical_or(found.soft, fast, out=found.soft)
    return Checked(found.hard, found.soft & ~found.hard, found.why)


class _Found(NamedTuple):
    hard: Mask
    soft: Mask
    why: dict[str, Mask]

    def refuse(self, reason: str, rows: Mask) -> None:
        if rows.any():
            self.why[reason] = rows
            np.logical_or(self.hard, rows, out=self.hard)


def _for_age(code: str, limits: Range, age: float | None, known: Plausibility) -> Range:
    """The range of a person of this age: a heart rate of 200 is usual at 20, an adult of 12 kg is a mistake."""
    if age is None:
        return limits
    if code == HEART_RATE:
        high = min(max(known.numbers["heart_rate_soft_base"] - age, limits.soft[0]), limits.hard[1])
        return Range(limits.unit, limits.hard, (limits.soft[0], high))
    if code == WEIGHT and age >= known.numbers["adult_from_age"]:
        low = known.numbers["adult_weight_hard_low"]
        return Range(limits.unit, (low, limits.hard[1]), (max(low, limits.soft[0]), limits.soft[1]))
    return limits


def _all_within(column: Values, limits: Range, *, unit_known: bool) -> bool:
    """One pass that settles the usual case: nothing outside the soft range."""
    if not column.size or not (unit_known or not limits.lookalike):
        return not column.size
    return bool(np.fmin.reduce(column) >= limits.soft[0] and np.fmax.reduce(column) <= limits.soft[1])


def _check_channel(found: _Found, name: str, column: Values, limits: Range, *, unit_known: bool) -> None:
    outside = (column < limits.hard[0]) | (column > limits.hard[1])
    alike = (column >= limits.lookalike_range[0]) & (column <= limits.lookalike_range[1])
    found.refuse(f"{name}:out-of-range", outside & ~alike)
    if limits.lookalike:
        found.refuse(f"{name}:{limits.lookalike}", alike if not unit_known else alike & outside)
    np.logical_or(found.soft, (column < limits.soft[0]) | (column > limits.soft[1]), out=found.soft)


def _check_pair(found: _Found, channels: Mapping[str, Values], known: Plausibility) -> None:
    """Diastolic must be below systolic; a very narrow or wide difference is worth a second look."""
    if "systolic" not in channels or "diastolic" not in channels:
        return
    difference = channels["systolic"] - channels["diastolic"]
    found.refuse("diastolic-not-below-systolic", difference <= 0)
    low, high = known.pairs["pulse_pressure_soft"]
    np.logical_or(found.soft, (difference < low) | (difference > high), out=found.soft)


def _fast_steps(steps: Values, duration: Micros, start: Micros | None, known: Plausibility) -> Mask:
    """Rows of a run of at least ten minutes in which every interval has more than 220 steps a minute."""
    fast = steps * MINUTE > known.numbers["steps_per_minute_soft"] * duration
    needed = known.numbers["steps_minutes"] * MINUTE
    rows = np.flatnonzero(fast)
    marked = np.zeros(len(steps), dtype=np.bool_)
    if not rows.size:
        return marked
    if start is None:
        marked[rows] = duration[rows] >= needed
        return marked
    rows = rows[np.argsort(start[rows], kind="stable")]
    end = np.maximum.accumulate(start[rows] + duration[rows])
    fresh = np.r_[True, start[rows][1:] > end[:-1]]
    run = np.cumsum(fresh) - 1
    first = start[rows][fresh]
    last = end[np.r_[np.flatnonzero(fresh)[1:] - 1, len(rows) - 1]]
    marked[rows] = (last - first)[run] >= needed
    return marked


def changed(
    code: str,
    start: Micros,
    values: Values,
    earlier_start: int,
    earlier: float,
    ranges: Plausibility | None = None,
) -> Mask:
    """Soft: rows that moved further from the last accepted value than bodies do (weight, waist, adult height).

    Rows before ``earlier_start`` are not judged. A weight in pounds shows as 2.0 to 2.4 times the last one.
    """
    known = ranges or standard()
    age = start - earlier_start
    rows: Mask = np.zeros(len(values), dtype=np.bool_)
    moved = np.abs(values - earlier)
    if code == WEIGHT:
        low, high = known.pairs["lb_ratio"]
        day = (age <= DAY) & (moved > known.numbers["weight_change_day"] * earlier)
        week = (age <= 7 * DAY) & (moved > known.numbers["weight_change_week"] * earlier)
        pounds = (values >= low * earlier) & (values <= high * earlier)
        rows = (age >= 0) & (day | week | pounds)
    elif code == HEIGHT:
        rows = (age >= 0) & (moved > known.numbers["height_change"])
    elif code == WAIST:
        rows = (age >= 0) & (age <= 7 * DAY) & (moved > known.numbers["waist_change_week"])
    return rows


def strides(steps: Values, metres: Values, ranges: Plausibility | None = None) -> Mask:
    """Soft: days whose steps and distance cannot belong together (no distance at all, or giant strides)."""
    known = ranges or standard()
    rows: Mask = (steps > 0) & ((metres == 0) | (metres > known.numbers["stride_m"] * steps))
    return rows
