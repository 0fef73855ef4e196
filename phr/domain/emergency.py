"""The emergency card that a resident writes: its fields, what they may hold, and the card as a FHIR QuestionnaireResponse."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.questionnaires import CHANNEL, channel_of
from phr.errors import Invalid

URL: Final = "urn:phr:questionnaire:emergency-card"
VERSION: Final = "1"
FIELDS: Final[Mapping[str, int]] = {
    "blood": 10,
    "allergies": 300,
    "drugs": 500,
    "conditions": 300,
    "doctor": 120,
    "contact": 120,
    "phone": 40,
    "note": 300,
}
"""Field -> longest text: what fits on a card that is folded once."""
BLOOD: Final = ("", "A+", "B+", "O+", "AB+", "A-", "B-", "O-", "AB-")
_CARDS: Final = UUID("3f0c8f43-8d3e-5f5c-9a2e-1f6f1a9be6d0")
_LAYOUT: Final = frozenset("\n")
_PAPER: Final = "paper"


def card_id(person: UUID) -> str:
    """The id of a person's one card: what is saved later is a new version of it."""
    return str(uuid5(_CARDS, str(person)))


def checked(typed: Mapping[str, str]) -> dict[str, str]:
    """The fields as they are kept; empty ones are left out. Raises Invalid, naming the field."""
    kept = {}
    for field, longest in FIELDS.items():
        text = unicodedata.normalize("NFC", typed.get(field, "")).replace("\r\n", "\n").strip()
        if len(text) > longest:
            raise Invalid("too long for a card", field=field)
        if any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in _LAYOUT for sign in text):
            raise Invalid("holds a control character", field=field)
        if field == "blood" and text not in BLOOD:
            raise Invalid("no blood type", field=field)
        if text:
            kept[field] = text
    return kept


def response(
    person: UUID, patient: str, card: Mapping[str, str], authored: str, recorder: str = ""
) -> dict[str, Any]:
    """The card as a QuestionnaireResponse. An empty card has no item.

    recorder: who copied it from paper; none when the person wrote it on a screen.
    """
    made: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse",
        "id": card_id(person),
        "questionnaire": f"{URL}|{VERSION}",
        "status": "completed",
        "subject": {"reference": f"Patient/{patient}"},
        "author": {"reference": f"Patient/{patient}"},
        "authored": authored,
    }
    items = [{"linkId": field, "answer": [{"valueString": text}]} for field, text in card.items()]
    if recorder:
        made |= {
            "extension": [{"url": CHANNEL, "valueCode": _PAPER}],
            "author": {"reference": recorder},
            "source": {"reference": f"Patient/{patient}"},
        }
    return {**made, "item": items} if items else made


def from_paper(resource: Mapping[str, Any]) -> bool:
    """Whether a kept card was copied from paper."""
    return channel_of(resource) == _PAPER


def may_be_newer(kept: date, sheet: date, *, on_paper: bool) -> bool:
    """Whether a kept card may say what the person wrote after a sheet.

    Two sheets of one day are a correction; a card of a screen of that day may have been written before or after.
    """
    return kept > sheet or (kept == sheet and not on_paper)


def card_of(resource: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a kept card; what this version does not know is left out."""
    found = {
        item["linkId"]: str(item["answer"][0]["valueString"])
        for item in resource.get("item", [])
        if item.get("linkId") in FIELDS
    }
    return {field: found[field] for field in FIELDS if field in found}
