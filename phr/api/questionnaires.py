"""FHIR Questionnaire: the definitions of the questionnaires, read-only and for everybody; they hold nobody's data."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from phr.api import parameters
from phr.api.callers import system_of
from phr.api.problems import FHIR_JSON
from phr.errors import NotFound
from risk.questionnaires.definition import NAMES, form
from risk.questionnaires.fhir import questionnaire

router = APIRouter(prefix="/fhir")


@router.get("/Questionnaire")
def search_questionnaires(request: Request) -> Response:
    """Search of Questionnaires by _id and url."""
    given = parameters.pairs(request.url.query)
    parameters.check(given, frozenset({"_id", "url", "_format"}))
    found = [questionnaire(form(name)) for name in NAMES]
    for name, value in given:
        if name in {"_id", "url"}:
            wanted = value.split(",")
            found = [one for one in found if one["id" if name == "_id" else "url"] in wanted]
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
def read_questionnaire(identity: str) -> Response:
    """One Questionnaire."""
    if identity not in NAMES:
        raise NotFound("no such resource")
    return Response(orjson.dumps(questionnaire(form(identity))), media_type=FHIR_JSON)
