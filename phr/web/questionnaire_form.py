"""Reads the form of a questionnaire: answers by item number, and what is wrong or still open, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from phr.domain.questionnaires import Answers
from phr.web.forms import number_typed
from phr.web.views.health import Question
from risk.questionnaires.scoring import PLAUSIBLE

BODY: Final = ("height_cm", "weight_kg")
LONGEST: Final = 100
"""Signs of a field that are kept; no answer of ours is longer."""


def field_of(number: int) -> str:
    """The name of the field of a question."""
    return f"q{number}"


def read_form(questions: tuple[Question, ...], typed: Mapping[str, str]) -> tuple[Answers, dict[str, str]]:
    """The answers, and the problems (field -> code of entry-problem). An open question is a problem of its own kind."""
    chosen: dict[int, str] = {}
    body: dict[str, float] = {}
    problems: dict[str, str] = {}
    for question in questions:
        if question.body:
            body, wrong = _read_body(typed)
            problems |= wrong
            continue
        field = field_of(question.number)
        given = typed.get(field, "")
        if given in {code for code, _ in question.options}:
            chosen[question.number] = given
        else:
            problems[field] = "choose"
    return Answers(chosen, body), problems


def only_open(problems: Mapping[str, str]) -> bool:
    """Whether nothing is wrong but questions without an answer, which a person may leave out."""
    return all(code in {"choose", "left-out"} for code in problems.values())


def _read_body(typed: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """Height and weight: both, or neither."""
    texts = {name: typed.get(name, "").strip() for name in BODY}
    if not any(texts.values()):
        return {}, {BODY[0]: "left-out"}
    values: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name, text in texts.items():
        value = number_typed(text)
        low, high = PLAUSIBLE[name]
        if not text:
            problems[name] = "empty"
        elif value is None:
            problems[name] = "not-a-number"
        elif not low <= value <= high:
            problems[name] = "out-of-range"
        else:
            values[name] = value
    return ({} if problems else values), problems
