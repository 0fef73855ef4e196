"""FHIR Group: cohorts of one recipient, kept for exports. A Group of another recipient does not exist."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response

from phr.api import conditions, held, histories, negotiation, parameters
from phr.api.callers import Calling
from phr.api.fhir import Identity, Raw
from phr.api.interactions import Answer, Call, call_of, respond
from phr.api.scoped import admits, require
from phr.domain.bulk.limits import limits, may
from phr.domain.fhir.condition import only
from phr.domain.fhir.patching import patched
from phr.domain.fhir.texts import dump, parse, parse_any
from phr.domain.fhir.types import NOBODY
from phr.errors import Gone, Invalid, NotAllowed, NotFound, Unmet
from phr.ids import new_id

router = APIRouter(prefix="/fhir")
_Kept = tuple[dict[str, Any], bool]
"""A Group, and whether it is new."""
_DIGITS: Final = 9  # of a version, which is an integer in the database


def _allowed(call: Call, action: str) -> None:
    if not may(limits().grouping, call.who.role, call.who.purpose):
        raise NotAllowed("this role keeps no Groups for this purpose")
    require(call.who, "Group", action)


def _answered(resource: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    meta = resource["meta"]
    tag = {"ETag": f'W/"{meta["versionId"]}"'}
    return Answer(status, dump(resource).encode(), {**tag, **(headers or {})})


def _admitted(call: Call, action: str, resource: dict[str, Any]) -> dict[str, Any]:
    if not admits(call.who, "Group", action, resource):
        raise NotFound("no such Group")
    return resource


def create(call: Call, body: bytes) -> Answer:
    """Keeps a new Group."""
    _allowed(call, "c")
    condition = conditions.of_header(call)
    return _created(call, _kept(call, parse(body), _fitting(call, condition) if condition else None))


def _kept(call: Call, resource: dict[str, Any], unless: conditions.Fitting | None) -> _Kept:
    """Keeps a new Group, unless one fits by now."""
    if not admits(call.who, "Group", "c", {**resource, "id": str(new_id())}):
        raise NotAllowed("the token's scopes do not hold this Group")
    found: _Kept = call.system.cohorts.create(resource, call.access(None), unless)
    return found


def _created(call: Call, kept: _Kept) -> Answer:
    made, new = kept
    place = f"{call.base}/Group/{made['id']}/_history/{made['meta']['versionId']}"
    return _answered(made, 201 if new else 200, {"Location": place})


def _fitting(call: Call, condition: str) -> conditions.Fitting:
    """Whether a Group fits, among those that the caller may find."""
    require(call.who, "Group", "s")
    fits = conditions.fitting(call, "Group", condition)
    return lambda one: fits(one) and admits(call.who, "Group", "s", one)


def _meant(call: Call, query: str) -> dict[str, Any] | None:
    """The one Group that fits a query."""
    fits = _fitting(call, conditions.of_query(query))
    return only(one for one in call.system.cohorts.listed(call.access(None)) if fits(one))


def read(call: Call, identity: str, _query: str = "") -> Answer:
    """A Group of the caller's recipient."""
    _allowed(call, "r")
    return _answered(_admitted(call, "r", call.system.cohorts.read(identity, call.access(None))))


def update(call: Call, identity: str, body: bytes, query: str = "") -> Answer:
    """Puts another Group in the place of one that is there. The server gives the ids: one is made only where none fits a query."""
    _allowed(call, "u")
    resource, expected = parse(body), negotiation.expected_version(call.headers)
    if not identity:
        return _updated_where(call, resource, expected, query)
    if resource.get("id") != identity:
        raise Invalid("must be the id in the address", field="Group.id")
    _admitted(call, "u", call.system.cohorts.read(identity, call.access(None)))
    return _answered(call.system.cohorts.update(identity, resource, expected, call.access(None)))


def _updated_where(call: Call, resource: dict[str, Any], expected: int | None, query: str) -> Answer:
    present = _meant(call, query)
    if present is None:
        if expected is not None:
            raise Unmet("another version is the present one")
        if "id" in resource:
            raise Invalid("the service gives the id", field="Group.id")
        _allowed(call, "c")
        kept = _kept(call, resource, _fitting(call, conditions.of_query(query)))
        present, new = kept
        if new:
            return _created(call, kept)
    if resource.get("id") not in (None, present["id"]):
        raise Invalid("must be the id of the resource that fits", field="Group.id")
    return _replaced(call, present, {**resource, "id": present["id"]}, expected)


def _replaced(call: Call, present: dict[str, Any], resource: dict[str, Any], expected: int | None) -> Answer:
    """The next version of a Group that was read, unless it has another one by now."""
    _admitted(call, "u", present)
    version = int(present["meta"]["versionId"]) if expected is None else expected
    return _answered(call.system.cohorts.update(present["id"], resource, version, call.access(None)))


def patch(call: Call, identity: str, operations: Any, query: str = "") -> Answer:
    """Changes parts of a Group by JSON Patch, such as its members; what comes out is checked as if it came whole."""
    _allowed(call, "u")
    present = call.system.cohorts.read(identity, call.access(None)) if identity else _meant(call, query)
    if present is None:
        raise NotFound("no such Group")
    expected = negotiation.expected_version(call.headers)
    return _replaced(call, present, patched(_admitted(call, "u", present), operations), expected)


