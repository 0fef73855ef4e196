"""FHIR over HTTP: every interaction with every type that has no routes of its own; included last, so that those come first."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from phr.api import negotiation, reading, writing
from phr.api.callers import Calling
from phr.api.fhir import Identity, Raw
from phr.api.interactions import call_of, respond, served
from phr.domain.fhir.texts import parse_any

first = APIRouter(prefix="/fhir")
"""Included before all that have FHIR routes of their own: ``_history`` is no id."""
router = APIRouter(prefix="/fhir")


@first.get("/_history")
@first.head("/_history", include_in_schema=False)
def history_of_all(request: Request, who: Calling) -> Response:
    """What became of a whole record."""
    return respond(request, reading.history(call_of(request, who), "", "", request.url.query))


@first.get("/{kind}/_history")
@first.head("/{kind}/_history", include_in_schema=False)
def history_of_type(request: Request, kind: str, who: Calling) -> Response:
    """What became of all resources of a type."""
    return respond(request, reading.history(call_of(request, who), kind, "", request.url.query))


@router.get("/{kind}/{identity}/_history")
@router.head("/{kind}/{identity}/_history", include_in_schema=False)
def history_of_one(request: Request, kind: str, identity: Identity, who: Calling) -> Response:
    """What became of one resource."""
    return respond(request, reading.history(call_of(request, who), kind, identity, request.url.query))


@router.get("/{kind}/{identity}/_history/{version}")
@router.head("/{kind}/{identity}/_history/{version}", include_in_schema=False)
def read_version(request: Request, kind: str, identity: Identity, version: str, who: Calling) -> Response:
    """One version of a resource."""
    return respond(request, reading.vread(call_of(request, who), kind, identity, version))


@router.get("/{kind}/{identity}")
@router.head("/{kind}/{identity}", include_in_schema=False)
def read(request: Request, kind: str, identity: Identity, who: Calling) -> Response:
    """One resource."""
    return respond(request, reading.read(call_of(request, who), kind, identity))


@router.post("/{kind}")
def create(request: Request, kind: str, who: Calling, body: Raw) -> Response:
    """A new resource."""
    negotiation.check_sent(request.headers)
    return respond(request, writing.create(call_of(request, who), kind, body))


@router.put("/{kind}/{identity}")
def update(request: Request, kind: str, identity: Identity, who: Calling, body: Raw) -> Response:
    """The next version of a resource, or the first under this id."""
    negotiation.check_sent(request.headers)
    return respond(request, writing.update(call_of(request, who), kind, identity, body))


@router.put("/{kind}")
def update_where(request: Request, kind: str, who: Calling, body: Raw) -> Response:
    """The next version of the resource that fits a query, or a new one."""
    negotiation.check_sent(request.headers)
    return respond(request, writing.update(call_of(request, who), kind, "", body, request.url.query))


@router.patch("/{kind}/{identity}")
def patch(request: Request, kind: str, identity: Identity, who: Calling, body: Raw) -> Response:
    """Changes of parts of a resource."""
    served(kind, "patch")
    negotiation.check_sent(request.headers, patch=True)
    return respond(request, writing.patch(call_of(request, who), kind, identity, parse_any(body)))


@router.patch("/{kind}")
def patch_where(request: Request, kind: str, who: Calling, body: Raw) -> Response:
    """Changes of parts of the resource that fits a query."""
    served(kind, "patch")
    negotiation.check_sent(request.headers, patch=True)
    return respond(
        request, writing.patch(call_of(request, who), kind, "", parse_any(body), request.url.query)
    )


@router.delete("/{kind}/{identity}")
def delete(request: Request, kind: str, identity: Identity, who: Calling) -> Response:
    """Deletes a resource."""
    return respond(request, writing.delete(call_of(request, who), kind, identity))


@router.delete("/{kind}")
def delete_where(request: Request, kind: str, who: Calling) -> Response:
    """Deletes the resource that fits a query."""
    return respond(request, writing.delete(call_of(request, who), kind, "", request.url.query))
