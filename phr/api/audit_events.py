"""FHIR AuditEvent: the trail as IHE Basic Audit events; residents read what concerns them, operators what is to be reviewed."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from phr.api import held, parameters
from phr.api.audit_asked import CURSOR, asked_for, possible
from phr.api.callers import Reading
from phr.api.fhir import Raw
from phr.api.interactions import Answer, Call, call_of, respond
from phr.api.scoped import require
from phr.clock import micros
from phr.domain.access import Access
from phr.domain.balp import IDENT, Row, Whose, render
from phr.domain.fhirsearch.criteria import Place
from phr.errors import NotFound
from phr.services.accounts import Caller

router = APIRouter(prefix="/fhir")


def _audience(who: Caller, action: str) -> None:
    """Residents with their own record, operators with the purpose of the review; nobody else reads the trail."""
    if (who.role, who.purpose) not in {("resident", "self"), ("operator", "audit")}:
        raise HTTPException(403, "this purpose reads no audit trail")
    require(who, "AuditEvent", action)


def search(call: Call, query: str) -> Answer:
    """AuditEvents, newest first."""
    _audience(call.who, "s")
    system = call.system
    given = parameters.pairs(query)
    asked = asked_for(given, call.who, Place(system.settings.tz, call.base), system.settings.recipient)
    rows, more = ([], False) if asked is None else system.trail.search(asked, _access(call))
    links = [{"relation": "self", "url": f"{call.base}/AuditEvent?{urlencode(given)}"}]
    if more and rows:
        links.append({"relation": "next", "url": f"{call.base}/AuditEvent?{_after(given, rows[-1])}"})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "link": links}
    whose, city = _whose(call.who), system.settings.recipient
    if rows:
        bundle["entry"] = [
            {"fullUrl": f"{call.base}/AuditEvent/{one['id']}", "resource": one, "search": {"mode": "match"}}
            for one in (render(row, whose, city, call.base) for row in rows)
        ]
    return Answer(200, orjson.dumps(bundle))


def read(call: Call, identity: str, _query: str = "") -> Answer:
    """One AuditEvent."""
    _audience(call.who, "r")
    found = IDENT.fullmatch(identity)
    if found is None or not possible(int(found[1]), int(found[2])):
        raise NotFound("no such event")
    row = call.system.trail.one(int(found[1]), int(found[2]), _access(call))
    body = orjson.dumps(render(row, _whose(call.who), call.system.settings.recipient, call.base))
    return Answer(200, body, {"ETag": 'W/"1"'})


@router.get("/AuditEvent")
@router.head("/AuditEvent", include_in_schema=False)
def search_audit_events(request: Request, who: Reading) -> Response:
    """Search of AuditEvents, newest first."""
    return respond(request, search(call_of(request, who), request.url.query))


@router.post("/AuditEvent/_search")
def search_audit_events_by_form(request: Request, who: Reading, body: Raw) -> Response:
    """The same search with its parameters in the body."""
    query = held.form_query(request.url.query, request.headers.get("content-type", ""), body)
    return respond(request, search(call_of(request, who), query))


@router.get("/AuditEvent/{identity}")
@router.head("/AuditEvent/{identity}", include_in_schema=False)
def read_audit_event(request: Request, identity: str, who: Reading) -> Response:
    """One AuditEvent."""
    return respond(request, read(call_of(request, who), identity))


def _access(call: Call) -> Access:
    who = call.who
    person = who.person if who.role == "resident" else None
    return Access(who.role, who.actor, who.recipient, who.purpose, call.request, person)


def _whose(who: Caller) -> Whose:
    return Whose(who.subject) if who.role == "resident" else Whose()


def _after(given: parameters.Pairs, row: Row) -> str:
    """The query string of the page after a row. It names a place, and proves nothing: the next page asks anew."""
    place = CURSOR.pack(micros(row.at), row.chain, row.seq)
    text = base64.urlsafe_b64encode(place).decode().rstrip("=")
    return urlencode([pair for pair in given if pair[0] != "_cursor"] + [("_cursor", text)])
