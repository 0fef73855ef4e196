"""FHIR Consent: create, read, vread, update, search and history, for the person, who acts for them, and the counter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from phr.api import parameters
from phr.api.callers import Calling, request_id, system_of
from phr.api.fhir import FHIR_ID, Identity, Raw, fhir_answer, searchset, version_header
from phr.domain.agreeing import by_others
from phr.domain.documents import dump, instant, parse
from phr.errors import Conflict, Invalid, NotFound
from phr.ids import person_id
from phr.services.accounts import Caller
from phr.services.consents import Held

router = APIRouter(prefix="/fhir")
_SEARCH: Final = frozenset({"patient", "status", "_id", "actor", "purpose", "consentor", "_count", "_format"})


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose consents a caller may reach, and as whom. given_by: None for all, else only what they gave."""

    person: UUID
    patient: str
    role: str
    given_by: str | None


def _desk(request: Request, who: Caller, patient: str, *, writes: bool = False) -> _Desk:
    """The person themselves, a guardian who acts for them, or the counter; for others nobody has such a consent."""
    if who.role == "resident" and who.person is not None:
        if patient == who.subject:
            return _Desk(who.person, patient, "resident", None)
        guardians = system_of(request).guardians
        child = person_id(patient)
        act = guardians.entering if writes else guardians.acting
        act(who.person, child, actor=who.subject, request=request_id(request))
        return _Desk(child, patient, "resident", f"Patient/{who.subject}")
    if who.role == "registrar":
        return _Desk(person_id(patient), patient, "registrar", None)
    raise NotFound("no such consent")


def _whose(request: Request, who: Caller) -> str:
    """The patient that the query names; a resident's own when it names none."""
    named = parameters.patients(parameters.pairs(request.url.query))
    if len(named) == 1:
        return named[0]
    if not named and who.role == "resident":
        return who.subject
    if who.role not in ("resident", "registrar"):
        raise NotFound("no such consent")
    raise Invalid("name one patient", field="patient")


def _all(request: Request, who: Caller, desk: _Desk) -> list[Held]:
    found: list[Held] = system_of(request).consents.all(
        desk.person, actor=who.subject, role=desk.role, request=request_id(request)
    )
    return [each for each in found if _theirs(each, desk)]


def _theirs(held: Held, desk: _Desk) -> bool:
    return desk.given_by is None or desk.given_by in by_others(held.consent)


@router.get("/Consent")
def search_consents(request: Request, who: Calling) -> Response:
    """Search of one patient's Consents."""
    given = parameters.pairs(request.url.query)
    parameters.check(given, _SEARCH)
    try:
        found = _all(request, who, _desk(request, who, _whose(request, who)))
    except NotFound:
        found = []
    for name, value in given:
        found = [held for held in found if _fits(held, name, value.split(","))]
    return fhir_answer(searchset(request, "Consent", [orjson.loads(dump(held.resource)) for held in found]))


def _fits(held: Held, name: str, wanted: list[str]) -> bool:
    """Whether a Consent has one of the values; parameters of the answer fit everything."""
    rules = [held.resource.get("provision", {})]
    for rule in rules:
        rules += rule.get("provision", [])
    holds: dict[str, list[Any]] = {
        "status": [held.resource.get("status")],
        "_id": [held.consent.id],
        "actor": [one["reference"]["reference"] for rule in rules for one in rule.get("actor", [])],
        "purpose": [code for rule in rules for one in rule.get("purpose", []) for code in _tokens(one)],
        "consentor": list(held.consent.performers),
    }
    return name not in holds or bool(set(holds[name]) & set(wanted))


def _tokens(coding: dict[str, Any]) -> tuple[str, str]:
    return str(coding.get("code")), f"{coding.get('system', '')}|{coding.get('code')}"


@router.get("/Consent/{identity}")
def read_consent(request: Request, identity: Identity, who: Calling) -> Response:
    """One Consent; whoever acts for somebody, and the counter, name the patient in the query."""
    for held in _all(request, who, _desk(request, who, _whose(request, who))):
        if held.consent.id == identity:
            return fhir_answer(dump(held.resource).encode(), headers=version_header(held.resource))
    raise NotFound("no such consent")


