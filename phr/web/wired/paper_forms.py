"""The paper twin of a questionnaire: the same questions with the same numbers, and a square code that says whose it is."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, Final

import segno

from phr.typeset import Press
from risk.questionnaires.definition import BMI, Form, Item

_WORDS: Final = {
    "ja": {
        "lead": "あてはまる答えを、1つ○で囲んでください。わからない質問は、空けたままでかまいません。",
        "name": "お名前",
        "born": "生年月日",
        "day": "書いた日",
        "number": "手帳の番号",
        "no": "番号",
        "question": "質問",
        "answer": "答え",
        "body_text": "身長と体重",
        "body": "身長　　　　cm\n体重　　　　kg",
        "code": "手帳の番号の四角いコード",
        "foot": "書きおわったら、市の窓口へお持ちください。この手帳の画面で答えても、同じです。",
        "telephone": "お問い合わせ",
        "source": "出典",
        "version": "版",
    },
    "en": {
        "lead": "Circle one answer for each question. You may leave out what you do not know.",
        "name": "Name",
        "born": "Date of birth",
        "day": "Date of today",
        "number": "Number of your record",
        "no": "No.",
        "question": "Question",
        "answer": "Answer",
        "body_text": "Height and weight",
        "body": "height            cm\nweight            kg",
        "code": "Square code with the number of your record",
        "foot": "Please bring this sheet to the counter of the city. Answering on the screen is the same.",
        "telephone": "Questions",
        "source": "Source",
        "version": "Version",
    },
}


@cache
def _press() -> Press:
    return Press()


def sheet(form: Form, language: str, address: str, patient: str, city: str, telephone: str) -> dict[str, Any]:
    """What the template prints. address: what the square code opens; empty for a blank sheet of the counter."""
    words = _WORDS[language]
    return {
        "language": language,
        "title": form.ja if language == "ja" else form.en,
        "city": city,
        "telephone": telephone,
        "version": form.version,
        "citation": form.citation,
        "words": words,
        "number": patient,
        "code": segno.make(address, error="m", micro=False).svg_inline(border=0, dark="#000")
        if address
        else "",
        "items": [
            {
                "number": item.number,
                "text": _text(item, language),
                "options": [each.ja if language == "ja" else each.en for each in item.options],
                "body": item.kind == BMI,
            }
            for item in form.items
        ],
    }


def _text(item: Item, language: str) -> str:
    """The words of the question; the one about the body has its blanks in the column of answers."""
    if item.kind == BMI:
        return _WORDS[language]["body_text"]
    return item.ja if language == "ja" else item.en


def printed(data: dict[str, Any], at: datetime) -> bytes:
    """The sheet as PDF."""
    return _press().pdf("questionnaire", data, at)
