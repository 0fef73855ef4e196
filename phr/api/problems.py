"""Every error -> status and body; nowhere else. FHIR errors are OperationOutcome, others RFC 9457 problem JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from phr import logs
from phr.errors import Busy, Conflict, Invalid, NotAllowed, NotFound, PhrError, Refused, Unsafe

_STATUS: Final[dict[type[PhrError], tuple[int, str]]] = {
    Invalid: (400, "invalid"),
    NotAllowed: (403, "forbidden"),
    NotFound: (404, "not-found"),
    Conflict: (409, "conflict"),
    Refused: (422, "business-rule"),
    Busy: (503, "transient"),
    Unsafe: (500, "exception"),
}
_BY_STATUS: Final = {
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    409: "conflict",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
}
FHIR_JSON: Final = "application/fhir+json"
_MACHINES: Final = (
    "/fhir",
    "/ledger",
    "/oauth",
    "/hooks",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/static",
)


def outcome(code: str, text: str, severity: str = "error", element: str = "") -> bytes:
    """An OperationOutcome with one issue; element: the place in the resource that it is about."""
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": text}
    if element:
        issue["expression"] = [element]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]})


def answer(
    request: Request,
    status: int,
    code: str,
    text: str,
    headers: dict[str, str] | None = None,
    element: str = "",
) -> Response:
    """The error in the form of the interface that was called: FHIR, a page, or problem JSON."""
    path = request.url.path
    if path.startswith("/fhir"):
        return Response(outcome(code, text, element=element), status, headers, media_type=FHIR_JSON)
    page: Callable[[Request, int], Response] | None = getattr(request.app.state, "html_error", None)
    if page is not None and not path.startswith(_MACHINES):
        return page(request, status)
    body = {"type": "about:blank", "title": code, "status": status, "detail": text}
    return Response(orjson.dumps(body), status, headers, media_type="application/problem+json")


def of_error(error: PhrError) -> tuple[int, str, str, dict[str, str]]:
    """Status, code, text and headers of one of the service's errors."""
    for kind, (status, code) in _STATUS.items():
        if isinstance(error, kind):
            headers = {"Retry-After": str(error.after_seconds)} if isinstance(error, Busy) else {}
            return status, code, str(error), headers
    return 500, "exception", "something went wrong here; your data are safe", {}


def element_of(error: Exception) -> str:
    """The FHIR element that an error is about, as an expression; '' for a parameter or no place at all."""
    field = error.field if isinstance(error, Invalid) else ""
    place = f"Consent.{field}" if field.startswith("provision") else field
    return place if place[:1].isupper() and place.isascii() and "-" not in place else ""


def install(app: FastAPI) -> None:
    """Puts the translations into an app."""

    async def known(request: Request, error: Exception) -> Response:
        status, code, text, headers = of_error(error if isinstance(error, PhrError) else PhrError())
        element = element_of(error)
        return answer(request, status, code, text, headers, element)

    async def http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
        text = str(error.detail) if isinstance(error, HTTPException) else ""
        return answer(request, status, _BY_STATUS.get(status, "processing"), text, headers)

    async def malformed(request: Request, error: Exception) -> Response:
        places: list[Any] = list(error.errors()) if isinstance(error, RequestValidationError) else []
        field = ".".join(str(part) for part in places[0]["loc"][1:]) if places else ""
        return answer(request, 400, "invalid", f"{field}: not as expected" if field else "not as expected")

    async def unknown(request: Request, error: Exception) -> Response:
        logs.get().error("request failed", route=_route(request), reason=type(error).__name__)
        return answer(request, 500, "exception", "something went wrong here; your data are safe")

    app.add_exception_handler(PhrError, known)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(Exception, unknown)


def _route(request: Request) -> str:
    """The route's pattern: a path may hold an id, a pattern holds none."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))