def _versions(request: Request, who: Caller, identity: str) -> list[Held]:
    desk = _desk(request, who, _whose(request, who))
    found: list[Held] = system_of(request).consents.history(
        desk.person, identity, actor=who.subject, role=desk.role, request=request_id(request)
    )
    if not found or not _theirs(found[0], desk):
        raise NotFound("no such consent")
    return found


@router.get("/Consent/{identity}/_history/{version}")
def read_consent_version(request: Request, identity: Identity, version: str, who: Calling) -> Response:
    """One version of a Consent."""
    for held in _versions(request, who, identity):
        if version.isascii() and version.isdigit() and str(held.version) == version:
            return fhir_answer(dump(held.resource).encode(), headers=version_header(held.resource))
    raise NotFound("no such version")


@router.get("/Consent/{identity}/_history")
def consent_history(request: Request, identity: Identity, who: Calling) -> Response:
    """Every version of one Consent, newest first."""
    entries = [
        {
            "resource": orjson.loads(dump(held.resource)),
            "request": {"method": "POST", "url": "Consent"}
            if held.version == 1
            else {"method": "PUT", "url": f"Consent/{identity}"},
            "response": {
                "status": "201" if held.version == 1 else "200",
                "etag": f'W/"{held.version}"',
                "lastModified": instant(held.recorded_at),
            },
        }
        for held in _versions(request, who, identity)
    ]
    return fhir_answer(orjson.dumps({"resourceType": "Bundle", "type": "history", "entry": entries}))


@router.post("/Consent")
def record_consent(request: Request, who: Calling, body: Raw) -> Response:
    """Records a new Consent; its id is ours to give."""
    resource = {key: value for key, value in parse(body).items() if key not in ("id", "meta")}
    return _record(request, who, resource, None)


@router.put("/Consent/{identity}")
def update_consent(request: Request, identity: Identity, who: Calling, body: Raw) -> Response:
    """Records the next version of a Consent; If-Match names the version it follows."""
    resource = parse(body)
    if resource.get("id") != identity:
        raise Invalid("must be the id in the address", field="Consent.id")
    desk = _desk(request, who, _patient(resource), writes=True)
    if all(held.consent.id != identity for held in _all(request, who, desk)):
        raise NotFound("no such consent")  # also for somebody else's id: nobody learns that it is taken
    return _record(request, who, resource, _if_match(request))


def _patient(resource: dict[str, Any]) -> str:
    patient = resource.get("patient")
    reference = patient.get("reference") if isinstance(patient, dict) else None
    found = str(reference).removeprefix("Patient/")
    if reference is None or FHIR_ID.fullmatch(found) is None:
        raise Invalid("must be a reference Patient/id", field="Consent.patient")
    return found


def _if_match(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    text = given.removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit():
        raise Invalid("expected a version", field="If-Match")
    return int(text)


def _record(request: Request, who: Caller, resource: dict[str, Any], expected: int | None) -> Response:
    desk = _desk(request, who, _patient(resource), writes=True)
    if desk.given_by is not None:
        named = [each.get("reference") for each in resource.get("performer") or [] if isinstance(each, dict)]
        if named != [desk.given_by]:
            raise Invalid("must be whoever acts here, and nobody else", field="Consent.performer")
    system = system_of(request)
    try:
        recorded = system.consents.record(
            desk.person,
            resource,
            actor=who.subject,
            role=desk.role,
            request=request_id(request),
            expected_version=expected,
        )
    except Conflict as conflict:
        raise HTTPException(409 if expected is None else 412, str(conflict)) from conflict
    held = system.consents.one(
        desk.person, recorded.consent_id, actor=who.subject, role=desk.role, request=request_id(request)
    )
    location = f"{system.settings.base_url}/fhir/Consent/{recorded.consent_id}/_history/{recorded.version}"
    headers = {**version_header(held.resource), "Location": location}
    return fhir_answer(dump(held.resource).encode(), 201 if recorded.version == 1 else 200, headers)
