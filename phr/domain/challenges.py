"""Teams and districts: codes, who may be counted, and the one figure of a week that a group is shown."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from phr.errors import Invalid

_TEAM: Final = re.compile(r"[a-z0-9][a-z0-9-]{3,30}", re.ASCII)
_FEWEST: Final = 10


class RulesError(ValueError):
    """The file of challenges is wrong; names the place."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The table challenges.toml."""

    at_least: int
    rounded_to: int
    most_groups: int
    months: int


def parse_rules(text: str) -> Rules:
    """The rules of a file, or one error that names the place."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise RulesError("not TOML") from None
    if set(raw) != set(Rules.__slots__) or not all(type(n) is int and n > 0 for n in raw.values()):
        raise RulesError("file: four whole numbers above 0 are needed")
    rules = Rules(**raw)
    if rules.at_least < _FEWEST:
        raise RulesError("at_least: below the count under which this service shows nothing")
    return rules


@cache
def rules_of() -> Rules:
    """The rules in this package."""
    return parse_rules(files("phr.domain").joinpath("challenges.toml").read_text("utf-8"))


def team_code(text: str) -> str:
    """The code of a team as consents name it: what its members told each other. It names no person."""
    found = text.strip().lower()
    if _TEAM.fullmatch(found) is None:
        raise Invalid("must be 4 to 31 letters, digits or dashes", field="team")
    return f"team-{found}"


def district_code(district: str) -> str:
    """The code of a district: names of places are not letters of an identifier, so it is a short hash."""
    return f"district-{hashlib.sha256(district.encode()).hexdigest()[:12]}" if district else ""


def week_over(today: date) -> date:
    """The Monday of the last week that is over."""
    return today - timedelta(days=today.weekday() + 7)


def weeks_mean(steps: Mapping[str, Sequence[int]], members: int, plateau: int, rules: Rules) -> int | None:
    """The mean steps of a member's day; None while too few are counted.

    Days above the plateau count as the plateau: nobody has to run for the group, and nobody's feat shows.
    """
    counted = [days for days in steps.values() if days]
    if min(members, len(counted)) < rules.at_least:
        return None
    means = [sum(min(n, plateau) for n in days) / len(days) for days in counted]
    return int(sum(means) / len(means)) // rules.rounded_to * rules.rounded_to
