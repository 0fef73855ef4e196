"""The pages of those who run the service: how it is, letters that are tried again, and the accounts of staff."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Conflict, NotFound, Refused
from phr.web.answer import Operator, Service, html, see
from phr.web.forms import checked_form
from phr.web.ports import Services, Session
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router(prefix="/operate")
_Word = Annotated[str, Form(max_length=200)]
_NOTICES: Final = ("approved", "second-person", "retried", "gone")


@router.get("")
def status(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """What needs hands first, with what to do."""
    notice = cast("Literal['approved']", done) if done in _NOTICES else ""
    return html(request, "status", replace(services.status(session), notice=notice))


@router.post("/letters/{letter}/retry", dependencies=[Depends(checked_form)])
def retry(session: Operator, services: Service, letter: str) -> Response:
    """Let a letter that could not be delivered be tried again."""
    try:
        services.retry_letter(session, letter)
    except NotFound:
        return see("/operate?done=gone#letters")
    return see("/operate?done=retried#letters")


@router.get("/accounts")
def accounts(request: Request, session: Operator, services: Service, done: str = "") -> Response:
    """Who of the staff may sign in, and changes that wait for a second person."""
    known = done if done in SENTENCES["staff-account-notice"] else ""
    return html(request, "accounts", replace(services.staff_accounts(session), notice=known))


@router.post("/accounts/{account}/sign-out", dependencies=[Depends(checked_form)])
def sign_out(session: Operator, services: Service, account: str) -> Response:
    """End every session of an account, wherever it is."""
    services.sign_out_account(session, account)
    return see("/operate/accounts?done=signed-out")


@router.post("/accounts/{account}/disable", dependencies=[Depends(checked_form)])
def disable(request: Request, session: Operator, services: Service, account: str) -> Response:
    """Let nobody sign in with an account any more."""
    try:
        services.disable_account(session, account)
    except Refused as refused:
        return _again(request, session, services, str(refused), account)
    return see("/operate/accounts?done=disabled")


@router.post("/accounts/{account}/role", dependencies=[Depends(checked_form)])
def ask(
    request: Request,
    session: Operator,
    services: Service,
    account: str,
    role: _Word = "",
    organisation: _Word = "",
) -> Response:
    """Ask for another role; a second operator decides."""
    typed = {"role": role, "organisation": organisation}
    try:
        services.ask_role(session, account, role, organisation.strip())
    except Refused as refused:
        return _again(request, session, services, str(refused), account, typed)
    except Conflict:
        return _again(request, session, services, "waiting", account, typed)
    return see("/operate/accounts?done=asked")


@router.post("/account-changes/{change}", dependencies=[Depends(checked_form)])
def decide(
    request: Request, session: Operator, services: Service, change: str, verdict: _Word = ""
) -> Response:
    """Approve or refuse a change that somebody asked for."""
    if verdict not in {"approve", "refuse"}:
        return _again(request, session, services, "verdict", "")
    try:
        services.decide_role(session, change, approve=verdict == "approve")
    except Refused as refused:
        return _again(request, session, services, str(refused), "")
    except NotFound:
        return _again(request, session, services, "gone", "")
    return see(f"/operate/accounts?done={'approved' if verdict == 'approve' else 'refused'}")


def _again(
    request: Request,
    session: Session,
    services: Services,
    problem: str,
    account: str,
    typed: dict[str, str] | None = None,
) -> Response:
    view = replace(services.staff_accounts(session), problem=problem, at=account, typed=typed)
    return html(request, "accounts", view, status=422)
