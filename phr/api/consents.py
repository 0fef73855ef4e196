"""The routes of FHIR Consent."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phr.api import consenting, held, negotiation
from phr.api.callers import Calling
from phr.api.fhir import Identity, Raw
from phr.api.interactions import call_of, respond
from phr.domain.fhir.texts import parse_any

router = APIRouter(prefix="/fhir")


@router.get("/Consent")
@router.head("/Consent", include_in_schema=False)
def search_consents(request: Request, who: Calling) -> Response:
    """Search of one patient's Consents."""
    return respond(request, consenting.search(call_of(request, who), request.url.query))


@router.post("/Consent/_search")
def search_consents_by_form(request: Request, who: Calling, body: Raw) -> Response:
    """The same search with its parameters in the body."""
    query = held.form_query(request.url.query, request.headers.get("content-type", ""), body)
    return respond(request, consenting.search(call_of(request, who), query))


@router.get("/Consent/{identity}")
@router.head("/Consent/{identity}", include_in_schema=False)
def read_consent(request: Request, identity: Identity, who: Calling) -> Response:
    """One Consent; whoever acts for somebody, and the counter, name the patient in the query."""
    return respond(request, consenting.read(call_of(request, who), identity, request.url.query))


@router.get("/Consent/{identity}/_history/{version}")
@router.head("/Consent/{identity}/_history/{version}", include_in_schema=False)
def read_consent_version(request: Request, identity: Identity, version: str, who: Calling) -> Response:
    """One version of a Consent."""
    return respond(request, consenting.vread(call_of(request, who), identity, version, request.url.query))


@router.get("/Consent/{identity}/_history")
@router.head("/Consent/{identity}/_history", include_in_schema=False)
def consent_history(request: Request, identity: Identity, who: Calling) -> Response:
    """Every version of one Consent, newest first."""
    return respond(request, consenting.history(call_of(request, who), identity, request.url.query))


@router.post("/Consent")
def record_consent(request: Request, who: Calling, body: Raw) -> Response:
    """Records a new Consent; its id is ours to give."""
    negotiation.check_sent(request.headers)
    return respond(request, consenting.create(call_of(request, who), body))


@router.put("/Consent/{identity}")
def update_consent(request: Request, identity: Identity, who: Calling, body: Raw) -> Response:
    """Records the next version of a Consent; If-Match names the version it follows."""
    negotiation.check_sent(request.headers)
    return respond(request, consenting.update(call_of(request, who), identity, body, request.url.query))


@router.put("/Consent")
def update_consent_where(request: Request, who: Calling, body: Raw) -> Response:
    """Records the next version of the Consent that fits a query, or a new one."""
    negotiation.check_sent(request.headers)
    return respond(request, consenting.update(call_of(request, who), "", body, request.url.query))


@router.patch("/Consent/{identity}")
def patch_consent(request: Request, identity: Identity, who: Calling, body: Raw) -> Response:
    """Changes parts of a Consent."""
    negotiation.check_sent(request.headers, patch=True)
    call, operations = call_of(request, who), parse_any(body)
    return respond(request, consenting.patch(call, identity, operations, request.url.query))


@router.patch("/Consent")
def patch_consent_where(request: Request, who: Calling, body: Raw) -> Response:
    """Changes parts of the Consent that fits a query."""
    negotiation.check_sent(request.headers, patch=True)
    call, operations = call_of(request, who), parse_any(body)
    return respond(request, consenting.patch(call, "", operations, request.url.query))


@router.delete("/Consent/{identity}")
def delete_consent(request: Request, identity: Identity, who: Calling) -> Response:
    """Withdraws a Consent."""
    return respond(request, consenting.delete(call_of(request, who), identity, request.url.query))


@router.delete("/Consent")
def delete_consent_where(request: Request, who: Calling) -> Response:
    """Withdraws the Consent that fits a query."""
    return respond(request, consenting.delete(call_of(request, who), "", request.url.query))
