"""FHIR batch and transaction: entries as interactions; a batch answers each by itself, a transaction does all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException

from phr import logs
from phr.api import apart, negotiation, observation_batch, reading, writing
from phr.api.interactions import Answer, Call
from phr.api.problems import explained, outcome
from phr.api.searching import search
from phr.domain.fhir.bundling import Entry, check_full_urls, entries, in_order, links, operations_of
from phr.domain.fhir.texts import dump
from phr.errors import Invalid, PhrError
from phr.services.fhir import FailedError, Step

_MOST: Final = 1000
_FULL: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def process(call: Call, bundle: dict[str, Any]) -> Answer:
    """The answer to a Bundle of type batch or transaction."""
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in {"batch", "transaction"}:
        raise Invalid("expected a Bundle of type batch or transaction", field="Bundle.type")
    given = entries(bundle, call.base, _MOST)
    done = _batch(call, given) if bundle["type"] == "batch" else _transaction(call, given)
    return responses(bundle["type"], done)


def responses(kind: str, done: Sequence[bytes]) -> Answer:
    """The Bundle of the answers to a batch or a transaction. FHIR knows no empty array."""
    head = f'{{"resourceType":"Bundle","type":"{kind}-response"'.encode()
    return Answer(200, head + (b',"entry":[' + b",".join(done) + b"]}" if done else b"}"))


def _batch(call: Call, given: Sequence[Entry]) -> list[bytes]:
    own = {one.full_url for one in given if one.full_url.startswith("urn:")}
    together = [one for one in given if _measures(call, one) and not own & set(links(one.resource))]
    bodies = [dump(one.resource or {}).encode() for one in together]
    taken: dict[int, bytes] = {}
    with suppress(PhrError):  # what goes wrong with all of them together is answered by each of them alone
        taken = dict(zip((one.place for one in together), observation_batch.take(call, bodies), strict=True))
    found = []
    for one in given:
        if one.place in taken:
            found.append(taken[one.place])
            continue
        try:
            _refuse_links(one, own)
            answer = _perform(_for(call, one), one)
        except (PhrError, HTTPException) as error:
            answer = Answer(*explained(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one entry costs the others nothing
            logs.get().error("request failed", route="/fhir", reason=type(error).__name__)
            answer = Answer(500, outcome("exception", "something went wrong here; your data are safe"))
        found.append(_rendered(answer))
    return found


def _measures(call: Call, one: Entry) -> bool:
    """Whether an entry only creates an Observation, so that it is stored with the others of its kind."""
    plain = one.method == "POST" and one.kind == "Observation" and not one.rest
    whole = negotiation.preferred(call.headers) == "representation"
    return plain and not whole and "if-none-exist" not in one.headers


def _refuse_links(one: Entry, own: set[str]) -> None:
    if own & set(links(one.resource)) - {one.full_url}:
        raise Invalid("entries of a batch do not refer to each other", field=f"Bundle.entry[{one.place}]")


def _for(call: Call, one: Entry) -> Call:
    """The call of one entry: its own conditions, and the wish of the whole for how much comes back."""
    kept = {name: call.headers[name] for name in ("prefer",) if name in call.headers}
    return Call(
        call.system, call.who, call.request, call.base, {"prefer": "return=minimal", **kept, **one.headers}
    )


def _perform(call: Call, one: Entry) -> Answer:
    if apart.is_apart(one):
        return apart.perform(call, one)
    match one.method, one.rest:
        case (("GET" | "HEAD"), _):
            answer = _read(call, one)
            return answer if one.method == "GET" else Answer(answer.status, b"", answer.headers)
        case "POST", ():
            return writing.create(call, one.kind, dump(one.resource or {}).encode())
        case "POST", ("_search",):
            return search(call, one.kind, one.query)
        case "PUT", ((_,) | ()):
            return writing.update(call, one.kind, one.identity, dump(one.resource or {}).encode(), one.query)
        case "PATCH", ((_,) | ()):
            operations = operations_of(one.resource or {}, one.place)
            return writing.patch(call, one.kind, one.identity, operations, one.query)
        case "DELETE", ((_,) | ()):
            return writing.delete(call, one.kind, one.identity, one.query)
    raise Invalid("is no interaction of a bundle", field=f"Bundle.entry[{one.place}].request.url")


def _read(call: Call, one: Entry) -> Answer:
    match one.kind, one.rest:
        case "_history", ():
            return reading.history(call, "", "", one.query)
        case kind, ():
            return search(call, kind, one.query)
        case kind, ("_history",):
            return reading.history(call, kind, "", one.query)
        case kind, (identity,):
            return reading.read(call, kind, identity)
        case kind, (identity, "_history"):
            return reading.history(call, kind, identity, one.query)
        case kind, (identity, "_history", version):
            return reading.vread(call, kind, identity, version)
    raise Invalid("is no interaction of a bundle", field=f"Bundle.entry[{one.place}].request.url")


def _transaction(call: Call, given: Sequence[Entry]) -> list[bytes]:
    """Writes in the order of FHIR, in one transaction; then reads, which see all of it."""
    check_full_urls(given)
    steps = []
    for one in in_order(given):
        if one.method in _FULL and one.rest != ("_search",):
            if len(one.rest) > 1:
                raise Invalid("is no interaction of a bundle", field=f"Bundle.entry[{one.place}].request.url")
            steps.append(_step(_for(call, one), one))
    done = {}
    if steps:
        try:
            written = call.system.fhir_transacting.run(steps)
        except FailedError as failed:
            raise _placed(failed) from failed
        for one in given:
            if one.place in written:
                done[one.place] = writing.answered(
                    _for(call, one), written[one.place], created=one.method == "POST"
                )
    for one in given:
        if one.place not in done:
            done[one.place] = _perform(_for(call, one), one)
    return [_rendered(done[one.place]) for one in given]


def _step(call: Call, one: Entry) -> Step:
    action = _FULL[one.method]
    more: dict[str, Any] = {"identity": one.identity, "condition": one.query}
    if action == "patch":
        more["operations"] = operations_of(one.resource or {}, one.place)
    elif one.resource is not None:
        more["resource"] = one.resource
    if action == "create":
        more = {"resource": one.resource, "condition": call.headers.get("if-none-exist", "").lstrip("?")}
    try:
        return Step(one.place, one.full_url, writing.change_of(call, action, one.kind, **more))
    except (PhrError, HTTPException) as error:
        raise _placed(FailedError(one.place, error)) from error


def _placed(failed: FailedError) -> Exception:
    """The error of one entry as that of the whole, with the place of the entry in its text."""
    place, error = f"Bundle.entry[{failed.place}]", failed.error
    if isinstance(error, HTTPException):
        return HTTPException(error.status_code, f"{place}: {error.detail}")
    if isinstance(error, Invalid):
        if error.field.startswith("Bundle.entry["):
            return error
        return Invalid(f"{error.field}: {error.problem}" if error.field else error.problem, field=place)
    kind: Any = type(error)
    return kind(f"{place}: {error}")  # type: ignore[no-any-return]


def _rendered(answer: Answer) -> bytes:
    """An entry of the response; bodies are put in as bytes, and an OperationOutcome where FHIR has it."""
    response: dict[str, Any] = {"status": str(answer.status)}
    for header, name in (("Location", "location"), ("ETag", "etag")):
        if header in answer.headers:
            response[name] = answer.headers[header]
    text = orjson.dumps(response)
    if not answer.body:
        return b'{"response":' + text + b"}"
    if answer.body.startswith(b'{"resourceType":"OperationOutcome"'):
        return b'{"response":' + text[:-1] + b',"outcome":' + answer.body + b"}}"
    return b'{"resource":' + answer.body + b',"response":' + text + b"}"
