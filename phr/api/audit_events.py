"""FHIR AuditEvent: the trail as IHE Basic Audit events; residents read what concerns them, operators what is to be reviewed."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from phr.api import held, parameters
from phr.api.callers import Reading
from phr.api.fhir import Raw
from phr.api.interactions import Answer, Call, call_of, respond
from phr.api.scoped import require
from phr.clock import micros
from phr.domain.access import Access
from phr.domain.audit_query import After, AuditQuery, matching, result_words
from phr.domain.balp import IDENT, Row, Whose, render
from phr.domain.query import dates, split, tokens
from phr.errors import Invalid, NotFound
from phr.ids import person_id
from phr.services.accounts import Caller

router = APIRouter(prefix="/fhir")
_KNOWN: Final = frozenset(
    {
        "_id",
        "patient",
        "date",
        "action",
        "agent",
        "entity",
        "outcome",
        "purpose",
        "type",
        "subtype",
        "_count",
        "_format",
        "_cursor",
    }
)
_CURSOR: Final = struct.Struct(">qhq")
_ACTIONS: Final = frozenset("CRUDE")


def _audience(who: Caller, action: str) -> None:
    """Residents with their own record, operators with the purpose of the review; nobody else reads the trail."""
    if (who.role, who.purpose) not in {("resident", "self"), ("operator", "audit")}:
        raise HTTPException(403, "this purpose reads no audit trail")
    require(who, "AuditEvent", action)


def search(call: Call, query: str) -> Answer:
    """AuditEvents, newest first, by patient, date, action, agent, entity, outcome, purpose, type, subtype and _id."""
    _audience(call.who, "s")
    system = call.system
    given = parameters.pairs(query)
    asked, nobody = _asked(given, call.who, system.settings.tz)
    rows, more = ([], False) if nobody else system.trail.search(asked, _access(call))
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
    if found is None or not _fits(int(found[1]), int(found[2])):
        raise NotFound("no such event")
    row = call.system.trail.one(int(found[1]), int(found[2]), _access(call))
    body = orjson.dumps(render(row, _whose(call.who), call.system.settings.recipient, call.base))
    return Answer(200, body, {"ETag": 'W/"1"'})


@router.get("/AuditEvent")
@router.head("/AuditEvent", include_in_schema=False)
def search_audit_events(request: Request, who: Reading) -> Response:
    """Search of AuditEvents, newest first, by patient, date, action, agent, entity, outcome, purpose, type, subtype and _id."""
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


def _fits(chain: int, seq: int) -> bool:
    return chain < 2**15 and seq < 2**63


def _asked(given: parameters.Pairs, who: Caller, zone: ZoneInfo) -> tuple[AuditQuery, bool]:
    """The search, and whether it can find nobody: another's record, for a resident."""
    parameters.check(given, _KNOWN)
    named = parameters.patients(given)
    own = who.role == "resident"
    if own and named and who.subject not in named:
        return AuditQuery(), True
    if len(named) > 1:
        raise Invalid("name one patient", field="patient")
    person = who.person if own else person_id(named[0]) if named else None
    asked = AuditQuery(person=person, review=not own, count=min(parameters.count(given), 200))
    asked = _when(asked, given, zone)
    actions = [split(value, ",") for name, value in given if name == "action"]
    if any(one not in _ACTIONS for group in actions for one in group):
        raise Invalid("expected C, R, U, D or E", field="action")
    kinds = matching(_tokens(given, "type"), _tokens(given, "subtype"), actions)
    agents = [one for name, value in given if name == "agent" for one in split(value, ",")]
    asked = replace(
        asked,
        kinds=kinds,
        codes=result_words([split(value, ",") for name, value in given if name == "outcome"]),
        actors=tuple(one for one in agents if "/" not in one),
        recipients=tuple(one for one in agents if "/" in one),
        objects=tuple(one for name, value in given if name == "entity" for one in split(value, ",")),
        purposes=tuple(one for name, value in given if name == "purpose" for one in split(value, ",")),
        idents=_idents(given),
        after=_cursor(given),
    )
    return asked, asked.count == 0


def _tokens(given: parameters.Pairs, wanted: str) -> list[Any]:
    return [tokens(value, wanted) for name, value in given if name == wanted]


def _when(asked: AuditQuery, given: parameters.Pairs, zone: ZoneInfo) -> AuditQuery:
    """Each date narrows the time; alternatives and ranges that are no one piece are refused."""
    since, until = asked.since_us, asked.until_us
    for name, value in given:
        if name != "date":
            continue
        ranges = dates(value, "date", zone)
        if len(ranges) != 1 or ranges[0].prefix in {"ne", "ap"}:
            raise Invalid("expected one date with eq, ge, gt, le or lt", field="date")
        low, high = {
            "eq": (ranges[0].low, ranges[0].high),
            "ge": (ranges[0].low, None),
            "gt": (ranges[0].high, None),
            "sa": (ranges[0].high, None),
            "le": (None, ranges[0].high),
            "lt": (None, ranges[0].low),
            "eb": (None, ranges[0].low),
        }[ranges[0].prefix]
        since = low if since is None else max(since, low) if low is not None else since
        until = high if until is None else min(until, high) if high is not None else until
    return replace(asked, since_us=since, until_us=until)


def _idents(given: parameters.Pairs) -> tuple[tuple[int, int], ...] | None:
    groups = [split(value, ",") for name, value in given if name == "_id"]
    if not groups:
        return None
    found = [IDENT.fullmatch(one) for one in groups[0] if all(one in group for group in groups)]
    return tuple(
        (int(one[1]), int(one[2])) for one in found if one is not None and _fits(int(one[1]), int(one[2]))
    )


def _after(given: parameters.Pairs, row: Row) -> str:
    """The query string of the page after a row. It names a place, and proves nothing: the next page asks anew."""
    place = _CURSOR.pack(micros(row.at), row.chain, row.seq)
    text = base64.urlsafe_b64encode(place).decode().rstrip("=")
    return urlencode([pair for pair in given if pair[0] != "_cursor"] + [("_cursor", text)])


def _cursor(given: parameters.Pairs) -> After | None:
    found = [value for name, value in given if name == "_cursor"]
    if not found:
        return None
    try:
        raw = base64.urlsafe_b64decode(found[-1].encode("ascii") + b"==")
        after = After(*_CURSOR.unpack(raw))
        datetime.fromtimestamp(after.at_us / 1_000_000, UTC)
    except (binascii.Error, struct.error, UnicodeError, ValueError, OverflowError, OSError) as error:
        raise Invalid("not a page of this search", field="_cursor") from error
    return after
