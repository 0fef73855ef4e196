"""FHIR $import: NDJSON that a client sends is taken in as single resources are, later, with an outcome for each line."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from typing import IO, Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from phr.api.bulk import NDJSON, asynchronous, begun
from phr.api.callers import Calling
from phr.api.fhir import raw_body
from phr.api.interactions import Answer, Call, call_of, respond
from phr.domain.bulk.limits import limits, may
from phr.domain.fhir.texts import parse
from phr.errors import Invalid, NotAllowed
from phr.services.bulk.asking import Inputs

router = APIRouter(prefix="/fhir")
_LINES: Final = frozenset({NDJSON, "application/ndjson", "application/x-ndjson"})


@router.post("/$import")
async def import_lines(request: Request, who: Calling) -> Response:
    """Takes lines of NDJSON, or Parameters that hold some in their inputs. Nothing is ever fetched from an address."""
    call = call_of(request, who)
    if not may(limits().importing, who.role, who.purpose):
        raise NotAllowed("this role does not import in bulk for this purpose")
    asynchronous(call)
    given = Inputs()
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent in _LINES:
        await _received(call, given, request.stream())
    elif sent in {"application/fhir+json", "application/json"}:
        for one in contents(parse(await raw_body(request))):
            await _received(call, given, _once(one))
    else:
        raise HTTPException(415, f"the body is to be {NDJSON}, or Parameters")
    return respond(request, await run_in_threadpool(_begun, call, given))


def _begun(call: Call, given: Inputs) -> Answer:
    answer = begun(call, "import", {"level": "import", "url": f"{call.base}/$import"}, given)
    if answer.status != 202:
        call.system.bulk_asking.discard(given)
    return answer


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _received(call: Call, given: Inputs, stream: AsyncIterator[bytes]) -> None:
    """A file that is sent, sealed while it comes."""
    place = call.system.bulk_asking.receiving(given)
    sink = await run_in_threadpool(place.__enter__)
    try:
        await _copied(sink, stream)
    except BaseException as trouble:
        await run_in_threadpool(place.__exit__, type(trouble), trouble, trouble.__traceback__)
        raise
    await run_in_threadpool(place.__exit__, None, None, None)


async def _copied(sink: IO[bytes], stream: AsyncIterator[bytes]) -> None:
    size = 0
    async for piece in stream:
        size += len(piece)
        if size > limits().import_bytes:
            raise HTTPException(413, "the input is too large")
        await run_in_threadpool(sink.write, piece)


def contents(resource: Mapping[str, Any]) -> list[bytes]:
    """The inputs of Parameters: each a part ``content`` with an Attachment that holds its data. Raises Invalid."""
    if resource.get("resourceType") != "Parameters" or not isinstance(resource.get("parameter"), list):
        raise Invalid("must be Parameters", field="resourceType")
    found = []
    for one in resource["parameter"]:
        name = one.get("name") if isinstance(one, dict) else None
        if name == "input":
            found.append(_content(one.get("part")))
        elif name != "inputFormat" or one.get("valueCode", one.get("valueString")) not in _LINES:
            raise Invalid(
                "must be input or inputFormat with application/fhir+ndjson", field="Parameters.parameter"
            )
    if not 0 < len(found) <= limits().import_files:
        raise Invalid(f"must hold from one to {limits().import_files} inputs", field="Parameters.parameter")
    return found


def _content(parts: object) -> bytes:
    named = (
        {one.get("name"): one for one in parts if isinstance(one, dict)} if isinstance(parts, list) else {}
    )
    if "url" in named:
        raise Invalid("is not fetched from: send the lines themselves", field="Parameters.parameter.part:url")
    attachment = named.get("content", {}).get("valueAttachment")
    data = attachment.get("data") if isinstance(attachment, dict) else None
    try:
        return base64.b64decode(data if isinstance(data, str) else "!", validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("must be an Attachment with data", field="Parameters.parameter.part:content") from None
