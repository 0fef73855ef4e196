"""The operator's pages: how the service is, and the reads that somebody must look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Invalid, Refused
from phr.web.answer import Operator, Service, html, see
from phr.web.forms import checked_form
from phr.web.sentences import SENTENCES

router = APIRouter(prefix="/operate")
_NOTICES: Final = ("approved", "second-person")


@router.get("")
def status(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """What needs hands first."""
    notice = cast("Literal['approved', 'second-person']", done) if done in _NOTICES else ""
    return html(request, "status", replace(services.status(session), notice=notice))


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
    return html(request, "audit_review", replace(view, notice="reviewed" if done == "reviewed" else ""))


@router.post("/audit/{ident}/review", dependencies=[Depends(checked_form)])
def review(
    session: Operator, services: Service, ident: str, finding: Annotated[str, Form(max_length=40)] = ""
) -> Response:
    """Record what the review found."""
    if finding not in SENTENCES["finding"]:
        raise Invalid("not a finding", field="finding")
    services.review_audit(session, ident, finding)
    return see("/operate/audit?done=reviewed")
