"""Intake standards and the numbers of the notice: read from nutrition_targets.toml, checked on load, each with its source."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import combinations
from typing import Any, Final

from risk.errors import BadLimits

FILE: Final = "nutrition_targets.toml"
KEYS: Final = ("energy", "fat", "protein", "salt", "salt-prevention")
_SHAPES: Final = {
    "energy": "activity",
    "fat": "share",
    "protein": "share",
    "salt": "below",
    "salt-prevention": "below",
}
_ACTIVITY: Final = frozenset({"low", "usual", "high"})


@dataclass(frozen=True, slots=True)
class Target:
    """What the standard says for one sex (empty: both) from one age to another.

    low, high: the range; a value of ``high`` itself is too much where ``below``. A share is percent of energy.
    usual: the middle one of three activity levels, for energy.
    """

    key: str
    unit: str
    sex: str
    ages: tuple[int, int]
    low: float | None
    high: float
    below: bool
    source: str
    approved: bool
    usual: float | None = None

    def fits(self, value: float) -> bool:
        """Whether a value is in the range."""
        if self.low is not None and value < self.low:
            return False
        return value < self.high if self.below else value <= self.high


@dataclass(frozen=True, slots=True)
class Standard:
    """The whole table. occasions: how many a day needs before it speaks."""

    version: str
    targets: tuple[Target, ...]
    sources: Mapping[str, str]
    notice_occasions: int
    fat_points: float
    fat_share: float
    mean_occasions: int

    def of(self, age: int | None, sex: str) -> dict[str, Target]:
        """The approved targets of a person; none for children, and none that asks for a sex that is not known."""
        if age is None:
            return {}
        return {
            one.key: one
            for one in self.targets
            if one.approved and one.ages[0] <= age <= one.ages[1] and one.sex in ("", sex)
        }


def _bad(key: str, problem: str) -> BadLimits:
    return BadLimits(problem, file=FILE, key=key)


def load(text: str) -> Standard:
    """The table of a text. Raises BadLimits, naming the place."""
    try:
        raw = tomllib.loads(text)
        sources = {str(key): str(value) for key, value in raw["source"].items()}
        notice, mean = raw["notice"], raw["mean"]
        found = Standard(
            version=str(raw["version"]),
            targets=tuple(_target(one, at, sources) for at, one in enumerate(raw["target"])),
            sources=sources,
            notice_occasions=_count(notice["occasions"], "notice.occasions"),
            fat_points=_number(notice["fat_points"], "notice.fat_points"),
            fat_share=_number(notice["fat_share"], "notice.fat_share"),
            mean_occasions=_count(mean["occasions"], "mean.occasions"),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise _bad("table", f"cannot be read ({type(error).__name__})") from error
    for part in (notice, mean):
        if part["source"] not in sources:
            raise _bad("notice, mean", "unknown source")
    _refuse_overlaps(found.targets)
    return found


def _target(raw: Mapping[str, Any], at: int, sources: Mapping[str, str]) -> Target:
    place = f"target[{at}]"
    key, shape = raw["key"], _SHAPES.get(raw["key"], "")
    if shape not in raw or raw["source"] not in sources or raw.get("sex", "") not in ("", "M", "F"):
        raise _bad(place, "unknown key, source or sex")
    if raw.get("fm", False) and raw["approved"]:
        raise _bad(place, "a number from memory cannot be approved")
    first, last = (_count(age, f"{place}.ages") for age in raw["ages"])
    if not 18 <= first <= last:
        raise _bad(f"{place}.ages", "no ages of adults")
    low, high, usual = _range(raw[shape], shape, place)
    if low is not None and low > high:
        raise _bad(f"{place}.{shape}", "ends before it begins")
    return Target(
        key=key,
        unit=str(raw["unit"]),
        sex=raw.get("sex", ""),
        ages=(first, last),
        low=low,
        high=high,
        below=shape == "below",
        source=raw["source"],
        approved=raw["approved"] is True,
        usual=usual,
    )


def _range(given: Any, shape: str, place: str) -> tuple[float | None, float, float | None]:
    """The ends of the range, and the usual value of energy."""
    if shape == "below":
        return None, _number(given, place), None
    if shape == "share":
        low, high = (_number(one, place) for one in given)
        return low, high, None
    if not {"low", "usual"} <= given.keys() <= _ACTIVITY:
        raise _bad(f"{place}.activity", "unknown level")
    levels = [_number(one, place) for one in given.values()]
    return min(levels), max(levels), _number(given["usual"], place)


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise _bad(place, "no positive number")
    return float(value)


def _count(value: Any, place: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _bad(place, "no count")
    return value


def _refuse_overlaps(targets: tuple[Target, ...]) -> None:
    """Two rows for one person would make the order of the file decide."""
    for one, other in combinations(targets, 2):
        ages = one.ages[0] <= other.ages[1] and other.ages[0] <= one.ages[1]
        if one.key == other.key and ages and ("" in (one.sex, other.sex) or one.sex == other.sex):
            raise _bad(one.key, "two targets for the same people")


@cache
def standard() -> Standard:
    """The table that is shipped."""
    return load(resources.files("risk").joinpath(FILE).read_text("utf-8"))
