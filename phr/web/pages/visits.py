"""Pages of home visits: what is taken along, the page that works without network, and the door for what comes back."""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import JSONResponse, Response

from phr.errors import NotAllowed
from phr.web.answer import Nurse, Service, html, locale_of, renderer_of
from phr.web.headers import PAGE_HEADERS
from phr.web.routing import page_router
from phr.web.views.visits import Entered

router = page_router()
_LONGEST: Final = 16_384
_STATUS: Final = {"stored": 200, "repeated": 200, "gone": 404, "invalid": 422}


@router.get("/visit")
def shell(request: Request) -> Response:
    """The page that shows what this device holds; it says nothing about anybody, so a device may keep it."""
    return html(request, "visit", None)


@router.get("/staff/visits/form-token")
def form_token(session: Nurse) -> Response:
    """The token of the session, for a page that was kept without one."""
    return JSONResponse({"token": session.csrf}, headers=dict(PAGE_HEADERS))


@router.get("/staff/visits/{case}")
def visit(request: Request, session: Nurse, services: Service, case: str) -> Response:
    """What the visit needs: to take along, or to print."""
    return html(request, "visit_prepare", services.visit(session, case))


async def _body(request: Request) -> bytes:
    """The body, as far as an entry can be long."""
    read = b""
    async for piece in request.stream():
        read += piece
        if len(read) > _LONGEST:
            return b""
    return read


@router.post("/staff/visits/{case}/entries")
def enter(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    body: Annotated[bytes, Depends(_body)],
) -> Response:
    """Take one entry; what became of it is said in words of the reader."""
    sent = request.headers.get("x-phr-form", "")
    if not hmac.compare_digest(sent.encode(), session.csrf.encode()):
        raise NotAllowed("form-token")
    found = services.enter_visit(session, case, body)
    return JSONResponse(
        _told(request, found), status_code=_STATUS.get(found.result, 409), headers=dict(PAGE_HEADERS)
    )


def _told(request: Request, found: Entered) -> dict[str, Any]:
    """The answer for the device; dates and codes as its page shows them."""
    told: dict[str, Any] = {"result": found.result, "field": found.field_name, **found.counts}
    if found.now is None:
        return told
    environment = renderer_of(request).environment(locale_of(request))
    word: Any = environment.globals["word"]
    day, clock = environment.filters["short_day"], environment.filters["clock"]
    lines = [
        " ".join(
            part
            for part in (
                day(at),
                clock(at),
                word("event", what),
                word("outcome", outcome) if outcome else "",
                who,
                memo,
            )
            if part
        )
        for at, what, outcome, who, memo in found.now.since
    ]
    return {**told, "version": found.now.version, "holder": found.now.holder, "since": lines}
