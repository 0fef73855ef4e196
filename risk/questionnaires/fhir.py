"""The questionnaires in FHIR R4: the form as a Questionnaire, and the answers of a QuestionnaireResponse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from risk.errors import BadInput
from risk.questionnaires.definition import BMI, Form, Item, Option
from risk.questionnaires.scoring import Result, bmi, score

ANSWERS: Final = "urn:phr:answer"
ITEMS: Final = "urn:oid:1.2.392.200119.6.1005"
"""The system of the check-up item codes."""
FINISHED: Final = frozenset({"completed", "amended"})
_DEPTH: Final = 8
_BMI_PARTS: Final = (
    ("height", "身長 (cm)", "height_cm"),
    ("weight", "体重 (kg)", "weight_kg"),
    ("bmi", "BMI", "bmi"),
)


def questionnaire(form: Form) -> dict[str, Any]:
    """The form as a FHIR R4 Questionnaire, in Japanese."""
    return {
        "resourceType": "Questionnaire",
        "id": form.key,
        "url": form.url,
        "version": form.version,
        "name": form.key.capitalize(),
        "title": form.ja,
        "status": "active",
        "language": "ja",
        "subjectType": ["Patient"],
        "description": form.citation,
        "item": [_item(each) for each in form.items],
    }


def _item(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "linkId": str(item.number),
        "code": [{"system": ITEMS, "code": item.code}],
        "prefix": str(item.number),
        "text": item.ja,
    }
    if item.kind == BMI:
        parts = [
            {"linkId": f"{item.number}.{name}", "text": text, "type": "decimal"}
            for name, text, _ in _BMI_PARTS
        ]
        return {**found, "type": "group", "item": parts}
    return {**found, "type": "choice", "answerOption": [_option(each) for each in item.options]}


def _option(option: Option) -> dict[str, Any]:
    return {"valueCoding": {"system": ANSWERS, "code": option.code, "display": option.ja}}


def read(form: Form, response: Mapping[str, Any]) -> dict[int, str | float]:
    """The answers of a QuestionnaireResponse by item number; raises BadInput that names the element."""
    _about(form, response)
    chosen = {str(each.number): each for each in form.items if each.kind != BMI}
    groups = [each.number for each in form.items if each.kind == BMI]
    measured = {f"{number}.{name}": column for number in groups for name, _, column in _BMI_PARTS}
    answers: dict[int, str | float] = {}
    body: dict[str, float] = {}
    for link, given in _walk(response.get("item", []), 0):
        if link in chosen and chosen[link].number not in answers:
            answers[chosen[link].number] = _coded(chosen[link], given)
        elif link in measured and measured[link] not in body:
            body[measured[link]] = _decimal(link, given)
        elif link in chosen or link in measured:
            raise BadInput("is answered twice", field=f"item {link}")
        else:
            raise BadInput("is no item of this questionnaire", field="item.linkId")
    if (found := _bmi(body)) is not None:
        answers |= dict.fromkeys(groups, found)
    return answers


def _about(form: Form, response: object) -> None:
    """Refuses what is not a finished answer to this form."""
    if not isinstance(response, Mapping) or response.get("resourceType") != "QuestionnaireResponse":
        raise BadInput("is no QuestionnaireResponse", field="resourceType")
    about = response.get("questionnaire")
    if not isinstance(about, str) or about.split("|")[0] != form.url:
        raise BadInput("is not about this form", field="questionnaire")
    status = response.get("status")
    if not isinstance(status, str) or status not in FINISHED:
        raise BadInput("is neither completed nor amended", field="status")


def result(form: Form, response: Mapping[str, Any]) -> Result:
    """The scored QuestionnaireResponse."""
    return score(form, read(form, response))


def _walk(items: object, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every answered item with its one answer."""
    if not isinstance(items, list) or depth > _DEPTH:
        raise BadInput("is not a list of items", field="item")
    for each in items:
        if not isinstance(each, Mapping) or not isinstance(each.get("linkId"), str):
            raise BadInput("has no linkId", field="item")
        given = each.get("answer", [])
        if (
            not isinstance(given, list)
            or not all(isinstance(one, Mapping) for one in given)
            or len(given) > 1
        ):
            raise BadInput("has not one answer", field="item.answer")
        for one in given:
            yield each["linkId"], one
        yield from _walk(each.get("item", []), depth + 1)


def _coded(item: Item, given: Mapping[str, Any]) -> str:
    coding = given.get("valueCoding")
    yes_no = {each.code for each in item.options} == {"yes", "no"}
    if isinstance(given.get("valueBoolean"), bool) and yes_no:
        return "yes" if given["valueBoolean"] else "no"
    if isinstance(coding, Mapping) and coding.get("system", ANSWERS) == ANSWERS:
        code = coding.get("code")
        if isinstance(code, str) and code in {each.code for each in item.options}:
            return code
    raise BadInput("is none of its answers", field=f"item {item.number}")


def _decimal(link: str, given: Mapping[str, Any]) -> float:
    value = given.get("valueDecimal", given.get("valueInteger"))
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        with suppress(OverflowError):
            return float(value)
    raise BadInput("is not a number", field=f"item {link}")


def _bmi(body: Mapping[str, float]) -> float | None:
    """The BMI given, else the one from height and weight."""
    if "bmi" in body:
        return body["bmi"]
    if "height_cm" in body and "weight_kg" in body:
        return bmi(body["height_cm"], body["weight_kg"])
    return None
