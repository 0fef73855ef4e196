"""Search of resources that are kept apart from the documents and given whole: the same rules, over those that are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from phr.api import parameters
from phr.api.interactions import Answer, Call
from phr.api.scoped import admits
from phr.domain.fhir.texts import dump
from phr.domain.fhirsearch import fits
from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.request import request as asked_for
from phr.domain.fhirsearch.shaping import ordered, shape
from phr.errors import Invalid

Resource = dict[str, Any]
FORM: Final = "application/x-www-form-urlencoded"
_AFTER: Final = "_cursor"


def searchset(
    call: Call, kind: str, query: str, of: Callable[[parameters.Pairs], Iterable[Resource]]
) -> Answer:
    """One page. of: all that the caller may see, for the parameters; chains and includes lead nowhere from here."""
    pairs = parameters.pairs(query)
    given = [pair for pair in pairs if pair[0] != _AFTER]
    asked = asked_for(kind, given, Place(call.system.settings.tz, call.base))
    if asked.chains or asked.has or asked.includes or asked.revincludes or asked.lists:
        raise Invalid("not with this type", field="query")
    found = [one for one in of(given) if fits(asked.criteria, one) and admits(call.who, kind, "s", one)]
    found = ordered(found, asked.sort, lambda one: one, asked.place)
    start = _start(pairs)
    page = [] if asked.summary == "count" else found[start : start + asked.count]
    links = [{"relation": "self", "url": _address(call, kind, given)}]
    if page and start + len(page) < len(found):
        following = [*given, (_AFTER, str(start + len(page)))]
        links.append({"relation": "next", "url": _address(call, kind, following)})
    shown = shape(asked.summary, asked.elements) or dict
    entries = [
        {"fullUrl": f"{call.base}/{kind}/{one['id']}", "resource": shown(one), "search": {"mode": "match"}}
        for one in page
    ]
    total = {} if asked.total == "none" else {"total": len(found)}
    bundle = {"resourceType": "Bundle", "type": "searchset", **total, "link": links}
    return Answer(200, dump({**bundle, "entry": entries} if entries else bundle).encode())


def history(kind: str, versions: Iterable[tuple[Resource, str, str]]) -> Answer:
    """The history of one resource, newest first: each version with its method and instant."""
    entries = []
    for resource, method, at in versions:
        version = resource["meta"]["versionId"]
        place = kind if method == "POST" else f"{kind}/{resource['id']}"
        status = {"POST": "201", "DELETE": "204"}.get(method, "200")
        response = {"status": status, "etag": f'W/"{version}"', "lastModified": at}
        request = {"method": method, "url": place}
        entries.append({"resource": resource, "request": request, "response": response})
    bundle = {"resourceType": "Bundle", "type": "history", "entry": entries}
    return Answer(200, dump(bundle).encode())


def form_query(query: str, content_type: str, body: bytes) -> str:
    """The parameters of POST _search: those of the address and those of the form."""
    if content_type.partition(";")[0].strip() != FORM:
        raise HTTPException(415, f"a search body is {FORM}")
    return "&".join(part for part in (query, body.decode("utf-8", "replace")) if part)


def _start(pairs: parameters.Pairs) -> int:
    found = [value for name, value in pairs if name == _AFTER]
    if not found:
        return 0
    if not found[-1].isascii() or not found[-1].isdigit() or len(found[-1]) > 9:
        raise Invalid("not a page of this search", field=_AFTER)
    return int(found[-1])


def _address(call: Call, kind: str, given: parameters.Pairs) -> str:
    return f"{call.base}/{kind}?{urlencode(given)}" if given else f"{call.base}/{kind}"
