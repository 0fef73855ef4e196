"""FHIR R4: what the server can do, and what its other parts share."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from phr.api.callers import system_of
from phr.api.capability import statement
from phr.api.problems import FHIR_JSON
from phr.errors import NotFound

router = APIRouter(prefix="/fhir")
_MAX_BODY: Final = 16 * 1024 * 1024
FHIR_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def fhir_answer(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A FHIR answer, which nobody may keep."""
    return Response(body, status, {"Cache-Control": "no-store", **(headers or {})}, media_type=FHIR_JSON)


async def raw_body(request: Request) -> bytes:
    """The bytes of the body, up to a limit."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _MAX_BODY:
            raise HTTPException(413, "the body is too large")
        parts.append(part)
    return b"".join(parts)


Raw = Annotated[bytes, Depends(raw_body)]


def resource_id(identity: str) -> str:
    """The id in the address. What cannot be an id is not looked for, and looks like one that nobody has."""
    if FHIR_ID.fullmatch(identity) is None:
        raise NotFound("no such resource")
    return identity


Identity = Annotated[str, Depends(resource_id)]


@router.get("/metadata")
def metadata(request: Request) -> Response:
    """What this server can do."""
    return fhir_answer(orjson.dumps(statement(system_of(request).settings.base_url)))


def searchset(request: Request, kind: str, resources: list[dict[str, Any]]) -> bytes:
    """A searchset of whole resources."""
    base = f"{system_of(request).settings.base_url}/fhir"
    entries = [
        {"fullUrl": f"{base}/{kind}/{one['id']}", "resource": one, "search": {"mode": "match"}}
        for one in resources
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{base}/{kind}?{request.url.query}"}],
    }
    return orjson.dumps({**bundle, "entry": entries} if entries else bundle)


def version_header(resource: dict[str, Any]) -> dict[str, str]:
    """The version as an ETag."""
    return {"ETag": f'W/"{resource.get("meta", {}).get("versionId", "1")}"'}
