"""The catalogue of this server's interfaces (RFC 9727), as a link set (RFC 9264) that programs read."""

from __future__ import annotations

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from phr.api.callers import system_of

router = APIRouter()
_TYPE: Final = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
_WELL_KNOWN: Final = "/.well-known/api-catalog"
_DOCS: Final = "https://hl7.org/fhir/R4/"


def linkset(base: str) -> dict[str, Any]:
    """Each interface with its description, its own configuration and whether it is up."""

    def link(path: str, kind: str) -> dict[str, str]:
        return {"href": f"{base}{path}", "type": kind}

    up = [link("/readyz", "application/json")]
    described = [link("/openapi.json", "application/json")]
    fhir = {
        "anchor": f"{base}/fhir",
        "service-desc": [link("/fhir/metadata", "application/fhir+json"), *described],
        "service-doc": [{"href": _DOCS, "type": "text/html"}],
        "service-meta": [link("/fhir/.well-known/smart-configuration", "application/json")],
        "status": up,
    }
    oauth = {
        "anchor": f"{base}/oauth",
        "service-desc": described,
        "service-meta": [link("/fhir/.well-known/smart-configuration", "application/json")],
        "status": up,
    }
    others = [
        {"anchor": f"{base}{path}", "service-desc": described, "status": up}
        for path in ("/ledger/v2", "/hooks")
    ]
    interfaces = [fhir, oauth, *others]
    catalog = {
        "anchor": f"{base}{_WELL_KNOWN}",
        "item": [{"href": str(one["anchor"])} for one in interfaces],
    }
    return {"linkset": [catalog, *interfaces]}


@router.get(_WELL_KNOWN)
@router.head(_WELL_KNOWN, include_in_schema=False)
@router.get("/api-catalog")
@router.head("/api-catalog", include_in_schema=False)
def catalog(request: Request) -> Response:
    """Which interfaces there are, and where each is described."""
    base = system_of(request).settings.base_url.rstrip("/")
    headers = {"Link": f'<{base}{_WELL_KNOWN}>; rel="api-catalog"', "Content-Type": _TYPE}
    return Response(orjson.dumps(linkset(base)), headers=headers)
