"""Check-ins instead of telephone calls: the questions, what asks for a call, and words that must not wait."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from phr.domain.family.tables import hold, table
from phr.errors import Invalid

Urgency = Literal["none", "call", "now"]
ANSWERS: Final = "urn:phr:answer"
URL: Final = "urn:phr:questionnaire:check-in"
_KATAKANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that can be chosen. call: it asks for a call."""

    key: str
    ja: str
    en: str
    call: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    key: str
    ja: str
    en: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class Telephone:
    """A number that helps now."""

    key: str
    number: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Form:
    """The check-in as a whole."""

    key: str
    version: str
    questions: tuple[Question, ...]
    note_longest: int
    danger: tuple[str, ...]
    telephones: tuple[Telephone, ...]


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody answered: question -> answer, a note, and whether a call is wished."""

    chosen: Mapping[str, str]
    note: str
    call: bool


def form_of(raw: Mapping[str, Any]) -> Form:
    """The form of a parsed table."""
    questions = tuple(
        Question(
            row["key"],
            row["ja"],
            row["en"],
            tuple(Answer(a["key"], a["ja"], a["en"], bool(a.get("call", False))) for a in row["answers"]),
        )
        for row in raw["question"]
    )
    words = tuple(folded(word) for word in raw["danger"]["words"])
    telephones = tuple(Telephone(**row) for row in raw["telephone"])
    hold(all(question.answers for question in questions), "answers")
    hold(all(words) and bool(telephones), "danger words or telephones")
    return Form(str(raw["form"]), str(raw["version"]), questions, int(raw["note_longest"]), words, telephones)


def folded(text: str) -> str:
    """A text as danger words are compared: one width, one case, hiragana, no spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_KATAKANA)
    return "".join(plain.split())


FORM: Final = table("checkin", form_of)


def checked(chosen: Mapping[str, str], note: str, *, call: bool, form: Form = FORM) -> Filled:
    """A complete answer. Raises Invalid with the question that lacks one."""
    for question in form.questions:
        if chosen.get(question.key) not in {answer.key for answer in question.answers}:
            raise Invalid("choose one of the answers", field=question.key)
    if len(note) > form.note_longest or any(ord(sign) < _SPACE and sign not in "\r\n\t" for sign in note):
        raise Invalid("is too long or not plain text", field="note")
    return Filled({question.key: chosen[question.key] for question in form.questions}, note.strip(), call)


_SPACE: Final = 32


def urgency(filled: Filled, form: Form = FORM) -> tuple[Urgency, tuple[str, ...]]:
    """How soon a person must look, and which answers say so. Words that speak of harm come before everything."""
    text = folded(filled.note)
    if any(word in text for word in form.danger):
        return "now", ("note",)
    reasons = [
        question.key
        for question in form.questions
        for answer in question.answers
        if answer.call and filled.chosen[question.key] == answer.key
    ]
    if filled.call:
        reasons.append("call")
    return ("call" if reasons else "none"), tuple(reasons)


def told(filled: Filled, reasons: tuple[str, ...], form: Form = FORM) -> list[dict[str, str]]:
    """The reasons of a case in words, by language; the note itself stays in the answer."""
    lines = [dict(_TOLD[reason]) for reason in reasons if reason in _TOLD]
    lines += [
        {"ja": f"{question.ja}：{answer.ja}", "en": f"{question.en} {answer.en}", "rule": "check-in"}
        for question in form.questions
        for answer in question.answers
        if question.key in reasons and filled.chosen[question.key] == answer.key
    ]
    return lines


_TOLD: Final = {
    "note": {
        "ja": "自由記述に、すぐに話を聞きたい言葉があります。いま電話してください。",
        "en": "The note has words that cannot wait. Call now.",
        "rule": "check-in",
    },
    "call": {"ja": "電話がほしいとのことです。", "en": "Wishes to be called.", "rule": "check-in"},
}


def response(filled: Filled, patient: str, authored: str, form: Form = FORM) -> dict[str, Any]:
    """The answers as a FHIR QuestionnaireResponse about the one who answered."""
    items: list[dict[str, Any]] = [
        {
            "linkId": key,
            "answer": [{"valueCoding": {"system": ANSWERS, "code": answer}}],
        }
        for key, answer in filled.chosen.items()
    ]
    if filled.note:
        items.append({"linkId": "note", "answer": [{"valueString": filled.note}]})
    items.append({"linkId": "call", "answer": [{"valueBoolean": filled.call}]})
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": f"{URL}|{form.version}",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "author": {"reference": f"Patient/{patient}"},
        "authored": authored,
        "item": items,
    }
