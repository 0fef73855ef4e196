"""FHIR Subscription (R5 backport on R4): create, read, search, update, delete, $status and $events of one's own."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from phr.api import held, negotiation, parameters
from phr.api.callers import Reading
from phr.api.fhir import Identity, Raw
from phr.api.interactions import Answer, Call, call_of, respond
from phr.api.scoped import require
from phr.domain.documents import dump, parse
from phr.domain.fhir.patching import patched
from phr.domain.fhir.texts import parse_any
from phr.domain.subscriptions.notices import notice, status
from phr.domain.subscriptions.topics import TOPICS
from phr.errors import Invalid
from phr.services.subscriptions import Held, Owner

router = APIRouter(prefix="/fhir")
_KIND: Final = "Subscription"
_MOST: Final = 2**53
_ASKING: Final = "requested"
_ENDED: Final = "off"


def owner_of(call: Call) -> Owner:
    """Who asks, with the reason to read: an app of a resident sees the subscriptions that it made itself."""
    who = call.who
    return Owner(call.access(None), who.account, who.agent, who.scope)


def create(call: Call, body: bytes) -> Answer:
    """A new Subscription; the scopes must let its topic's types be read."""
    require(call.who, _KIND, "c")
    if "if-none-exist" in call.headers:
        raise Invalid("is not served for Subscription", field="If-None-Exist")
    resource = parse(body)
    _readable(call, resource)
    held = call.system.subscriptions.create(owner_of(call), resource)
    place = f"{call.base}/{_KIND}/{held.id}/_history/{held.version}"
    return _answer(held, 201, {"Location": place})


def read(call: Call, identity: str, _query: str = "") -> Answer:
    """One of the caller's own."""
    require(call.who, _KIND, "r")
    return _answer(call.system.subscriptions.read(owner_of(call), identity))


def update(call: Call, identity: str, body: bytes, _query: str = "") -> Answer:
    """Asks anew or ends it."""
    require(call.who, _KIND, "u")
    _refuse_conditional(identity)
    resource = parse(body)
    _readable(call, resource)
    expected = negotiation.expected_version(call.headers)
    return _answer(call.system.subscriptions.update(owner_of(call), identity, resource, expected))


def patch(call: Call, identity: str, operations: Any, _query: str = "") -> Answer:
    """Changes parts of one by JSON Patch, as if it had been sent whole: it asks anew, unless the patch ends it."""
    require(call.who, _KIND, "u")
    _refuse_conditional(identity)
    present = call.system.subscriptions.read(owner_of(call), identity)
    resource = patched(present.resource, operations)
    if resource.get("status") == present.state != _ENDED:
        resource["status"] = _ASKING
    resource = {name: value for name, value in resource.items() if name not in ("error", "meta")}
    _readable(call, resource)
    expected = negotiation.expected_version(call.headers)
    version = present.version if expected is None else expected
    return _answer(call.system.subscriptions.update(owner_of(call), identity, resource, version))


def delete(call: Call, identity: str, _query: str = "") -> Answer:
    """Takes it away; one that is not there is no error, and no word about anybody else's."""
    require(call.who, _KIND, "d")
    _refuse_conditional(identity)
    call.system.subscriptions.delete(owner_of(call), identity)
    return Answer(204)


def search(call: Call, query: str) -> Answer:
    """The caller's own."""
    require(call.who, _KIND, "s")

    def own(_given: parameters.Pairs) -> list[dict[str, Any]]:
        return [one.resource for one in call.system.subscriptions.all(owner_of(call))]

    return held.searchset(call, _KIND, query, own)


def statuses(call: Call, wanted: list[str], states: list[str]) -> Answer:
    """The status of several of the caller's own."""
    require(call.who, _KIND, "r")
    abouts = call.system.subscriptions.about(owner_of(call))
    entries = []
    for one in abouts:
        if (not wanted or str(one.identity) in wanted) and (not states or one.state in states):
            resource = status(one, "query-status")
            entries.append(
                {
                    "fullUrl": f"urn:uuid:{resource['id']}",
                    "resource": resource,
                    "search": {"mode": "match"},
                }
            )
    return Answer(200, _bundle("searchset", entries, total=len(entries)))


