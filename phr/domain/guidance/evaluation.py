"""The evaluation after three months: what the measured values allow to be ticked, and the second-year rule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Final

from phr.domain.guidance.editions import Edition
from phr.domain.guidance.events import LONGEST, Evaluated, Result
from phr.errors import Invalid

_SLACK: Final = 1e-9  # 93.0 - 91.0 is 2.0, whatever binary numbers make of it
_ORDER: Final[tuple[Result, ...]] = ("none", "part", "full")
WAIST: Final = (40.0, 250.0)
WEIGHT: Final = (20.0, 250.0)
"""Input ranges of the exchange files (reference 2.2, from memory)."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Waist and weight of the check-up of the same year."""

    waist_cm: float | None
    weight_kg: float | None
    bmi: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """What waist and weight must come to, at most, for a result."""

    result: Result
    waist_cm: float
    weight_kg: float


def targets(baseline: Baseline, edition: Edition) -> tuple[Target, ...]:
    """The lines that the measured values are held against, hardest first; none without a baseline or such points."""
    rule = edition.outcome
    if rule is None or baseline.waist_cm is None or baseline.weight_kg is None:
        return ()
    full_cm, full_kg = rule.full_cm, rule.full_kg
    made = [Target("full", baseline.waist_cm - full_cm, baseline.weight_kg - full_kg)]
    share = edition.weight_share
    if share is not None and share.on:
        lost = baseline.weight_kg * share.share
        made.append(Target("full", baseline.waist_cm - lost, baseline.weight_kg - lost))
    made.append(Target("part", baseline.waist_cm - rule.part_cm, baseline.weight_kg - rule.part_kg))
    return tuple(made)


def reached(baseline: Baseline, waist_cm: float | None, weight_kg: float | None, edition: Edition) -> Result:
    """What the values allow at most: both must be lost, waist and weight."""
    if waist_cm is None or weight_kg is None:
        return "none"
    met = [
        one.result
        for one in targets(baseline, edition)
        if waist_cm <= one.waist_cm + _SLACK and weight_kg <= one.weight_kg + _SLACK
    ]
    return max(met, key=_ORDER.index, default="none")


def check_evaluation(
    event: Evaluated, baseline: Baseline, edition: Edition, due: date | None, today: date
) -> None:
    """Whether this evaluation may be recorded. Raises Invalid naming the field."""
    if event.day > today:
        raise Invalid("is in the future", field="day")
    if due is None or event.day < due:
        raise Invalid(
            f"is less than {edition.evaluation_months} months after the first interview", field="day"
        )
    _in(event.waist_cm, WAIST, "waist_cm")
    _in(event.weight_kg, WEIGHT, "weight_kg")
    if len(set(event.habits)) != len(event.habits):
        raise Invalid("names a habit twice", field="habits")
    if len(event.note) > LONGEST:
        raise Invalid(f"is longer than {LONGEST} letters", field="note")
    allowed = reached(baseline, event.waist_cm, event.weight_kg, edition)
    if _ORDER.index(event.result) > _ORDER.index(allowed):
        raise Invalid("is more than the measured values show", field="result")


def _in(value: float | None, bounds: tuple[float, float], field: str) -> None:
    if value is not None and not (math.isfinite(value) and bounds[0] <= value <= bounds[1]):
        raise Invalid(f"must be {bounds[0]:g} to {bounds[1]:g}", field=field)


def improved_enough(before: Baseline, now: Baseline, edition: Edition) -> bool:
    """Whether a second year of active support may be done like motivational support (off until confirmed)."""
    rule = edition.second_year
    values = (before.waist_cm, before.weight_kg, now.waist_cm, now.weight_kg)
    if rule is None or not rule.on or before.bmi is None or None in values:
        return False
    least = rule.below if before.bmi < rule.bmi else rule.above
    return reached_by(before, now) + _SLACK >= least


def reached_by(before: Baseline, now: Baseline) -> float:
    """The smaller of the lost centimetres and kilograms; minus infinity where a value is missing."""
    pairs = ((before.waist_cm, now.waist_cm), (before.weight_kg, now.weight_kg))
    return min(-math.inf if a is None or b is None else a - b for a, b in pairs)
