"""The operator's pages: how the service is, and the reads that somebody must look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Invalid
from phr.web.answer import Operator, Service, html, see
from phr.web.forms import checked_form
from phr.web.sentences import SENTENCES

router = APIRouter(prefix="/operate")


@router.get("")
def status(request: Request, session: Operator, services: Service) -> Response:
    """What needs hands first."""
    return html(request, "status", services.status(session))


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
