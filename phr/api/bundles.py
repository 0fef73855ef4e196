"""FHIR bundles: many Observations in one request, as gateways and syncing apps send, by the fast path; all else by entry."""

from __future__ import annotations

from typing import Final

import msgspec
from fastapi import APIRouter, Request, Response

from phr.api import negotiation, observation_batch
from phr.api.callers import Calling
from phr.api.fhir import Raw
from phr.api.interactions import call_of, respond
from phr.api.problems import outcome
from phr.api.transactions import process, responses
from phr.domain.fhir.texts import parse
from phr.errors import Invalid

router = APIRouter(prefix="/fhir")
_MOST: Final = 5000
_REFUSED: Final = (
    b'{"response":{"status":"400","outcome":'
    + outcome("invalid", "only POST Observation is taken from a gateway")
    + b"}}"
)


class _Sent(msgspec.Struct):
    method: str
    url: str
    ifNoneExist: str = ""  # noqa: N815 - the FHIR name


class _Entry(msgspec.Struct):
    request: _Sent
    resource: msgspec.Raw = msgspec.Raw()


class _Bundle(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name
    type: str
    entry: list[_Entry] = []


_BUNDLE: Final = msgspec.json.Decoder(_Bundle)


@router.post("")
@router.post("/")
def batch(request: Request, who: Calling, body: Raw) -> Response:
    """Takes a Bundle. In a batch each entry has its own answer, and none costs another; a transaction is all or nothing."""
    try:
        bundle = _BUNDLE.decode(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("not a Bundle of entries with requests", field="Bundle") from error
    if who.role != "gateway" and not _plain(bundle):
        negotiation.check_sent(request.headers)
        return respond(request, process(call_of(request, who), parse(body)))
    if bundle.resourceType != "Bundle" or bundle.type != "batch":
        raise Invalid("only a Bundle of type batch is taken", field="Bundle.type")
    if len(bundle.entry) > _MOST:
        raise Invalid(f"more than {_MOST} entries", field="Bundle.entry")
    call = call_of(request, who)
    refused = {place: _REFUSED for place, entry in enumerate(bundle.entry) if not _creates(entry)}
    bodies = [bytes(entry.resource) for place, entry in enumerate(bundle.entry) if place not in refused]
    taken = iter(observation_batch.take(call, bodies))
    done = [refused.get(place) or next(taken) for place in range(len(bundle.entry))]
    return respond(request, responses("batch", done))


def _plain(bundle: _Bundle) -> bool:
    """Whether a batch creates Observations and does nothing else: what the fast path takes."""
    return bundle.type == "batch" and all(
        _creates(entry) and not entry.request.ifNoneExist for entry in bundle.entry
    )


def _creates(entry: _Entry) -> bool:
    return entry.request.method == "POST" and entry.request.url.strip("/") == "Observation"
