"""The rules of each period of specific health guidance, read from editions.toml and checked on load."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from phr.errors import Invalid

WAYS: Final = ("individual", "group", "phone", "message")
HABITS: Final = ("diet", "exercise", "rest", "other")
LICENCES: Final = ("doctor", "public-health-nurse", "dietitian")


class RulesError(Exception):
    """The file of editions is wrong; the text names the place."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every key is known, so that a misspelt one is an error and not a default."""


class InterviewRule(_Strict, frozen=True):
    """Least length of a first interview, and the most people of a group."""

    individual_minutes: int
    group_minutes: int
    group_people: int
    remote_minutes: int
    split: bool


class EarlyRule(_Strict, frozen=True):
    """Points for a first interview soon after the check-up."""

    same_day: int
    within: int
    days: int


class ContactRule(_Strict, frozen=True):
    """What one contact earns: flat, or for each so many minutes up to ``most``; ``people`` 0 means no bound."""

    points: int
    minutes: int = 0
    people: int = 0
    round_trips: int = 0
    per_minutes: int = 0
    most: int = 0


class OutcomeRule(_Strict, frozen=True):
    """What the result at the evaluation earns."""

    full: int
    part: int
    full_cm: float
    full_kg: float
    part_cm: float
    part_kg: float
    smoking: int
    habits: Mapping[str, int]


class ShareRule(_Strict, frozen=True):
    """A share of the weight at the check-up that stands beside the full result, when it is on."""

    on: bool
    share: float


class SecondYearRule(_Strict, frozen=True):
    """When active support of a second year may be done like motivational support, when it is on."""

    on: bool
    bmi: float
    below: float
    above: float


class PlanRule(_Strict, frozen=True):
    """What a plan must be expected to give if it is kept."""

    lose_cm: float
    lose_kg: float
    kept_days: int
    kcal_per_kg: int


class Edition(_Strict, frozen=True):
    """The rules of one period."""

    version: str
    first: date
    needed: int
    evaluation_months: int
    sources: tuple[str, ...]
    to_confirm: tuple[str, ...]
    edited_draft_counts: bool
    one_a_day: bool
    licences: tuple[str, ...]
    interview: InterviewRule
    contact: Mapping[str, ContactRule]
    plan: PlanRule
    needed_of_a: int = 0
    early: EarlyRule | None = None
    outcome: OutcomeRule | None = None
    weight_share: ShareRule | None = None
    second_year: SecondYearRule | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        """The kinds of contact that earn something."""
        return tuple(self.contact)


class _File(_Strict, frozen=True):
    edition: tuple[Edition, ...]


def parse(text: str) -> tuple[Edition, ...]:
    """All editions of a file, oldest first, or one error that names the place."""
    try:
        found = msgspec.convert(tomllib.loads(text), _File).edition
    except tomllib.TOMLDecodeError:
        raise RulesError("not TOML") from None
    except msgspec.ValidationError as error:
        raise RulesError(str(error)) from None
    for one in found:
        _check(one)
    if not found or len({one.first for one in found}) != len(found):
        raise RulesError("edition: none, or two that begin on one day")
    return tuple(sorted(found, key=lambda one: one.first))


def _check(one: Edition) -> None:
    ways = {name.removeprefix("a-").removeprefix("b-") for name in one.contact}
    wrong = {
        "contact": not one.contact or not ways <= set(WAYS),
        "licences": not one.licences or not set(one.licences) <= set(LICENCES),
        "outcome.habits": one.outcome is not None and not set(one.outcome.habits) <= set(HABITS),
        "needed": one.needed <= 0 or one.evaluation_months <= 0,
        "contact.points": any(rule.points <= 0 or rule.per_minutes < 0 for rule in one.contact.values()),
        "plan": one.plan.kept_days <= 0 or one.plan.kcal_per_kg <= 0,
    }
    for place, bad in wrong.items():
        if bad:
            raise RulesError(f"{one.version}: {place}")


@cache
def editions() -> tuple[Edition, ...]:
    """The editions in this package."""
    return parse(files("phr.domain.guidance").joinpath("editions.toml").read_text("utf-8"))


def edition_for(checkup: date) -> Edition:
    """The edition of a check-up's day (R1-2); check-ups before the first one are judged by the first."""
    known = editions()
    return next((one for one in reversed(known) if one.first <= checkup), known[0])


def edition_named(version: str) -> Edition:
    """The edition that a course began with. Raises Invalid when this installation has none of this name."""
    for one in editions():
        if one.version == version:
            return one
    raise Invalid("unknown edition of the rules", field="edition")
