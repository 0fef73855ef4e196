"""A FHIR client in Python with fhirpy: reads, checks, stores and finds a blood pressure. ``python -m docs.examples.fhir_client``.

It wants a token in PHR_TOKEN, as ``phr token --role resident --subject RESIDENT --purpose self`` prints it, and the address of the
service in PHR_URL (http://127.0.0.1:8000 without it).
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any

from fhirpy import SyncFHIRClient

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
PANEL = f"{LOINC}|85354-9"


def connect(url: str, token: str) -> SyncFHIRClient:
    """A client of the service's FHIR base."""
    return SyncFHIRClient(f"{url}/fhir", authorization=f"Bearer {token}")


def latest(client: SyncFHIRClient, count: int = 3) -> list[tuple[str, float, float]]:
    """The newest blood pressures: when, systolic, diastolic."""
    found = client.resources("Observation").search(code=PANEL).sort("-date").limit(count).fetch()
    return [(one["effectiveDateTime"], part(one, "8480-6"), part(one, "8462-4")) for one in found]


def part(observation: Any, code: str) -> float:
    """The value of one component."""
    for component in observation["component"]:
        if any(coding["code"] == code for coding in component["code"]["coding"]):
            return float(component["valueQuantity"]["value"])
    raise KeyError(code)


def pressure(patient: str, systolic: int, diastolic: int, at: datetime) -> dict[str, Any]:
    """A blood pressure as FHIR R4 wants it."""

    def component(code: str, value: int) -> dict[str, Any]:
        quantity = {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
        return {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": quantity}

    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "meta": {"profile": ["http://hl7.org/fhir/StructureDefinition/bp"]},
        "status": "final",
        "category": [{"coding": [{"system": category, "code": "vital-signs"}]}],
        "code": {"coding": [{"system": LOINC, "code": "85354-9"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at.isoformat(timespec="seconds"),
        "component": [component("8480-6", systolic), component("8462-4", diastolic)],
    }


def problems(client: SyncFHIRClient, resource: dict[str, Any]) -> list[str]:
    """What $validate finds wrong: places and words."""
    outcome = client.execute("Observation/$validate", method="post", data=resource)
    return [
        f"{' '.join(one.get('expression', []))} {one['diagnostics']}".strip()
        for one in outcome["issue"]
        if one["severity"] in ("error", "fatal")
    ]


def record(client: SyncFHIRClient, resource: dict[str, Any]) -> None:
    """Stores an Observation; the same one again stores nothing new."""
    wrong = problems(client, resource)
    if wrong:
        raise ValueError("; ".join(wrong))
    client.execute("Observation", method="post", data=resource)


def main() -> None:
    """Reads, records and reads again."""
    client = connect(os.environ.get("PHR_URL", "http://127.0.0.1:8000"), os.environ["PHR_TOKEN"])
    patient = client.resources("Patient").fetch()[0]["id"]
    record(client, pressure(patient, 124, 79, datetime.now(UTC)))
    for at, systolic, diastolic in latest(client):
        sys.stdout.write(f"{at}  {systolic:.0f}/{diastolic:.0f} mmHg\n")


if __name__ == "__main__":
    main()
