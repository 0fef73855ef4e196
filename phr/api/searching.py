"""FHIR search as an interaction: GET /fhir/{Type} and POST /fhir/{Type}/_search, pages that hold nothing in the clear."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import orjson

from phr.api import parameters
from phr.api.interactions import Answer, Call, refuse_collecting
from phr.api.scoped import admits, require
from phr.domain.fhir.texts import dump, parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch.criteria import Criterion, Place
from phr.domain.fhirsearch.request import Request
from phr.domain.fhirsearch.request import request as asked_for
from phr.domain.fhirsearch.shaping import Shape, shape
from phr.domain.sealing import Unopenable
from phr.errors import Invalid, NotFound
from phr.services.fhirsearch import Asker, Hit, Position, Result

_LENIENT: Final = re.compile(r"(?:^|[;,\s])handling\s*=\s*\"?lenient\b")
_SHORT: Final = 1024  # characters of a search that is remembered as it was parsed, so that memory has a limit
_ABOUT: Final = "page of a search"
_CUT: Final = {
    "severity": "warning",
    "code": "incomplete",
    "diagnostics": "more resources go with these matches than one answer holds",
}


def search(call: Call, kind: str, query: str) -> Answer:
    """One page of a search; query: the parameters, of the address and of a form together."""
    if kind not in kinds():
        raise NotFound("no such type")
    refuse_collecting(call.who)
    lenient = _LENIENT.search(call.headers.get("prefer", "")) is not None
    place = Place(call.system.settings.tz, call.base)
    if len(query) <= _SHORT and "_cursor" not in query:
        asked, at = _parsed(kind, query, place, lenient=lenient), None
    else:
        given, at = _opened(call, kind, parameters.pairs(query))
        asked = asked_for(kind, given, place, lenient=lenient)
    result = call.system.fhir_search.search(asked, asker(call), at)
    return Answer(200, _bundle(call, asked, result))


@lru_cache(maxsize=256)
def _parsed(kind: str, query: str, place: Place, *, lenient: bool) -> Request:
    """What a query string asks for: the same for the same text, whoever asks. What is refused is not remembered."""
    return asked_for(kind, parameters.pairs(query), place, lenient=lenient)


def conditions(system: Any, kind: str, given: parameters.Pairs) -> tuple[Criterion, ...]:
    """The conditions of a search of resources that are kept elsewhere and given whole. Refuses what goes beyond."""
    place = Place(system.settings.tz, f"{system.settings.base_url}/fhir")
    asked = asked_for(kind, given, place)
    if (
        asked.chains
        or asked.has
        or asked.includes
        or asked.revincludes
        or asked.sort
        or asked.elements
        or asked.lists
    ):
        raise Invalid("not with this type", field="query")
    if asked.summary or asked.total:
        raise Invalid("not with this type", field="_summary" if asked.summary else "_total")
    return asked.criteria


def asker(call: Call) -> Asker:
    """What the caller reaches: their access, their scopes, and for a resident their own record alone."""
    who = call.who
    own = (who.person, who.subject) if who.role == "resident" and who.person is not None else None

    def admitted(kind: str, resource: Mapping[str, Any]) -> bool:
        return admits(who, kind, "s", dict(resource))

    return Asker(
        access=call.access,
        require=lambda kind: require(who, kind, "s"),
        admits=admitted if "?" in who.scope else None,
        own=own,
    )


def _opened(call: Call, kind: str, given: parameters.Pairs) -> tuple[parameters.Pairs, Position | None]:
    """What is searched and from where on: a later page says both in one sealed parameter. Raises Invalid."""
    found = [value for name, value in given if name == "_cursor"]
    if not found:
        return given, None
    try:
        sealed = base64.urlsafe_b64decode(found[-1].encode("ascii") + b"==")
        of, pairs, at = orjson.loads(call.system.search_pages.open(sealed, _ABOUT))
    except (binascii.Error, UnicodeError, ValueError, Unopenable) as error:
        raise Invalid("not a page of this search", field="_cursor") from error
    if of != kind:
        raise Invalid("not a page of this search", field="_cursor")
    return [(str(name), str(value)) for name, value in pairs], Position(str(at[0]), int(at[1]), int(at[2]))


def _following(call: Call, asked: Request, at: Position) -> str:
    text = orjson.dumps([asked.kind, asked.used, [at.id, at.start_us, at.place]])
    sealed = base64.urlsafe_b64encode(call.system.search_pages.seal(text, _ABOUT)).decode().rstrip("=")
    return f"{call.base}/{asked.kind}?_cursor={sealed}"


def _bundle(call: Call, asked: Request, result: Result) -> bytes:
    """A searchset put together from resources as they are; FHIR knows no empty array."""
    return searchset(call, asked, result, asked.address)


def searchset(call: Call, asked: Request, result: Result, address: str) -> bytes:
    """The same for whatever address it was asked at."""
    links = [{"relation": "self", "url": f"{call.base}/{address}"}]
    if result.more is not None:
        links.append({"relation": "next", "url": _following(call, asked, result.more)})
    shown = shape(asked.summary, asked.elements)
    total = b"" if result.total is None else b',"total":%d' % result.total
    parts = [b'{"resourceType":"Bundle","type":"searchset"' + total + b',"link":' + orjson.dumps(links)]
    before = len(parts)
    parts += _entries(call.base, result.found, b"match", shown)
    parts += _entries(call.base, result.included, b"include", shown)
    if result.cut:
        outcome = orjson.dumps({"resourceType": "OperationOutcome", "issue": [_CUT]})
        parts.append(b',{"resource":' + outcome + b',"search":{"mode":"outcome"}}')
    if len(parts) > before:
        parts[before] = b',"entry":[' + parts[before][1:]  # where a comma would stand before the first
        parts.append(b"]")
    return b"".join((*parts, b"}"))


def _entries(base: str, hits: Sequence[Hit], mode: bytes, shown: Shape | None) -> Iterator[bytes]:
    """The pieces of the entries of a bundle, a comma before each: a page is a hundred thousand bytes, joined once."""
    tail = b',"search":{"mode":"' + mode + b'"}}'
    for kind, group in groupby(hits, attrgetter("kind")):
        head = f',{{"fullUrl":"{base}/{kind}/'.encode()
        for one in group:
            yield head
            yield one.id.encode()
            yield b'","resource":'
            yield one.body if shown is None else dump(shown(parse(one.body))).encode()
            yield tail
