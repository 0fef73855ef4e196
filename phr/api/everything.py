"""FHIR Patient/$everything: what this caller may see of one person, streamed, or page by page with a key for the next."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from phr.api import parameters
from phr.api.callers import Reading, access_about, system_of
from phr.api.fhir import Identity, fhir_answer
from phr.api.problems import FHIR_JSON
from phr.api.scoped import admits, require
from phr.domain.fhir.texts import parse
from phr.domain.query import moment_range
from phr.errors import Invalid, NotAllowed, NotFound
from phr.ids import person_id
from phr.services.accounts import Caller
from phr.services.whole_record import TYPES, One, Place, Within

router = APIRouter(prefix="/fhir")
_KNOWN: Final = frozenset({"_count", "_type", "_cursor", "_format", "_since", "start", "end"})


@router.get("/Patient/{identity}/$everything")
def everything(request: Request, identity: Identity, who: Reading) -> Response:
    """With _count a page and a link to the next, without it one Bundle that is streamed.

    Each page asks the gate anew: a withdrawal ends a stream that is under way, and an old link gives nothing.
    """
    given = parameters.pairs(request.url.query)
    parameters.check(given, _KNOWN)
    person = person_id(identity)
    if who.role == "resident" and who.subject != identity:
        raise NotFound("no such Patient")
    system = system_of(request)
    within = _within(given, who, system.settings.tz)
    access = access_about(request, who, person)
    base = f"{system.settings.base_url}/fhir"
    self_link = f"{base}/Patient/{identity}/$everything?{urlencode(given)}"
    if not any(name == "_count" for name, _value in given):
        first = system.whole_record.pages(person, identity, access, within)
        system.whole_record.page(
            person, identity, access, Place(), 1, Within(("Patient",))
        )  # 404 before the stream begins
        return StreamingResponse(
            _stream(base, self_link, first), headers={"Cache-Control": "no-store"}, media_type=FHIR_JSON
        )
    found, more = system.whole_record.page(
        person, identity, access, _place(given), max(1, parameters.count(given)), within
    )
    links = [{"relation": "self", "url": self_link}]
    if more is not None:
        rest = [pair for pair in given if pair[0] != "_cursor"]
        query = urlencode([*rest, ("_cursor", _cursor(more))])
        links.append({"relation": "next", "url": f"{base}/Patient/{identity}/$everything?{query}"})
    head = b'{"resourceType":"Bundle","type":"searchset","link":' + orjson.dumps(links)
    entries = b",".join(_entry(base, one) for one in found)
    return fhir_answer(head + (b',"entry":[' + entries + b"]" if entries else b"") + b"}")


def _stream(base: str, self_link: str, pages: Iterator[list[One]]) -> Iterator[bytes]:
    links = [{"relation": "self", "url": self_link}]
    yield b'{"resourceType":"Bundle","type":"searchset","link":' + orjson.dumps(links)
    began = False
    for page in pages:
        for one in page:
            yield (b"," if began else b',"entry":[') + _entry(base, one)
            began = True
    yield b"]}" if began else b"}"


def _entry(base: str, one: One) -> bytes:
    address = f'{{"fullUrl":"{base}/{one.kind}/{one.id}","resource":'.encode()
    mode = b"match" if one.kind == "Patient" else b"include"
    return address + one.body + b',"search":{"mode":"' + mode + b'"}}'


def _within(given: parameters.Pairs, who: Caller, zone: ZoneInfo) -> Within:
    """What of the record is asked for and within the scopes of the token: a type that they do not hold is left out."""

    def last(name: str) -> str | None:
        found = [value for one, value in given if one == name]
        return found[-1] if found else None

    def admitted(kind: str, body: bytes) -> bool:
        return admits(who, kind, "r", parse(body))

    since, until, changed = (
        None if value is None else moment_range(value, name, zone)
        for name in ("start", "end", "_since")
        for value in (last(name),)
    )
    named = [kind for name, value in given if name == "_type" for kind in value.split(",")]
    if any(kind not in TYPES for kind in named):
        raise Invalid("is no type of this record", field="_type")
    kinds = [kind for kind in TYPES if (not named or kind in named) and _may(who, kind)]
    return Within(
        kinds,
        None if since is None else since[0],
        None if until is None else until[1],
        None if changed is None else changed[0],
        admitted if "?" in who.scope else None,
    )


def _may(who: Caller, kind: str) -> bool:
    try:
        require(who, kind, "r")
    except NotAllowed:
        return False
    return True


def _cursor(place: Place) -> str:
    text = orjson.dumps([place.kind, place.after, place.start_us])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _place(given: parameters.Pairs) -> Place:
    found = [value for name, value in given if name == "_cursor"]
    if not found:
        return Place()
    try:
        kind, after, start = orjson.loads(base64.urlsafe_b64decode(found[-1].encode("ascii") + b"=="))
        place = Place(str(kind), str(after), int(start))
    except (binascii.Error, UnicodeError, ValueError, TypeError) as error:
        raise Invalid("not a page of this record", field="_cursor") from error
    if place.kind not in TYPES or not -(2**62) <= place.start_us < 2**62 or "\x00" in place.after:
        raise Invalid("not a page of this record", field="_cursor")
    return place
