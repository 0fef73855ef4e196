"""Every error -> status and body; nowhere else. FHIR errors are OperationOutcome, others RFC 9457 problem JSON."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from phr import logs
from phr.api.named import BEGAN
from phr.errors import (
    Busy,
    Conflict,
    Gone,
    Invalid,
    NotAllowed,
    NotFound,
    OutOfScope,
    PhrError,
    Refused,
    TooCostly,
    Unmet,
    Unsafe,
)

_STATUS: Final[dict[type[PhrError], tuple[int, str]]] = {
    Invalid: (400, "invalid"),
    NotAllowed: (403, "forbidden"),
    Gone: (410, "deleted"),
    NotFound: (404, "not-found"),
    Unmet: (412, "conflict"),
    Conflict: (409, "conflict"),
    TooCostly: (403, "too-costly"),
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
_NOT_FOUND: Final = 404
_STEP: Final = 0.025  # seconds between the instants at which a "not found" of FHIR is told
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
    "/api-catalog",
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
            if isinstance(error, OutOfScope):
                headers = {
                    "WWW-Authenticate": 'Bearer realm="phr", error="insufficient_scope"'
                }  # RFC 6750 3.1
            return status, code, str(error), headers
    return 500, "exception", "something went wrong here; your data are safe", {}


def explained(error: PhrError | HTTPException) -> tuple[int, bytes, dict[str, str]]:
    """Status, OperationOutcome and headers of an error in one entry of a bundle."""
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "processing")
        return error.status_code, outcome(code, str(error.detail)), dict(error.headers or {})
    status, code, text, headers = of_error(error)
    return status, outcome(code, text, element=element_of(error)), headers


def element_of(error: Exception) -> str:
    """The FHIR element that an error is about, as an expression; '' for a parameter or no place at all."""
    field = error.field if isinstance(error, Invalid) else ""
    place = f"Consent.{field}" if field.startswith("provision") else field
    return place if place[:1].isupper() and place.isascii() and "-" not in place else ""


def answered(request: Request, error: PhrError | HTTPException) -> Response:
    """The answer to an error that the service knows."""
    if isinstance(error, HTTPException):
        code = _BY_STATUS.get(error.status_code, "processing")
        return answer(request, error.status_code, code, str(error.detail), dict(error.headers or {}))
    status, code, text, headers = of_error(error)
    return answer(request, status, code, text, headers, element_of(error))


def install(app: FastAPI) -> None:
    """Puts the translations into an app."""

    async def known(request: Request, error: Exception) -> Response:
        found = answered(request, error if isinstance(error, PhrError | HTTPException) else PhrError())
        if found.status_code == _NOT_FOUND and request.url.path.startswith("/fhir"):
            await asyncio.sleep(_rest(request))
        return found

    async def malformed(request: Request, error: Exception) -> Response:
        places: list[Any] = list(error.errors()) if isinstance(error, RequestValidationError) else []
        field = ".".join(str(part) for part in places[0]["loc"][1:]) if places else ""
        return answer(request, 400, "invalid", f"{field}: not as expected" if field else "not as expected")

    async def unknown(request: Request, error: Exception) -> Response:
        logs.get().error("request failed", route=_route(request), reason=type(error).__name__)
        return answer(request, 500, "exception", "something went wrong here; your data are safe")

    app.add_exception_handler(PhrError, known)
    app.add_exception_handler(HTTPException, known)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(Exception, unknown)


def _rest(request: Request) -> float:
    """The seconds until a "not found" is told: at full steps since the request arrived.

    The policies of what is there and not for this caller take a little longer than nothing does; nobody can time it.
    """
    took: float = time.monotonic() - request.scope.get(BEGAN, time.monotonic())
    return _STEP - took % _STEP


def _route(request: Request) -> str:
    """The route's pattern: a path may hold an id, a pattern holds none."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "unknown"))
