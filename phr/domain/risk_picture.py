"""What a published score says to one person: a count out of a hundred people, what it would be otherwise, or why there is none.

A number of a group is shown and cited, never a finding about the person. Nothing is filled in and nothing is taken as
no: an unknown value or an unanswered question gives no number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from risk.errors import BadInput
from risk.scores.evaluate import score
from risk.scores.inputs import SHOWN
from risk.scores.model import DEFAULT, Score, load
from risk.scores.words import tell

Person = Mapping[str, float | str]

QUESTIONS: Final = ("hist_heart", "hist_stroke", "ckd", "pad", "fh")
"""Illnesses that a score may be not made for, and that a person can answer."""
_FROM: Final = {"sbp": ("sbp_avg", "sbp1"), "dbp": ("dbp_avg", "dbp1")}
_TAKEN: Final = (
    *("sbp", "dbp", "fpg", "hba1c_ngsp", "tg_fasting", "hdl", "ldl", "egfr", "smoking", "bmi", "waist_cm"),
    *("med_bp", "med_glucose", "hist_heart", "hist_stroke", "hist_renal"),
)
_OTHERWISE: Final = (
    ("smoking", "smoker", 1.0, {"smoking": 2.0}),
    ("sbp", "sbp", 130.0, {"sbp": 125.0}),
    ("ldl", "ldl", 120.0, {"ldl": 119.0}),
)
"""What a person can change: key, input, from which value on, and the value to compute with."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """The count with one thing changed (``all``: with everything changed that is named)."""

    key: str
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A score for one person. count: people of a hundred, 0 for fewer than one, None where there is no number.

    excluded: why the score is not made for this person (age or an illness). ask: questions that no check-up answered.
    missing: columns without a value. unusable: columns whose value cannot be true.
    """

    score: Score
    count: int | None
    text: str
    group: tuple[str, str]
    used: tuple[tuple[str, float | str], ...]
    excluded: tuple[str, ...]
    ask: tuple[str, ...]
    missing: tuple[str, ...]
    unusable: tuple[str, ...]
    otherwise: tuple[Otherwise, ...]


def for_residents(name: str = DEFAULT) -> Score:
    """The score of a name, if it may be shown to residents at all."""
    found = load(name)
    if not found.residents:
        raise BadInput("is not for residents", field="score")
    return found


def of_checkup(values: Mapping[str, float], *, age: int | None, sex: str) -> Person:
    """The columns of a check-up that scores read; a single pressure stands for the mean where there is none."""
    found: dict[str, float | str] = {}
    for name in _TAKEN:
        known = [values[one] for one in _FROM.get(name, (name,)) if one in values]
        if known:
            found[name] = known[0]
    if age is not None:
        found["age"] = float(age)
    if sex in {"M", "F"}:
        found["sex"] = sex
    return found


def picture(person: Person, answers: Mapping[str, bool], name: str = DEFAULT) -> Picture:
    """What the score says. answers: the illnesses that the person answered; a check-up's own answer stands first."""
    published = for_residents(name)
    usable, unusable = _usable(published, dict(person))
    asked = [key for key in QUESTIONS if key in published.exclude and not _known(usable, key)]
    given = {**usable, **{key: 1.0 if answers[key] else 0.0 for key in asked if key in answers}}
    told = tell(name, given)
    return Picture(
        score=published,
        count=None if told.risk is None else of_hundred(told.risk, told.text),
        text=told.text,
        group=told.group,
        used=_used(published, given),
        excluded=tuple(line.label for line in told.reasons if line.kind == "note"),
        ask=tuple(asked),
        missing=tuple(key for key in told.missing if key not in QUESTIONS),
        unusable=unusable,
        otherwise=() if told.risk is None else _otherwise(name, given, told.risk),
    )


def of_hundred(risk: float, text: str) -> int:
    """People of a hundred, to the nearest; 0 where fewer than one was printed.

    >>> of_hundred(0.069, "6.9 %"), of_hundred(0.01, "<1.0 %"), of_hundred(0.411, "41.1 %")
    (7, 0, 41)
    """
    return 0 if text.startswith("<") else max(1, math.floor(100 * risk + 0.5))


def _usable(
    published: Score, person: dict[str, float | str]
) -> tuple[dict[str, float | str], tuple[str, ...]]:
    """Values that can be true; those that cannot are named and left out, so that they make no number."""
    left: list[str] = []
    while True:
        try:
            score(published.name, _table(person), 1)
        except BadInput as problem:
            left.append(problem.field)
            del person[problem.field]
        else:
            return person, tuple(left)


def _known(person: Person, key: str) -> bool:
    """Whether a check-up answers the question by itself; kidney values answer the one about kidneys."""
    return key in person or (key == "ckd" and ("egfr" in person or "hist_renal" in person))


def _table(person: Person) -> dict[str, list[Any]]:
    return {key: [value] for key, value in person.items()}


def _used(published: Score, person: Person) -> tuple[tuple[str, float | str], ...]:
    """The columns that the terms read, with their values."""
    names = ["age"]
    for term in published.terms:
        names += [
            *SHOWN.get(term.input, (term.input,)),
            *(["hba1c_ngsp"] if term.input == "glucose_disorder" else []),
        ]
    return tuple((name, person[name]) for name in dict.fromkeys(names) if name in person)


def _otherwise(name: str, person: Person, risk: float) -> tuple[Otherwise, ...]:
    inputs = score(name, _table(person), 1).inputs
    found: list[Otherwise] = []
    together: dict[str, float] = {}
    for key, column, least, changed in _OTHERWISE:
        if inputs[column][0] >= least:
            told = tell(name, {**person, **changed})
            if told.risk is not None and told.risk < risk:
                found.append(Otherwise(key, of_hundred(told.risk, told.text), told.text))
                together |= changed
    if len(found) > 1:
        told = tell(name, {**person, **together})
        found.append(Otherwise("all", of_hundred(told.risk or 0.0, told.text), told.text))
    return tuple(found)
