"""Nudges: a small, friendly word when data that the person shares for it gives a reason; rules are data."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from phr.domain.messages.catalogue import Catalogue, catalogue

_BEFORE: Final = 28
WINDOW: Final = 70
"""Days of data that the rules look at, at most."""


class NudgesError(Exception):
    """The file of nudges is wrong; names the entry."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """One rule."""

    template: str
    code: str
    when: str
    days: int
    rest: timedelta
    habit: int = 0
    share: float = 0.0
    least: int = 0


def load(text: str, known: Catalogue) -> tuple[Nudge, ...]:
    """The rules of a TOML text. Raises NudgesError that names the template."""
    made = []
    for raw in tomllib.loads(text).get("nudge", []):
        name = raw.get("template", "")
        if name not in known.templates or known.kind_of(name).name != "nudge":
            raise NudgesError(f"{name!r} is no nudge of the catalogue")
        try:
            rule = Nudge(**{**raw, "rest": timedelta(days=int(raw["rest"]))})
        except (KeyError, TypeError, ValueError) as error:
            raise NudgesError(f"{name}: {error}") from error
        if rule.when not in _CONDITIONS or not 1 <= rule.days <= WINDOW - _BEFORE:
            raise NudgesError(f"{name}: unknown condition, or days out of range")
        made.append(rule)
    return tuple(made)


@cache
def nudges() -> tuple[Nudge, ...]:
    """Those of this version."""
    text = files("phr.domain.messages").joinpath("nudges.toml").read_text(encoding="utf-8")
    return load(text, catalogue())


def chosen(
    rules: Sequence[Nudge],
    days: Mapping[str, Mapping[date, float]],
    goals: Mapping[str, float],
    today: date,
    resting: Collection[str],
) -> Nudge | None:
    """The first rule that fits.

    days: code -> civil day -> value, of what this person shares; a code that is absent is not shared, and what is not
    shared gives no reason to write. goals: code -> value to reach. resting: templates that came not long ago.
    """
    for rule in rules:
        measured = days.get(rule.code)
        if measured is None or rule.template in resting:
            continue
        if _CONDITIONS[rule.when](rule, measured, goals.get(rule.code), today):
            return rule
    return None


def _last(measured: Mapping[date, float], today: date, days: int) -> list[float]:
    """The values of the last whole days; today is not over yet."""
    past = (today - timedelta(days=n) for n in range(1, days + 1))
    return [measured[day] for day in past if day in measured]


def _silent(rule: Nudge, measured: Mapping[date, float], _goal: float | None, today: date) -> bool:
    since = today - timedelta(days=rule.days)
    before = [day for day in measured if since - timedelta(days=_BEFORE) <= day < since]
    return not any(day >= since for day in measured) and len(before) >= rule.habit


def _near(rule: Nudge, measured: Mapping[date, float], goal: float | None, today: date) -> bool:
    values = _last(measured, today, rule.days)
    if goal is None or len(values) < rule.days:
        return False
    return rule.share * goal <= sum(values) / len(values) < goal


def _met(rule: Nudge, measured: Mapping[date, float], goal: float | None, today: date) -> bool:
    return goal is not None and sum(v >= goal for v in _last(measured, today, rule.days)) >= rule.least


_CONDITIONS: Final = {"silent": _silent, "near": _near, "met": _met}
