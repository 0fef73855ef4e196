"""FHIR R4: read and search of Observation and Patient, and recording of Observations; what its other parts share."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from phr.api import parameters
from phr.api.callers import Calling, Reading, access_about, request_id, system_of
from phr.api.capability import statement
from phr.api.problems import FHIR_JSON
from phr.domain.documents import parse
from phr.errors import Invalid, NotFound
from phr.ids import person_id
from phr.services.accounts import Caller

router = APIRouter(prefix="/fhir")
_FORM: Final = "application/x-www-form-urlencoded"
_MAX_BODY: Final = 16 * 1024 * 1024
FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def fhir_answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A FHIR answer, which nobody may keep."""
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=FHIR_JSON)


async def raw_body(request: Request) -> bytes:
    """The bytes of the body, up to a limit."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_BODY:
            raise HTTPException(413, "the body is too large")
        parts.append(part)
    return b"".join(parts)


Raw = Annotated[bytes, Depends(raw_body)]


def resource_id(identity: str) -> str:
    """The id in the address. What cannot be an id is not looked for, and looks like one that nobody has."""
    if FHIR_ID.fullmatch(identity) is None:
        raise NotFound("no such resource")
    return identity


Identity = Annotated[str, Depends(resource_id)]


@router.get("/metadata")
def metadata(request: Request) -> Response:
    """What this server can do."""
    return fhir_answer(orjson.dumps(statement(system_of(request).settings.base_url)))


@router.get("/Observation")
def search_observations(request: Request, who: Reading) -> Response:
    """Search by code, category, date, patient, status and _id."""
    return _search(request, who, request.url.query)


@router.post("/Observation/_search")
def post_search_observations(request: Request, who: Reading, body: Raw) -> Response:
    """The same search with its parameters in the body, so that no URL holds them."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise HTTPException(415, f"a search body is {_FORM}")
    return _search(
        request, who, "&".join(part for part in (request.url.query, body.decode("utf-8", "replace")) if part)
    )


def _search(request: Request, who: Caller, query: str) -> Response:
    system = system_of(request)
    given = parameters.pairs(query)
    asked = parameters.observation_query(given, system.settings.tz)
    people = _people(who, asked.patients)
    person = next(iter(people)) if len(people) == 1 else None
    base = f"{system.settings.base_url}/fhir"
    self_link = f"{base}/Observation?{urlencode(given)}"
    if not people or asked.count == 0:
        return fhir_answer(_bundle(self_link, None, [], base, []))
    page = system.observations.search(asked, people, access_about(request, who, person))
    following = None
    if page.more is not None:
        following = f"{base}/Observation?{parameters.with_cursor(given, page.more)}"
    return fhir_answer(
        _bundle(self_link, following, [one.body for one in page.found], base, [one.id for one in page.found])
    )


def _people(who: Caller, named: tuple[str, ...]) -> dict[UUID, str]:
    """Whose Observations: the resident's own, or those of the patients that are named."""
    if who.role == "resident":
        own = who.subject
        return {person_id(own): own} if not named or own in named else {}
    if not named:
        raise Invalid("name a patient", field="patient")
    return {person_id(one): one for one in named}


def _bundle(self_link: str, following: str | None, bodies: list[bytes], base: str, ids: list[str]) -> bytes:
    """A searchset, put together from rendered resources without parsing them again. FHIR knows no empty array."""
    links = [{"relation": "self", "url": self_link}]
    if following is not None:
        links.append({"relation": "next", "url": following})
    prefix = f'{{"fullUrl":"{base}/Observation/'.encode()
    entries = b",".join(
        prefix + identity.encode() + b'","resource":' + body + b',"search":{"mode":"match"}}'
        for identity, body in zip(ids, bodies, strict=True)
    )
    return (
        b'{"resourceType":"Bundle","type":"searchset","link":'
        + orjson.dumps(links)
        + (b',"entry":[' + entries + b"]" if entries else b"")
        + b"}"
    )


@router.get("/Observation/{identity}")
def read_observation(request: Request, identity: Identity, who: Reading) -> Response:
    """One Observation."""
    body: bytes = system_of(request).observations.read(identity, access_about(request, who, who.person))
    return fhir_answer(body, headers=version_header(orjson.loads(body)))


@router.post("/Observation")
def create_observation(request: Request, who: Calling, body: Raw) -> Response:
    """Takes one Observation; an alarm is told in the answer itself."""
    if who.role == "gateway":
        raise HTTPException(403, "a gateway delivers bundles, with the cards that it was shown")
    system = system_of(request)
    resource = parse(body)
    subject = resource.get("subject")
    if not isinstance(subject, dict):
        raise Invalid("expected a reference to a Patient", field="Observation.subject")
    patient = str(subject.get("reference", "")).removeprefix("Patient/")
    if FHIR_ID.fullmatch(patient) is None or (who.role == "resident" and patient != who.subject):
        raise NotFound("no such patient")
    stored = system.intake.one(body, patient, actor=who.subject, role=who.role, request=request_id(request))
    return fhir_answer(stored.body, stored.status, stored.headers)


@router.get("/Patient/{identity}")
def read_patient(request: Request, identity: Identity, who: Reading) -> Response:
    """One Patient, to those who hold any live grant of theirs, and to themselves."""
    body = system_of(request).identities.patient(identity, access_about(request, who, person_id(identity)))
    return fhir_answer(body.encode(), headers=version_header(orjson.loads(body)))


@router.get("/Patient")
def search_patients(request: Request, who: Reading) -> Response:
    """Search of Patients by _id."""
    given = parameters.pairs(request.url.query)
    parameters.check(given, frozenset({"_id", "_count", "_format"}))
    wanted = [value for name, value in given if name == "_id"] or (
        [who.subject] if who.role == "resident" else []
    )
    if not wanted:
        raise Invalid("name an id", field="_id")
    bodies = []
    for identity in wanted[-1].split(","):
        try:
            body = system_of(request).identities.patient(
                resource_id(identity), access_about(request, who, person_id(identity))
            )
        except NotFound:
            continue
        bodies.append(orjson.loads(body))
    return fhir_answer(searchset(request, "Patient", bodies))


def searchset(request: Request, kind: str, resources: list[dict[str, Any]]) -> bytes:
    """A searchset of whole resources."""
    base = f"{system_of(request).settings.base_url}/fhir"
    entries = [
        {"fullUrl": f"{base}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{base}/{kind}?{request.url.query}"}],
    }
    return orjson.dumps({**bundle, "entry": entries} if entries else bundle)


def version_header(resource: dict[str, Any]) -> dict[str, str]:
    """The version as an ETag."""
    return {"ETag": f'W/"{resource.get("meta", {}).get("versionId", "1")}"'}
