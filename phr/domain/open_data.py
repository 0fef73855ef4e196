"""Open statistics with differential privacy: people by district, age and sex, and means, from a budget that ends."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from phr.errors import Refused, Unsafe

OPEN: Final = "open"
TAGS: Final = frozenset({OPEN, "limited", "closed"})
DATASET: Final = "district-health"
OTHER: Final = "other"
_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: where it comes from (`of`: mean or sum of a day), its bounds, and the step it is counted in."""

    code: str
    ja: str
    en: str
    name: str
    unit: str
    of: str
    low: int
    high: int
    step: int

    @property
    def middle(self) -> float:
        """What deviations are counted from, so that they are small."""
        return (self.low + self.high) / 2

    @property
    def most(self) -> int:
        """By how many steps one person can change a sum."""
        return int(-(-(self.high - self.low) // (2 * self.step)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is told, from which strata, for which budget."""

    datasets: Mapping[str, Mapping[str, str]]
    per_year: float
    per_edition: float
    counts: float
    least_shown: int
    ages: tuple[tuple[int, int], ...]
    sexes: tuple[str, ...]
    variables: tuple[Variable, ...]


@dataclass(frozen=True, slots=True)
class Stratum:
    """One line of the table."""

    district: str
    age: str
    sex: str


@dataclass(frozen=True, slots=True)
class Person:
    """What one person gives: the stratum, and the usual value of each variable by its code."""

    stratum: Stratum
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A stratum with noisy numbers; None where there are too few people to say."""

    stratum: Stratum
    people: int | None
    means: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Told:
    """An edition: its lines, and the epsilon that OpenDP counts for it."""

    lines: tuple[Line, ...]
    epsilon: float


@cache
def plan() -> Plan:
    """The plan that ships with the service."""
    return read_plan(files("phr.domain").joinpath("open_data.toml").read_text(encoding="utf-8"))


def read_plan(text: str) -> Plan:
    """Checks the text of a plan; anything unknown or out of range is refused."""
    try:
        raw = tomllib.loads(text)
        budget, strata = raw["budget"], raw["strata"]
        made = Plan(
            raw["datasets"],
            float(budget["per_year"]),
            float(budget["per_edition"]),
            float(budget["counts"]),
            int(budget["least_shown"]),
            tuple((int(low), int(high)) for low, high in strata["ages"]),
            tuple(strata["sexes"]),
            tuple(Variable(**each) for each in raw["variables"]),
        )
        sound = (
            all(each["tag"] in TAGS for each in made.datasets.values())
            and made.datasets[DATASET]["tag"] == OPEN
            and 0 < made.per_edition <= made.per_year <= 4
            and 0 < made.counts < 1
            and all(
                each.of in {"mean", "sum"} and each.low < each.high and each.step > 0
                for each in made.variables
            )
            and all(low <= high for low, high in made.ages)
            and all(one[1] < other[0] for one, other in zip(made.ages, made.ages[1:], strict=False))
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unsafe(f"open_data.toml is not readable ({type(problem).__name__})") from problem
    if not sound:
        raise Unsafe("open_data.toml: a tag, the budget, an age band or a variable is out of range")
    return made


def strata(how: Plan, districts: Sequence[str]) -> list[Stratum]:
    """Every stratum, in order, from public lists alone."""
    bands = [_band(*ages) for ages in how.ages]
    places = [*dict.fromkeys(districts), OTHER]
    return [Stratum(d, age, sex) for d in places for age in bands for sex in (*how.sexes, OTHER)]


def _band(low: int, high: int) -> str:
    return f"{low}-{high}"


def stratum_of(how: Plan, districts: Sequence[str], district: str, age: int, sex: str) -> Stratum | None:
    """Where a person is counted; None for an age of no band."""
    band = next((_band(low, high) for low, high in how.ages if low <= age <= high), None)
    if band is None:
        return None
    return Stratum(district if district in districts else OTHER, band, sex if sex in how.sexes else OTHER)


def afford(how: Plan, spent: float) -> None:
    """Refuses an edition for which the year has too little left."""
    if spent + how.per_edition > how.per_year + _SLACK:
        raise Refused(f"the privacy budget of this year is spent ({spent:g} of {how.per_year:g})")


def tell(how: Plan, table: Sequence[Stratum], people: Sequence[Person]) -> Told:
    """The numbers with noise. Counts and sums are whole numbers, so that no rounding of floats tells anything.

    Every person is in one stratum, once: one person more or less changes one count by 1, and one sum by at most the
    bound of the variable. OpenDP adds discrete Laplace noise and says what each answer costs; costs add up.
    """
    place = {stratum: number for number, stratum in enumerate(table)}
    where = np.array([place[person.stratum] for person in people], dtype=np.int64)
    each = how.per_edition * (1 - how.counts) / (2 * max(len(how.variables), 1))
    heads, spent = _noisy(np.bincount(where, minlength=len(table)), 1, how.per_edition * how.counts)
    means: list[dict[str, float | None]] = [{} for _ in table]
    for variable in how.variables:
        has = [(place[p.stratum], p.values[variable.code]) for p in people if variable.code in p.values]
        at = np.array([number for number, _ in has], dtype=np.int64)
        steps = _steps(np.array([value for _, value in has], dtype=np.float64), variable)
        counts, cost = _noisy(np.bincount(at, minlength=len(table)), 1, each)
        sums = np.zeros(len(table), dtype=np.int64)
        np.add.at(sums, at, steps)
        totals, more = _noisy(sums, variable.most, each)
        spent += cost + more
        for number, (count, total) in enumerate(zip(counts, totals, strict=True)):
            means[number][variable.code] = _mean(variable, count, total, how.least_shown)
    lines = (
        Line(stratum, count if count >= how.least_shown else None, found)
        for stratum, count, found in zip(table, heads, means, strict=True)
    )
    return Told(tuple(lines), spent)


def _steps(values: npt.NDArray[np.float64], variable: Variable) -> npt.NDArray[np.int64]:
    """How many steps each person's value lies from the middle, cut to the bounds."""
    inside = np.clip(values, variable.low, variable.high)
    steps: npt.NDArray[np.int64] = np.rint((inside - variable.middle) / variable.step).astype(np.int64)
    return np.clip(steps, -variable.most, variable.most)


def _mean(variable: Variable, count: int, total: int, least: int) -> float | None:
    if count < least:
        return None
    found = variable.middle + total * variable.step / count
    return round(min(max(found, variable.low), variable.high), 1)


def _noisy(exact: npt.NDArray[np.int64], most: int, epsilon: float) -> tuple[list[int], float]:
    """Whole numbers with discrete Laplace noise; `most` is by how much one person can change all of them together."""
    import opendp.prelude as dp  # noqa: PLC0415 - seconds to load, and every process of pages reads the plan

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    measure = space >> dp.m.then_laplace(scale=most / epsilon)
    return list(measure(exact.tolist())), float(measure.map(most))


def open_only(how: Plan, dataset: str) -> Mapping[str, Any]:
    """The dataset if it is tagged open; anything else stays (R8-28)."""
    found = how.datasets.get(dataset)
    if found is None or found["tag"] != OPEN:
        raise Refused("only data tagged open may leave")
    return found
