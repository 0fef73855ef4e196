"""Points and criteria of a questionnaire: an answer counts, never its code, and a missing answer is not an answer.

A criterion is met, not met, or open: it is open while the missing answers could still change it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from risk.errors import BadInput
from risk.questionnaires.definition import BMI, Criterion, Form, Item
from risk.reasons import Reason

PLAUSIBLE: Final[Mapping[str, tuple[float, float]]] = {
    "bmi": (5, 150),
    "height_cm": (100, 250),
    "weight_kg": (15, 400),
}
NOT_CONFIRMED: Final = "not shipped: the list of its items is not confirmed"


@dataclass(frozen=True, slots=True)
class Judged:
    """One criterion. met: None while it is open. counted: items that gave a point. missing: items without an answer."""

    criterion: Criterion
    met: bool | None
    points: int
    counted: tuple[int, ...]
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A filled questionnaire. points: item -> 0, 1 or None. target: whether any criterion is met, None while open.

    look: items whose answer asks for a closer look. screen: the published screen, None where its list is not confirmed.
    """

    form: Form
    points: Mapping[int, int | None]
    total: int
    criteria: tuple[Judged, ...]
    target: bool | None
    look: tuple[int, ...]
    screen: Judged | None
    missing: tuple[int, ...]
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...]


def score(form: Form, answers: Mapping[int, str | float]) -> Result:
    """The result of answers by item number: the code of an option, and for the question about BMI a number."""
    known = {each.number: each for each in form.items}
    if not answers.keys() <= known.keys():
        raise BadInput("is no item of this questionnaire", field="item")
    points = {number: _point(item, answers.get(number), form) for number, item in known.items()}
    criteria = tuple(_judge(each, points) for each in form.criteria)
    states = {each.met for each in criteria}
    screen = _judge(form.screen, points) if form.screen and form.screen.items else None
    return Result(
        form=form,
        points=points,
        total=sum(each or 0 for each in points.values()),
        criteria=criteria,
        target=True if True in states else None if None in states or not criteria else False,
        look=tuple(number for number, point in points.items() if point),
        screen=screen,
        missing=tuple(number for number, point in points.items() if point is None),
        reasons=tuple(_reason(each, form) for each in [*criteria, *([screen] if screen else [])] if each.met),
        notes=(f"{form.screen.en}: {NOT_CONFIRMED}",) if form.screen and not form.screen.items else (),
    )


def bmi(height_cm: float, weight_kg: float) -> float:
    """BMI from height and weight, both checked."""
    height, weight = _number("height_cm", height_cm), _number("weight_kg", weight_kg)
    return _number("bmi", weight / (height / 100) ** 2)


def from_codes(form: Form, coded: Mapping[str, str | float]) -> dict[int, str | float]:
    """Answers by item number from the raw codes of a check-up file, keyed by item code.

    The codes of this form mean different answers in different items; each item says which. Other item codes are left.
    """
    found: dict[int, str | float] = {}
    for item in form.items:
        if item.code not in coded or coded[item.code] in {"", None}:
            continue
        raw = coded[item.code]
        if item.kind == BMI:
            found[item.number] = _number(f"item {item.number}", raw)
        elif str(raw).strip() in item.codes:
            found[item.number] = item.codes[str(raw).strip()]
        else:
            raise BadInput(
                f"is none of the codes {', '.join(sorted(item.codes))}", field=f"item {item.number}"
            )
    return found


def _number(name: str, value: object) -> float:
    low, high = PLAUSIBLE.get(name, PLAUSIBLE["bmi"])
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]  # checked by the except
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number):
        raise BadInput("is not a number", field=name)
    if not low <= number <= high:
        raise BadInput(f"is outside {low:g} to {high:g}", field=name)
    return number


def _point(item: Item, answer: str | float | None, form: Form) -> int | None:
    if answer is None or answer == "":
        return None
    if item.kind == BMI:
        return int(_number(f"item {item.number}", answer) < form.bmi_below)
    if answer not in {each.code for each in item.options}:
        raise BadInput("is none of its answers", field=f"item {item.number}")
    return int(answer in item.risk)


def _judge(criterion: Criterion, points: Mapping[int, int | None]) -> Judged:
    counted = tuple(number for number in criterion.items if points[number])
    missing = tuple(number for number in criterion.items if points[number] is None)
    met: bool | None = None
    if len(counted) >= criterion.least:
        met = True
    elif len(counted) + len(missing) < criterion.least:
        met = False
    return Judged(criterion, met, len(counted), counted, missing)


def _reason(judged: Judged, form: Form) -> Reason:
    each = judged.criterion
    numbers = "、".join(str(number) for number in judged.counted)
    return Reason(
        "questionnaire",
        each.key,
        f"{form.ja} {each.ja}: {judged.points}項目(目安 {each.least}項目以上、No.{numbers})",
        f"{form.en}, {each.en}: {judged.points} items (limit {each.least} or more; no. {numbers.replace('、', ', ')})",
        tuple(f"item {number}" for number in judged.counted),
    )