def delete(call: Call, identity: str, query: str = "") -> Answer:
    """Removes a Group, whose versions stay. What was exported with it stays as it is."""
    _allowed(call, "d")
    expected = negotiation.expected_version(call.headers)
    try:
        present = call.system.cohorts.read(identity, call.access(None)) if identity else _meant(call, query)
        if present is None:
            return Answer(204)
        _admitted(call, "d", present)
    except (Gone, NotFound):
        return Answer(204)
    if expected is None and not identity:
        expected = int(present["meta"]["versionId"])  # what was changed since may no longer fit
    gone = call.system.cohorts.remove(present["id"], expected, call.access(None))
    return Answer(204, b"", {"ETag": f'W/"{gone}"'} if gone else {})


def vread(call: Call, identity: str, version: str, _query: str = "") -> Answer:
    """One version of a Group."""
    _allowed(call, "r")
    if not version.isascii() or not version.isdigit() or len(version) > _DIGITS:
        raise NotFound("no such version")
    return _answered(
        _admitted(call, "r", call.system.cohorts.version(identity, int(version), call.access(None)))
    )


def history(call: Call, identity: str, query: str) -> Answer:
    """The versions of one Group, or of all of the caller's recipient; newest first."""
    action = "r" if identity else "s"
    _allowed(call, action)
    given = parameters.pairs(query)
    asked = histories.asked(given, NOBODY, "Group", identity, call.system.settings.tz)
    found, more = call.system.cohorts.history(asked, call.access(None))
    shown = [one for one in found if admits(call.who, "Group", action, parse(one.body.encode()))]
    place = "/".join(part for part in ("Group", identity, "_history") if part)
    return Answer(200, histories.bundle(call.base, place, given, shown, found[-1] if more else None))


def search(call: Call, query: str) -> Answer:
    """The Groups of the caller's recipient, all or those that fit."""
    _allowed(call, "s")
    return held.searchset(call, "Group", query, lambda _given: call.system.cohorts.listed(call.access(None)))


@router.post("/Group")
def create_group(request: Request, who: Calling, body: Raw) -> Response:
    """Keeps a new Group."""
    negotiation.check_sent(request.headers)
    return respond(request, create(call_of(request, who), body))


@router.head("/Group", include_in_schema=False)
@router.get("/Group")
def search_groups(request: Request, who: Calling) -> Response:
    """The Groups of the caller's recipient."""
    return respond(request, search(call_of(request, who), request.url.query))


@router.post("/Group/_search")
def search_groups_by_form(request: Request, who: Calling, body: Raw) -> Response:
    """The same search with its parameters in the body."""
    query = held.form_query(request.url.query, request.headers.get("content-type", ""), body)
    return respond(request, search(call_of(request, who), query))


@router.get("/Group/_history")
@router.head("/Group/_history", include_in_schema=False)
def history_of_groups(request: Request, who: Calling) -> Response:
    """Every version of the Groups of the caller's recipient, newest first."""
    return respond(request, history(call_of(request, who), "", request.url.query))


@router.head("/Group/{identity}", include_in_schema=False)
@router.get("/Group/{identity}")
def read_group(request: Request, identity: Identity, who: Calling) -> Response:
    """One Group."""
    return respond(request, read(call_of(request, who), identity))


@router.get("/Group/{identity}/_history")
@router.head("/Group/{identity}/_history", include_in_schema=False)
def group_history(request: Request, identity: Identity, who: Calling) -> Response:
    """Every version of one Group, newest first."""
    return respond(request, history(call_of(request, who), identity, request.url.query))


@router.get("/Group/{identity}/_history/{version}")
@router.head("/Group/{identity}/_history/{version}", include_in_schema=False)
def read_group_version(request: Request, identity: Identity, version: str, who: Calling) -> Response:
    """One version of a Group."""
    return respond(request, vread(call_of(request, who), identity, version))


@router.put("/Group/{identity}")
def update_group(request: Request, identity: Identity, who: Calling, body: Raw) -> Response:
    """The next version of a Group."""
    negotiation.check_sent(request.headers)
    return respond(request, update(call_of(request, who), identity, body))


@router.put("/Group")
def update_group_where(request: Request, who: Calling, body: Raw) -> Response:
    """The next version of the Group that fits a query, or a new one."""
    negotiation.check_sent(request.headers)
    return respond(request, update(call_of(request, who), "", body, request.url.query))


@router.patch("/Group")
def patch_group_where(request: Request, who: Calling, body: Raw) -> Response:
    """Changes parts of the Group that fits a query."""
    negotiation.check_sent(request.headers, patch=True)
    return respond(request, patch(call_of(request, who), "", parse_any(body), request.url.query))


@router.delete("/Group")
def delete_group_where(request: Request, who: Calling) -> Response:
    """Removes the Group that fits a query."""
    return respond(request, delete(call_of(request, who), "", request.url.query))


@router.patch("/Group/{identity}")
def patch_group(request: Request, identity: Identity, who: Calling, body: Raw) -> Response:
    """Changes parts of a Group."""
    negotiation.check_sent(request.headers, patch=True)
    return respond(request, patch(call_of(request, who), identity, parse_any(body)))


@router.delete("/Group/{identity}")
def delete_group(request: Request, identity: Identity, who: Calling) -> Response:
    """Removes a Group."""
    return respond(request, delete(call_of(request, who), identity))
