"""FHIR R4 Observations as another server writes them: on lines, and in Bundles."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import ClassVar

from tests.conformance.adapter import FileAdapter
from tests.conformance.truth import NOBODY, Truth

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
PARTS = {"systolic": "8480-6", "diastolic": "8462-4", "pulse": "8867-4"}
UNITS = {"8867-4": "/min", "29463-7": "kg", "8310-5": "Cel", "2339-0": "mg/dL"}


def quantity(value: float, unit: str) -> dict:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def coded(code: str) -> dict:
    return {"coding": [{"system": LOINC, "code": code}]}


def moment(row: Truth) -> str:
    return row.utc.astimezone(timezone(timedelta(seconds=row.offset))).isoformat()


def observation(row: Truth, subject: str = "Patient/p1") -> dict:
    """An Observation of one reading."""
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": coded("85354-9" if row.code == "85354-9" else row.code),
        "subject": {"reference": subject},
        "device": {"display": f"{NOBODY}s device"},
        "effectiveDateTime": moment(row),
    }
    if row.code == "85354-9":
        units = {"systolic": "mm[Hg]", "diastolic": "mm[Hg]", "pulse": "/min"}
        made["component"] = [
            {"code": coded(PARTS[name]), "valueQuantity": quantity(value, units[name])}
            for name, value in row.values
        ]
    else:
        made["valueQuantity"] = quantity(row.value, UNITS[row.code])
    return made


class _Fhir(FileAdapter):
    kinds = ("8867-4", "85354-9", "29463-7", "8310-5", "2339-0")

    def dumped(self, resources: list[dict]) -> str:
        raise AssertionError

    def look_alikes(self, place):
        cases = (
            ("pounds", "29463-7", quantity(150, "[lb_av]"), 68.039),
            ("grams", "29463-7", quantity(68_039, "g"), 68.039),
            ("mmol/L", "2339-0", quantity(5.5, "mmol/L"), 99.086),
            ("Fahrenheit", "8310-5", quantity(98.6, "[degF]"), 37.0),
            ("stones", "29463-7", quantity(10, "[stone_av]"), None),
            ("kilograms of heart rate", "8867-4", quantity(60, "kg"), None),
        )
        for what, code, value, ours in cases:
            made = observation(self.rows(1)[0]) | {"code": coded(code), "valueQuantity": value}
            payload = self.laid(place, {f"one.{self.suffix}": self.dumped([made])})
            yield what, payload, [] if ours is None else [(code, ours)]


class FhirLines(_Fhir):
    """One resource on each line."""

    name = "fhir-ndjson"
    suffix = "ndjson"
    small: ClassVar = {"ingest.files.fhir_ndjson.BLOCK_LINES": 4}

    def dumped(self, resources):
        return "".join(json.dumps(each) + "\n" for each in resources)

    def files(self, part, rows):
        return {"observations.ndjson": self.dumped([observation(row) for row in rows])}


class FhirBundle(_Fhir):
    """A Bundle."""

    name = "fhir-bundle"
    suffix = "json"

    def dumped(self, resources):
        entries = [{"resource": each} for each in resources]
        return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})

    def files(self, part, rows):
        return {f"bundle-{part}.json": self.dumped([observation(row) for row in rows])}
