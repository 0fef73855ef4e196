"""Entries of a batch about types that are kept apart from the documents: consents, cohorts, subscriptions, the trail."""

from __future__ import annotations

from typing import Any, Final

from starlette.exceptions import HTTPException

from phr.api import audit_events, bulk_groups, consenting, subscriptions
from phr.api.interactions import Answer, Call, refuse_collecting
from phr.domain.fhir.bundling import Entry, operations_of
from phr.domain.fhir.texts import dump
from phr.domain.fhir.types import kinds
from phr.errors import Invalid

_APART: Final[dict[str, Any]] = {
    "consents": consenting,
    "groups": bulk_groups,
    "subscriptions": subscriptions,
    "trail": audit_events,
}
"""By how types.toml says that a type is served: the module with its interactions."""


def is_apart(one: Entry) -> bool:
    """Whether an entry is about such a type."""
    return one.kind in kinds() and kinds()[one.kind].served in _APART


def perform(call: Call, one: Entry) -> Answer:
    """What an entry asks for. Raises as its own route does."""
    of = _APART[kinds()[one.kind].served]
    if of is not consenting and of is not bulk_groups:
        refuse_collecting(call.who)
    name, given = _asked(one)
    if not hasattr(of, name):
        raise HTTPException(405, f"{one.kind}: {name} is not served")
    answer: Answer = getattr(of, name)(call, *given)
    return Answer(answer.status, b"", answer.headers) if one.method == "HEAD" else answer


def _asked(one: Entry) -> tuple[str, list[Any]]:
    """The interaction of an entry, and what it is given."""
    method = "GET" if one.method == "HEAD" else one.method
    match method, one.rest:
        case ("GET", ()) | ("POST", ("_search",)):
            return "search", [one.query]
        case "GET", (identity,):
            return "read", [identity, one.query]
        case "GET", (identity, "_history"):
            return "history", [identity, one.query]
        case "GET", (identity, "_history", version):
            return "vread", [identity, version, one.query]
    return _written(one)


def _written(one: Entry) -> tuple[str, list[Any]]:
    """The same of an entry that changes something."""
    body = dump(one.resource or {}).encode()
    match one.method, one.rest:
        case "POST", ():
            return "create", [body]
        case "PUT", ((_,) | ()):
            return "update", [one.identity, body, one.query]
        case "PATCH", ((_,) | ()):
            return "patch", [one.identity, operations_of(one.resource or {}, one.place), one.query]
        case "DELETE", ((_,) | ()):
            return "delete", [one.identity, one.query]
    raise Invalid("is no interaction of a bundle", field=f"Bundle.entry[{one.place}].request.url")
