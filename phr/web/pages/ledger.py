"""The operator's page of the points ledger: budgets, letters that wait or were given up, and what differs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import NotFound
from phr.web.answer import Operator, Service, html, see
from phr.web.forms import checked_form
from phr.web.routing import page_router

router = page_router(prefix="/operate/points")
_NOTICES: Final = ("retried", "gone", "again")


@router.get("")
def ledger(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """How things stand with the points ledger."""
    notice = cast("Literal['retried']", done) if done in _NOTICES else ""
    return html(request, "operate_points", replace(services.ledger_page(session), notice=notice))


@router.post("/retry", dependencies=[Depends(checked_form)])
def retry(session: Operator, services: Service) -> Response:
    """Let every letter that was given up be tried again."""
    number = services.retry_points(session)
    return see(f"/operate/points?done={'retried' if number else 'gone'}#letters")


@router.post("/again", dependencies=[Depends(checked_form)])
def again(
    session: Operator, services: Service, reference: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Send one letter again; by its reference the ledger counts it once."""
    try:
        services.send_points_again(session, reference)
    except NotFound:
        return see("/operate/points?done=gone#differences")
    return see("/operate/points?done=again#differences")
