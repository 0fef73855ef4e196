"""The goal for home blood pressure that a nurse set for one person, as a FHIR Goal; nobody has one by default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID, uuid5

from phr.errors import Invalid
from risk.home_limits import standard

Target = tuple[float, float]
"""Systolic and diastolic, in mm[Hg]: a mean below both is within the goal."""

ELDERLY: Final = 75
"""From this age on no goal is proposed: the guideline's is disputed there, and the person's condition decides."""
_GOALS: Final = UUID("8d1f3c0a-52e7-5d56-9c0e-3a7b9f1d2e44")
_CODES: Final = ("8480-6", "8462-4")
_RANGES: Final = ((100.0, 180.0), (50.0, 110.0))
_FIELDS: Final = ("systolic", "diastolic")


def proposed(age: int | None) -> Target | None:
    """What the form offers to begin with: the guideline's goal below 75, nothing from then on or without an age."""
    rules = standard().home_bp
    return None if age is None or age >= ELDERLY else (rules["target_sbp"], rules["target_dbp"])


def identity(person: UUID) -> str:
    """The id of a person's goal; there is one."""
    return str(uuid5(_GOALS, str(person)))


def goal(person: UUID, patient: str, target: Target | None, day: date, recorder: str) -> dict[str, Any]:
    """The goal as FHIR; None cancels it. Raises Invalid that names the field."""
    made: dict[str, Any] = {
        "resourceType": "Goal",
        "id": identity(person),
        "lifecycleStatus": "cancelled" if target is None else "active",
        "description": {"text": "家庭血圧の目標"},
        "subject": {"reference": f"Patient/{patient}"},
        "startDate": day.isoformat(),
        "note": [{"authorReference": {"reference": recorder}, "text": "保健師が本人と決めた目標"}],
    }
    if target is None:
        return made
    for name, value, (low, high) in zip(_FIELDS, target, _RANGES, strict=True):
        if not low <= value <= high:
            raise Invalid("is no goal for home blood pressure", field=name)
    if target[1] >= target[0]:
        raise Invalid("is not below the upper one", field="diastolic")
    return {
        **made,
        "target": [
            {
                "measure": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "detailQuantity": {
                    "value": value,
                    "comparator": "<",
                    "unit": "mmHg",
                    "system": "http://unitsofmeasure.org",
                    "code": "mm[Hg]",
                },
            }
            for code, value in zip(_CODES, target, strict=True)
        ],
    }


def target_of(resource: Mapping[str, Any]) -> Target | None:
    """The goal that a stored document says; None when it is cancelled."""
    if resource["lifecycleStatus"] != "active":
        return None
    found = {
        one["measure"]["coding"][0]["code"]: float(one["detailQuantity"]["value"])
        for one in resource["target"]
    }
    return found[_CODES[0]], found[_CODES[1]]
