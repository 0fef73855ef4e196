"""FHIR Questionnaire: the definitions of the questionnaires, read-only and for everybody; they hold nobody's data."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from phr.api import parameters, reading
from phr.api.callers import caller, system_of
from phr.api.fhir import Identity
from phr.api.interactions import call_of, respond
from phr.api.problems import FHIR_JSON
from phr.api.searching import conditions, search
from phr.domain.fhirsearch import fits
from phr.errors import NotFound
from risk.questionnaires.definition import NAMES, form
from risk.questionnaires.fhir import questionnaire

router = APIRouter(prefix="/fhir")


@router.get("/Questionnaire")
def search_questionnaires(request: Request) -> Response:
    """Search of Questionnaires: the service's own for everybody; who signed in finds others by other ids."""
    system = system_of(request)
    given = parameters.pairs(request.url.query)
    if "authorization" in request.headers and any(name == "_cursor" for name, _value in given):
        return respond(request, search(call_of(request, caller(request)), "Questionnaire", request.url.query))
    asked = conditions(system, "Questionnaire", given)
    found = [one for name in NAMES if fits(asked, one := questionnaire(form(name)))]
    if not found and "authorization" in request.headers:
        return respond(request, search(call_of(request, caller(request)), "Questionnaire", request.url.query))
    base = f"{system_of(request).settings.base_url}/fhir"
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": f"{base}/Questionnaire?{request.url.query}"}],
    }
    if found:  # FHIR knows no empty array
        bundle["entry"] = [
            {"fullUrl": f"{base}/Questionnaire/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in found
        ]
    return Response(orjson.dumps(bundle), media_type=FHIR_JSON)


@router.get("/Questionnaire/{identity}")
def read_questionnaire(request: Request, identity: Identity) -> Response:
    """One Questionnaire; those of the service are for everybody, others for who signed in."""
    if identity in NAMES:
        return Response(orjson.dumps(questionnaire(form(identity))), media_type=FHIR_JSON)
    if "authorization" not in request.headers:
        raise NotFound("no such resource")
    return respond(request, reading.read(call_of(request, caller(request)), "Questionnaire", identity))