def events(call: Call, identity: str, given: list[tuple[str, str]]) -> Answer:
    """What was told, by number: how a subscriber fetches what it missed."""
    require(call.who, _KIND, "r")
    asked = dict(given)
    if not set(asked) <= {"eventsSinceNumber", "eventsUntilNumber", "content", "_format"}:
        raise Invalid("takes eventsSinceNumber, eventsUntilNumber and content", field="$events")
    since = _number(asked.get("eventsSinceNumber"), 1)
    until = _number(asked.get("eventsUntilNumber"), _MOST)
    content = asked.get("content", "")
    if content not in ("", "empty", "id-only"):
        raise Invalid("the content is empty or id-only", field="content")
    about, told, more, focused = call.system.subscriptions.events(owner_of(call), identity, since, until)
    bundle = notice(
        about, "query-event", call.system.clock.now(), told, focused=focused and content != "empty"
    )
    if more:
        following = urlencode({"eventsSinceNumber": told[-1].number + 1, "eventsUntilNumber": until})
        bundle["link"] = [{"relation": "next", "url": f"{about.address}/$events?{following}"}]
    return Answer(200, orjson.dumps(bundle))


def _refuse_conditional(identity: str) -> None:
    if not identity:
        raise HTTPException(405, "Subscription: is named by its id")


def _readable(call: Call, resource: dict[str, Any]) -> None:
    topic = TOPICS.get(str(resource.get("criteria", "")))
    for kind in topic.types if topic else ():
        require(call.who, kind, "r")


def _number(text: str | None, without: int) -> int:
    if text is None:
        return without
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Invalid("is no number", field="$events")
    return int(text)


def _answer(held: Held, code: int = 200, headers: dict[str, str] | None = None) -> Answer:
    marks = {"ETag": f'W/"{held.version}"', **(headers or {})}
    return Answer(code, dump(held.resource).encode(), marks)


def _bundle(kind: str, entries: list[dict[str, Any]], **more: Any) -> bytes:
    bundle = {"resourceType": "Bundle", "type": kind, **more, **({"entry": entries} if entries else {})}
    return dump(bundle).encode()


@router.get("/Subscription")
def search_subscriptions(request: Request, who: Reading) -> Response:
    """Search of one's own."""
    return respond(request, search(call_of(request, who), request.url.query))


@router.post("/Subscription/_search")
def search_subscriptions_by_form(request: Request, who: Reading, body: Raw) -> Response:
    """The same search with its parameters in the body."""
    query = held.form_query(request.url.query, request.headers.get("content-type", ""), body)
    return respond(request, search(call_of(request, who), query))


@router.post("/Subscription")
def create_subscription(request: Request, who: Reading, body: Raw) -> Response:
    """Asks to be told of a topic; a handshake follows."""
    return respond(request, create(call_of(request, who), body))


@router.get("/Subscription/$status")
def status_of_several(request: Request, who: Reading) -> Response:
    """The status of several of one's own, by id and status."""
    given = parameters.pairs(request.url.query)
    parameters.check(given, frozenset({"id", "status", "_format"}))
    named = {name: value.split(",") for name, value in given}
    return respond(request, statuses(call_of(request, who), named.get("id", []), named.get("status", [])))


@router.get("/Subscription/{identity}")
def read_subscription(request: Request, identity: Identity, who: Reading) -> Response:
    """One of one's own."""
    return respond(request, read(call_of(request, who), identity))


@router.put("/Subscription/{identity}")
def update_subscription(request: Request, identity: Identity, who: Reading, body: Raw) -> Response:
    """Asks anew (requested) or ends it (off)."""
    return respond(request, update(call_of(request, who), identity, body))


@router.patch("/Subscription/{identity}")
def patch_subscription(request: Request, identity: Identity, who: Reading, body: Raw) -> Response:
    """Changes parts of one of one's own."""
    negotiation.check_sent(request.headers, patch=True)
    return respond(request, patch(call_of(request, who), identity, parse_any(body)))


@router.delete("/Subscription/{identity}")
def delete_subscription(request: Request, identity: Identity, who: Reading) -> Response:
    """Takes it away."""
    return respond(request, delete(call_of(request, who), identity))


@router.get("/Subscription/{identity}/$status")
def status_of_one(request: Request, identity: Identity, who: Reading) -> Response:
    """The status of one."""
    call = call_of(request, who)
    read(call, identity)
    return respond(request, statuses(call, [identity], []))


@router.get("/Subscription/{identity}/$events")
def events_of_one(request: Request, identity: Identity, who: Reading) -> Response:
    """What was told, by number."""
    return respond(request, events(call_of(request, who), identity, parameters.pairs(request.url.query)))
