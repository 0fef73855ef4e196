"""Limits of what people measure at home: read from home_limits.toml, checked on load, cited by every line shown."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from risk.errors import BadLimits
from risk.limits import OPERATORS

FILE: Final = "home_limits.toml"
DIRECTIONS: Final = ("up", "down", "both")
MEASURES: Final = ("weight", "spo2", "temperature", "resting_heart_rate", "steps", "sleep")


@dataclass(frozen=True, slots=True)
class Grade:
    """One class of home blood pressure, reached from sbp or dbp."""

    key: str
    ja: str
    en: str
    sbp: float
    dbp: float
    source: str


@dataclass(frozen=True, slots=True)
class Target:
    """What a share should be, in percent."""

    key: str
    op: str
    value: float
    source: str

    def holds(self, share: float) -> bool:
        """Whether a share of time is as it should be."""
        return bool(OPERATORS[self.op](share, self.value))


@dataclass(frozen=True, slots=True)
class Trend:
    """How one measure is compared with the own past. worse: the direction that is a signal, one of DIRECTIONS."""

    key: str
    ja: str
    en: str
    unit: str
    show: str
    decimals: int
    recent_days: int
    recent_minimum: int
    past_days: int
    past_minimum: int
    change: float
    spread: float
    floor: float
    worn: float
    worse: str
    alone: bool
    source: str


@dataclass(frozen=True, slots=True)
class HomeLimits:
    """The whole reviewed set. home_bp, cgm, weight, frailty: single numbers by name."""

    version: str
    grades: tuple[Grade, ...]
    home_bp: Mapping[str, float]
    cgm: Mapping[str, float]
    targets: Mapping[str, tuple[Target, ...]]
    trends: Mapping[str, Trend]
    weight: Mapping[str, float]
    frailty: Mapping[str, float]


@cache
def standard() -> HomeLimits:
    """The set that ships with the package."""
    return parse(resources.files("risk").joinpath(FILE).read_text(encoding="utf-8"))


def load(path: Path) -> HomeLimits:
    """A city's own set."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadLimits("cannot be read", file=path.name, key="file") from error
    return parse(text, file=path.name)


def parse(text: str, *, file: str = FILE) -> HomeLimits:
    """The set in a TOML text; anything missing, unknown or without a source refuses the whole."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadLimits("is not TOML", file=file, key="file") from error
    key = "file"
    try:
        key = "home_bp"
        grades = tuple(Grade(name, **each) for name, each in raw["home_bp"]["grades"].items())
        numbers = {}
        for key, needed in _RULES.items():
            numbers[key] = _numbers(raw[key]["rules"], needed)
        key = "cgm"
        targets = {
            who: tuple(Target(name, **each) for name, each in raw["cgm"][who].items())
            for who in ("adult", "older")
        }
        key = "trends"
        trends = {name: Trend(name, **raw["trends"][name]) for name in MEASURES}
        found = HomeLimits(str(raw["version"]), grades, targets=targets, trends=trends, **numbers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadLimits("is not as this version needs it", file=file, key=key) from error
    _check(found, file)
    return found


_RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "home_bp": (
        *("occasion_minutes", "averaged", "window_days", "minimum_days", "morning_from", "morning_until"),
        *("evening_from", "evening_until", "target_sbp", "target_dbp"),
    ),
    "cgm": ("minimum_days", "minimum_share"),
    "weight": ("gain_kg", "gain_days", "loss_kg", "loss_days", "loss_window_days"),
    "frailty": ("grip_m", "grip_f", "gait", "frail"),
}


def _numbers(table: Mapping[str, Any], needed: tuple[str, ...]) -> dict[str, float]:
    """The numbers of a table of rules, each with a source."""
    found = {name: float(each["value"]) for name, each in table.items() if each["source"]}
    if found.keys() != set(needed) or not all(math.isfinite(each) and each >= 0 for each in found.values()):
        raise ValueError
    return found


def _check(found: HomeLimits, file: str) -> None:
    """What the types cannot say."""
    rising = all(a.sbp <= b.sbp and a.dbp <= b.dbp for a, b in pairwise(found.grades))
    if len(found.grades) != 6 or not rising or not all(each.source for each in found.grades):
        raise BadLimits("has grades that do not rise or have no source", file=file, key="home_bp.grades")
    if any(each.op not in OPERATORS for who in found.targets.values() for each in who):
        raise BadLimits("has an unknown op", file=file, key="cgm")
    for trend in found.trends.values():
        counts = (trend.recent_days, trend.recent_minimum, trend.past_days, trend.past_minimum)
        whole = all(type(each) is int and each > 0 for each in counts)
        fits = whole and trend.recent_minimum <= trend.recent_days and trend.past_minimum <= trend.past_days
        words = trend.worse in DIRECTIONS and bool(trend.source)
        if not fits or trend.floor <= 0 or trend.change <= 0 or not words:
            raise BadLimits("has numbers that do not fit each other", file=file, key=f"trends.{trend.key}")
