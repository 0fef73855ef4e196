"""Break-glass: a nurse opens one record without consent because life or health is at stake."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, cast

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Busy, Invalid, NotFound
from phr.web.answer import Nurse, Service, html, see
from phr.web.forms import checked_form
from phr.web.routing import page_router

router = page_router(prefix="/staff/break-glass")
_Line = Annotated[str, Form(max_length=200)]


@router.get("")
def form(request: Request, session: Nurse, services: Service, done: str = "") -> Response:
    """The form, and the records that are open."""
    notice = cast("Literal['closed', 'over']", done) if done in {"closed", "over"} else ""
    return html(request, "break_glass", replace(services.glass_form(session), notice=notice))


@router.post("", dependencies=[Depends(checked_form)])
def open_record(
    request: Request,
    session: Nurse,
    services: Service,
    patient: _Line = "",
    reason: _Line = "",
    note: Annotated[str, Form(max_length=2000)] = "",
    passphrase: Annotated[str, Form(max_length=1000)] = "",
    code: _Line = "",
) -> Response:
    """Open one record for an hour, after both factors were given once more."""
    try:
        opened = services.break_glass(session, patient, reason, note, (passphrase, code))
    except (Invalid, NotFound, Busy) as error:
        problem = (
            "locked"
            if isinstance(error, Busy)
            else "nobody"
            if isinstance(error, NotFound)
            else error.field
            if error.field in {"reason", "note", "proof"}
            else "nobody"
        )
        typed = replace(
            services.glass_form(session),
            problem=cast("Literal['reason', 'note', 'proof', 'nobody', 'locked']", problem),
            patient=patient,
            reason=reason,
            note=note,
        )
        return html(request, "break_glass", typed, status=422)
    return see(f"/staff/break-glass/{opened}")


@router.get("/{ident}")
def view(request: Request, session: Nurse, services: Service, ident: str) -> Response:
    """What an open record shows; when the time is over, the form again."""
    try:
        found = services.see_glass(session, ident)
    except NotFound:
        return see("/staff/break-glass?done=over")
    return html(request, "break_glass_view", found)


@router.post("/{ident}/close", dependencies=[Depends(checked_form)])
def close(session: Nurse, services: Service, ident: str) -> Response:
    """End it before its time."""
    try:
        services.close_glass(session, ident)
    except NotFound:
        return see("/staff/break-glass?done=over")
    return see("/staff/break-glass?done=closed")
