"""The outcomes and the rules of judging a programme, read from ``outcomes.toml`` and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from risk.errors import BadLimits

_FILE: Final = "outcomes.toml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome: its names, its unit, which way is better, and between which values it can be true."""

    code: str
    ja: str
    en: str
    unit: str
    unit_en: str
    decimals: int
    better: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rules:
    """How a programme is judged."""

    version: str
    confidence: float
    fewest: int
    caliper: float
    balanced: float
    covered: float
    dose_days: int
    outcomes: Mapping[str, Outcome]


@cache
def standard() -> Rules:
    """The rules of the package."""
    text = resources.files("risk.programme").joinpath(_FILE).read_text("utf-8")
    return parse(tomllib.loads(text))


def parse(given: Mapping[str, Any]) -> Rules:
    """Rules from a parsed file. Raises BadLimits that names the key."""
    rules = given.get("rules", {})
    numbers = {name: _number(rules, name) for name in ("confidence", "caliper", "balanced", "covered")}
    fewest, dose_days = (int(_number(rules, name)) for name in ("fewest", "dose_days"))
    for name in ("confidence", "covered"):
        if not 0 < numbers[name] < 1:
            raise BadLimits("must be between 0 and 1", file=_FILE, key=f"rules.{name}")
    if fewest < 2:
        raise BadLimits("must be at least 2", file=_FILE, key="rules.fewest")
    outcomes = {code: _outcome(code, one) for code, one in given.get("outcome", {}).items()}
    if not outcomes:
        raise BadLimits("names no outcome", file=_FILE, key="outcome")
    return Rules(
        str(given.get("version", "")),
        numbers["confidence"],
        fewest,
        numbers["caliper"],
        numbers["balanced"],
        numbers["covered"],
        dose_days,
        outcomes,
    )


def _number(table: Mapping[str, Any], name: str) -> float:
    value = table.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise BadLimits("must be a positive number", file=_FILE, key=f"rules.{name}")
    return float(value)


def _outcome(code: str, one: Mapping[str, Any]) -> Outcome:
    key = f"outcome.{code}"
    missing = {"ja", "en", "unit", "decimals", "better", "range"} - one.keys()
    if missing:
        raise BadLimits(f"lacks {sorted(missing)[0]}", file=_FILE, key=key)
    if one["better"] not in ("lower", "higher"):
        raise BadLimits("must be lower or higher", file=_FILE, key=f"{key}.better")
    low, high = one["range"]
    if not low < high:
        raise BadLimits("has its ends in the wrong order", file=_FILE, key=f"{key}.range")
    unit_en = one.get("unit_en", one["unit"])
    return Outcome(
        code, one["ja"], one["en"], one["unit"], unit_en, int(one["decimals"]), one["better"], low, high
    )
