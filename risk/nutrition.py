"""What was eaten on a day against a plan: totals without counting twice, shares of energy, and one notice about fat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from risk.nutrition_targets import Standard, Target

NUTRIENTS: Final = ("energy", "protein", "fat", "carbohydrate", "salt", "fibre")
OCCASIONS: Final = ("breakfast", "lunch", "snack", "dinner")
KCAL_OF: Final = {"fat": 9.0, "protein": 4.0, "carbohydrate": 4.0}
"""Atwater's factors, as food labels in Japan use them."""


@dataclass(frozen=True, slots=True)
class Food:
    """One food, or one meal written down as a whole. values: only what is known, in kcal and grams."""

    occasion: str
    source: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Eaten:
    """A day. totals: of the foods that tell them; shares: percent of the energy of the foods that tell both."""

    occasions: tuple[str, ...] = ()
    totals: Mapping[str, float] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    partly: frozenset[str] = frozenset()
    """Nutrients that some food of the day does not tell: their totals are at least so much."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person and the nurse agreed on; None: as the standard says. fat, protein: percent of energy, the upper end."""

    energy: float | None = None
    fat: float | None = None
    protein: float | None = None
    salt: float | None = None


def occasion_of(hour: int) -> str:
    """What a food eaten at this hour of the wall clock belongs to, when nobody said.

    >>> [occasion_of(hour) for hour in (7, 12, 15, 19, 23)]
    ['breakfast', 'lunch', 'snack', 'dinner', 'snack']
    """
    if 4 <= hour < 10:
        return "breakfast"
    if 10 <= hour < 15:
        return "lunch"
    return "dinner" if 17 <= hour < 22 else "snack"


def eaten(foods: Iterable[Food]) -> Eaten:
    """The day of these foods: of each occasion the source that tells most of it, never the sum of two that repeat it."""
    by_occasion: dict[str, dict[str, list[Food]]] = defaultdict(lambda: defaultdict(list))
    for food in foods:
        if food.values:
            by_occasion[food.occasion][food.source].append(food)
    kept = [food for sources in by_occasion.values() for food in _fullest(sources)]
    told = {name: [food for food in kept if name in food.values] for name in NUTRIENTS}
    return Eaten(
        occasions=tuple(name for name in OCCASIONS if name in by_occasion),
        totals={name: sum(food.values[name] for food in some) for name, some in told.items() if some},
        shares=_shares(kept),
        partly=frozenset(name for name, some in told.items() if 0 < len(some) < len(kept)),
    )


def _fullest(sources: Mapping[str, Sequence[Food]]) -> Sequence[Food]:
    return max(
        sources.items(),
        key=lambda item: (len(item[1]), sum(food.values.get("energy", 0.0) for food in item[1]), item[0]),
    )[1]


def _shares(foods: Sequence[Food]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, kcal in KCAL_OF.items():
        both = [food.values for food in foods if name in food.values and "energy" in food.values]
        energy = sum(values["energy"] for values in both)
        if energy > 0:
            found[name] = 100 * kcal * sum(values[name] for values in both) / energy
    return found


def fat_above_plan(day: Eaten, plan: Plan, targets: Mapping[str, Target], rules: Standard) -> bool:
    """Whether the day's fat is clearly above what was planned, once enough of the day is written down.

    A plan in kcal gives grams, which can only grow during the day; without one the share of energy decides.
    """
    standard = targets.get("fat")
    upper = plan.fat if plan.fat is not None else None if standard is None else standard.high
    if upper is None or len(day.occasions) < rules.notice_occasions:
        return False
    if plan.energy is not None and "fat" in day.totals:
        planned = plan.energy * upper / 100 / KCAL_OF["fat"]
        return day.totals["fat"] > planned * (1 + rules.fat_share)
    return day.shares.get("fat", 0.0) > upper + rules.fat_points


@dataclass(frozen=True, slots=True)
class Week:
    """Means of the days that were written down enough. days: how many these are."""

    days: int
    means: Mapping[str, float]
    shares: Mapping[str, float]


def week(days: Iterable[Eaten], rules: Standard) -> Week:
    """The means of the days with enough occasions; a day without entries is a gap and not a zero."""
    full = [day for day in days if len(day.occasions) >= rules.mean_occasions]
    return Week(
        days=len(full),
        means=_means([day.totals for day in full], NUTRIENTS),
        shares=_means([day.shares for day in full], tuple(KCAL_OF)),
    )


def _means(days: Sequence[Mapping[str, float]], names: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name in names:
        values = [day[name] for day in days if name in day]
        if values:
            found[name] = sum(values) / len(values)
    return found
