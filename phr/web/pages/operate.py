"""The operator's pages of requests for data, and of the reads that somebody must look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, Refused
from phr.web.answer import Operator, Service, html, see
from phr.web.forms import checked_form
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router(prefix="/operate")
_NOTICES: Final = ("reviewed", "own", "done-already", "note")


@router.post("/requests/{number}/approve", dependencies=[Depends(checked_form)])
def approve(session: Operator, services: Service, number: str) -> Response:
    """Approve a request for de-identified data; the second person's approval makes the release."""
    try:
        services.approve_request(session, number)
    except Refused:
        return see("/operate?done=second-person")
    return see("/operate?done=approved")


@router.get("/audit")
def audit(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """Reads to review and the state of the chain."""
    view = services.audit_review(session)
    notice = cast("Literal['reviewed', 'own', 'done-already', 'note']", done) if done in _NOTICES else ""
    return html(request, "audit_review", replace(view, notice=notice))


@router.post("/audit/{ident}/review", dependencies=[Depends(checked_form)])
def review(
    session: Operator,
    services: Service,
    ident: str,
    finding: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=600)] = "",
) -> Response:
    """Record what the review found, with a note; not of one's own look."""
    if finding not in SENTENCES["finding"]:
        raise Invalid("not a finding", field="finding")
    try:
        services.review_audit(session, ident, finding, note)
    except Refused:
        return see("/operate/audit?done=own")
    except Conflict:
        return see("/operate/audit?done=done-already")
    except Invalid:
        return see("/operate/audit?done=note")
    return see("/operate/audit?done=reviewed")
