"""What the pages of food and drink receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

FIELDS = ("energy", "protein", "fat", "carbohydrate", "salt")
"""What a food label in Japan gives, in its order."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the week's picture. values: seven days, None for a day without; shares are percent of energy.

    low, high: the range of the plan, else of the standard; none of both without one. below: ``high`` itself is too
    much. planned: the range is the plan's. source: the standard's citation, empty for a plan.
    """

    key: str
    unit: str
    decimals: int
    values: tuple[float | None, ...]
    mean: float | None
    low: float | None = None
    high: float | None = None
    usual: float | None = None
    below: bool = False
    planned: bool = False
    source: str = ""

    @property
    def top(self) -> float:
        """The upper end of the picture's axis."""
        return (
            max((value for value in (*self.values, self.high) if value is not None), default=1.0) * 1.1 or 1.0
        )


@dataclass(frozen=True, slots=True)
class EatenDay:
    """One day. occasions: breakfast, lunch, snack, dinner, as far as something was written down."""

    day: date
    occasions: tuple[str, ...]
    water: float | None


@dataclass(frozen=True, slots=True)
class WeekPicture:
    """Seven days, oldest first. counted: days that are in the means; needed: occasions that such a day has."""

    days: tuple[EatenDay, ...]
    measures: tuple[Measure, ...]
    counted: int
    needed: int
    version: str

    @property
    def logged(self) -> int:
        """Days with any entry."""
        return sum(bool(one.occasions) for one in self.days)


@dataclass(frozen=True, slots=True)
class FoodLine:
    """One entry. start: names it in the form that copies it."""

    start: int
    at: datetime
    occasion: str
    typed: bool
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class FoodTyped:
    """A form that was not accepted: as it was typed, and field -> code of the sentences "entry-problem"."""

    typed: Mapping[str, str]
    problems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FoodPage:
    """The resident's page. occasion: what an entry now would be. notice: saved, water, again, gone or empty."""

    today: date
    week: WeekPicture
    entries: tuple[FoodLine, ...]
    occasion: str
    adult: bool
    fat_above: bool
    fat_limit: Measure | None
    notice: str = ""
    form: FoodTyped | None = None


@dataclass(frozen=True, slots=True)
class ContextDay:
    """Weight and blood pressure beside a day of food: the morning's, as means of the occasion."""

    day: date
    weight: float | None
    systolic: float | None
    diastolic: float | None


@dataclass(frozen=True, slots=True)
class CaseFood:
    """The nurse's page of one case. plan: item -> amount. notice: agreed, ended or empty."""

    case: str
    name: str
    permitted: bool
    week: WeekPicture | None
    context: tuple[ContextDay, ...]
    plan: Mapping[str, float]
    prevention: Measure | None
    notice: str = ""
    form: FoodTyped | None = None
