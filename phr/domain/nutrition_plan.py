"""A person's nutrition plan as a FHIR NutritionOrder, and back: the upper ends that nurse and person agreed on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from phr.domain.documents import instant
from phr.errors import Invalid

_PLANS: Final = UUID("6d0f3a52-52a7-5c3e-9a51-6e0f6f4a2b01")
_UCUM: Final = "http://unitsofmeasure.org"
_CODES: Final[Mapping[str, tuple[str, str, str, str, str]]] = {
    "energy": ("http://loinc.org", "9052-2", "エネルギー", "kcal", "kcal"),
    "fat": ("urn:phr:code", "meal-fat", "脂質", "%", "%"),
    "protein": ("urn:phr:code", "meal-protein", "たんぱく質", "%", "%"),
    "salt": ("urn:phr:code", "meal-salt", "食塩相当量", "g", "g"),
}
"""Item -> system, code, name, unit, UCUM code."""
RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "energy": (800.0, 5000.0),
    "fat": (10.0, 60.0),
    "protein": (5.0, 40.0),
    "salt": (1.0, 15.0),
}
"""What a plan can say; beyond it is a slip of the finger."""


def plan_id(person: UUID) -> str:
    """The id of a person's one plan: a later one is a new version of it."""
    return str(uuid5(_PLANS, str(person)))


def order(
    person: UUID, patient: str, plan: Mapping[str, float], at: datetime, recipient: str
) -> dict[str, Any]:
    """The NutritionOrder. An empty plan is a revoked one. Raises Invalid, naming the item."""
    for name, value in plan.items():
        if name not in RANGES or not RANGES[name][0] <= value <= RANGES[name][1]:
            raise Invalid("no amount of a plan", field=name if name in RANGES else "plan")
    diet: dict[str, Any] = {
        "nutrient": [
            {
                "modifier": {
                    "coding": [{"system": _CODES[name][0], "code": _CODES[name][1]}],
                    "text": _CODES[name][2],
                },
                "amount": {
                    "value": plan[name],
                    "unit": _CODES[name][3],
                    "system": _UCUM,
                    "code": _CODES[name][4],
                },
            }
            for name in RANGES
            if name in plan
        ]
    }
    return {
        "resourceType": "NutritionOrder",
        "id": plan_id(person),
        "status": "active" if plan else "revoked",
        "intent": "plan",
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": instant(at),
        "orderer": {"display": recipient},
        "oralDiet": diet if plan else {"instruction": "食事摂取基準のとおり"},
    }


def planned(resource: Mapping[str, Any]) -> dict[str, float]:
    """The amounts of a plan that is in force."""
    if resource.get("status") != "active":
        return {}
    names = {(system, code): name for name, (system, code, *_) in _CODES.items()}
    found: dict[str, float] = {}
    for nutrient in resource.get("oralDiet", {}).get("nutrient", []):
        coding = nutrient["modifier"]["coding"][0]
        name = names.get((coding["system"], coding["code"]))
        if name is not None:
            found[name] = float(nutrient["amount"]["value"])
    return found
