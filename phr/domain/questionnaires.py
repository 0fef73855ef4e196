"""Answers to a questionnaire as a FHIR QuestionnaireResponse, and what a result says: areas to talk about, and points.

Residents read areas, never labels; staff read the points of each criterion and what could not be counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID, uuid5

from phr.errors import Invalid
from risk.errors import BadInput
from risk.frailty import Frailty, frailty
from risk.questionnaires.definition import BMI, Form
from risk.questionnaires.fhir import ANSWERS, read
from risk.questionnaires.scoring import Result, score

Channel = Literal["web", "paper", "proxy"]
CHANNEL: Final = "urn:phr:channel"
"""The extension that says how the answers came."""
EARLIEST: Final = date(2006, 4, 1)
"""The checklist is used since this day; an earlier date on a form is a slip of the pen."""
_RESPONSES: Final = UUID("5b6f1c62-8a37-5b0e-9e0a-6d2f3a1c7e10")
_BODY: Final = {"height_cm": "height", "weight_kg": "weight"}
_LOST_WEIGHT: Final = {"kihon": 11, "elderly": 6}
_TIRED: Final = {"kihon": 25}


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered: the code of an option by item number, and height and weight for the question about BMI."""

    chosen: Mapping[int, str] = field(default_factory=dict)
    body: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Area:
    """One area of life. talk: whether it is worth a talk; None while unanswered questions could change that."""

    key: str
    talk: bool | None


def response(
    form: Form, answers: Answers, patient: str, authored: date | datetime, channel: Channel, recorder: str
) -> dict[str, Any]:
    """The answers as a QuestionnaireResponse that the form can read. Raises Invalid that names the item.

    The id follows from whose answers these are, on which day, and what was answered: sent twice, it is one.
    """
    if not answers.chosen and not answers.body:
        raise Invalid("holds no answer", field="item")
    day = authored.date() if isinstance(authored, datetime) else authored
    made: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "id": _identity(form, answers, patient, day),
        "extension": [{"url": CHANNEL, "valueCode": channel}],
        "questionnaire": f"{form.url}|{form.version}",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "authored": authored.isoformat(),
        "author": {"reference": recorder},
        "source": {"reference": f"Patient/{patient}"},
        "item": _items(form, answers),
    }
    try:
        score(form, read(form, made))
    except BadInput as problem:
        raise Invalid(problem.problem, field=problem.field) from problem
    return made


def _identity(form: Form, answers: Answers, patient: str, day: date) -> str:
    said = f"{sorted(answers.chosen.items())}:{sorted(answers.body.items())}"
    return str(uuid5(_RESPONSES, f"{patient}:{form.key}:{form.version}:{day}:{said}"))


def _items(form: Form, answers: Answers) -> list[dict[str, Any]]:
    """The answered items in the order of the form; a number that is none of its items is kept for the form to refuse."""
    bmi = next((item.number for item in form.items if item.kind == BMI), 0)
    found: dict[int, dict[str, Any]] = {
        number: {
            "linkId": str(number),
            "answer": [{"valueCoding": {"system": ANSWERS, "code": code}}],
        }
        for number, code in answers.chosen.items()
    }
    if answers.body:
        parts = [
            {"linkId": f"{bmi}.{_BODY.get(name, name)}", "answer": [{"valueDecimal": value}]}
            for name, value in answers.body.items()
        ]
        found[bmi] = {"linkId": str(bmi), "item": parts}
    return [found[number] for number in sorted(found)]


def channel_of(resource: Mapping[str, Any]) -> str:
    """How the answers came; empty when the document does not say."""
    for one in resource.get("extension", ()):
        if one.get("url") == CHANNEL:
            return str(one.get("valueCode", ""))
    return ""


def refuse_day(day: date, today: date) -> None:
    """Refuses the day of a paper form that cannot be."""
    if not EARLIEST <= day <= today:
        raise Invalid("is after today, or before the form was in use", field="day")


def areas(result: Result) -> tuple[Area, ...]:
    """What may be worth a talk, area by area: by the official criteria, or by single answers where there are none."""
    if result.criteria:
        return tuple(Area(each.criterion.key, each.met) for each in result.criteria)
    found: dict[str, bool | None] = {}
    for item in result.form.items:
        point = result.points[item.number]
        before = found.get(item.domain, False)
        now = None if point is None else bool(point)
        found[item.domain] = True if before or now else None if before is None or now is None else False
    return tuple(Area(key, talk) for key, talk in found.items())


def criteria_of_frailty(name: str, answers: Mapping[int, str | float], sex: str) -> Frailty | None:
    """What the answers tell of the J-CHS criteria; the others are measured by staff. None without a sex."""
    if sex not in {"M", "F"}:
        return None

    def said(items: Mapping[str, int]) -> bool | None:
        answer = answers.get(items.get(name, 0))
        return None if answer is None else answer == "yes"

    return frailty(sex=sex, lost_weight=said(_LOST_WEIGHT), tired=said(_TIRED))
