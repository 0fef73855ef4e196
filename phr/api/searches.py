"""The routes of FHIR search: by type, by a form, and within one patient's record; included after those with names of their own."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from phr.api import negotiation, parameters
from phr.api.callers import Reading
from phr.api.fhir import Identity, Raw
from phr.api.interactions import call_of, respond
from phr.api.searching import search

router = APIRouter(prefix="/fhir")
_FORM: Final = "application/x-www-form-urlencoded"


@router.get("/{kind}")
@router.head("/{kind}", include_in_schema=False)
def search_type(request: Request, kind: str, who: Reading) -> Response:
    """Search of a type."""
    return respond(request, search(call_of(request, who), kind, request.url.query))


@router.post("/{kind}/_search")
def search_by_form(request: Request, kind: str, who: Reading, body: Raw) -> Response:
    """The same search with its parameters in the body, so that no URL holds them."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
        raise HTTPException(415, f"a search body is {_FORM}")
    parts = (request.url.query, body.decode("utf-8", "replace"))
    query = "&".join(part for part in parts if part)
    for name, value in parameters.pairs(query):
        if name == "_format":
            negotiation.check_wanted(request.headers, value)
    return respond(request, search(call_of(request, who), kind, query))


@router.get("/Patient/{identity}/{kind}")
@router.head("/Patient/{identity}/{kind}", include_in_schema=False)
def search_compartment(request: Request, identity: Identity, kind: str, who: Reading) -> Response:
    """Search of a type within one patient's record."""
    query = "&".join(part for part in (f"patient={identity}", request.url.query) if part)
    return respond(request, search(call_of(request, who), kind, query))
