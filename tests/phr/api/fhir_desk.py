"""A city with two people, a nurse and a register, and FHIR resources to write: for tests of the FHIR interface."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI

from phr.bootstrap import System
from tests.build import agree
from tests.phr.api.conftest import Client

LOINC = "http://loinc.org"


@dataclass(frozen=True)
class Desk:
    """Who is there: a person who shares everything with the city, one who shares nothing, and those who work there."""

    system: System
    app: FastAPI
    patient: str
    person: UUID
    resident: Client
    neighbour_id: str
    neighbour: Client
    nurse: Client
    collector: Client
    registrar: Client


def client(
    system: System,
    app: FastAPI,
    subject: str,
    role: str,
    purpose: str,
    person: UUID | None = None,
    scope: str = "",
) -> Client:
    """A client with a token of a role, for a purpose."""
    own = f"Patient/{subject}" if role == "resident" else system.settings.recipient
    system.accounts.put(subject, role, recipient=own, person=person, request="test")
    more: dict[str, Any] = {"scope": scope} if scope else {}
    return Client(app, system.accounts.issue(subject, "token", purpose=purpose, request="test", **more))


def register(system: System) -> tuple[str, UUID]:
    """A new person."""
    patient = f"p-{uuid4().hex[:12]}"
    resource = {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1960-05-05"}
    return patient, system.register.put(resource, actor="test", role="system", request="test")[0]


def desk(system: System, app: FastAPI) -> Desk:
    """Everybody."""
    patient, person = register(system)
    agree(system, person, patient, purposes=("collect", "guidance"))
    other, stranger = register(system)
    made: Callable[..., Client] = client
    return Desk(
        system,
        app,
        patient,
        person,
        made(system, app, patient, "resident", "self", person),
        other,
        made(system, app, other, "resident", "self", stranger),
        made(system, app, "nurse-fhir", "nurse", "guidance"),
        made(system, app, "nurse-in", "nurse", "collect"),
        made(system, app, "counter-fhir", "registrar", "register"),
    )


def condition(patient: str, **more: Any) -> dict[str, Any]:
    """A Condition of somebody."""
    return {
        "resourceType": "Condition",
        "subject": {"reference": f"Patient/{patient}"},
        "code": {"text": "hay fever"},
        "recordedDate": "2026-04-01",
        **more,
    }


def flag(patient: str) -> dict[str, Any]:
    """A Flag of somebody."""
    return {
        "resourceType": "Flag",
        "status": "active",
        "code": {"text": "call back"},
        "subject": {"reference": f"Patient/{patient}"},
    }


def observation(patient: str, code: str = "8867-4", **more: Any) -> dict[str, Any]:
    """An Observation of somebody."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": "2026-03-05T10:00:00+09:00",
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        **more,
    }


def pressure(patient: str, at: datetime, systolic: int, diastolic: int, **more: Any) -> dict[str, Any]:
    """A blood pressure of somebody, in mmHg."""
    body = observation(patient, "85354-9", effectiveDateTime=at.isoformat(timespec="seconds"), **more)
    del body["valueQuantity"]
    unit = {"unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"}
    body["component"] = [
        {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": {"value": value, **unit}}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
    ]
    return body


def marked(resource: dict[str, Any], value: str = "") -> tuple[dict[str, Any], str]:
    """A resource with an identifier of its own, and the query that finds it."""
    text = value or uuid4().hex
    return {**resource, "identifier": [{"system": "urn:test", "value": text}]}, f"identifier=urn:test|{text}"
