"""One's own account, for every role: where it is signed in, passphrase, authenticator, passkeys, recovery codes."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Busy, Conflict, Invalid, Refused
from phr.web.answer import Service, SignInNeeded, html, see
from phr.web.forms import checked_form, session_of
from phr.web.pages.signin import asked, attempt_of, credential_of
from phr.web.ports import Session
from phr.web.routing import page_router

router = page_router(prefix="/account")
_NOTICES: Final = ("ended", "passphrase", "totp", "passkey", "removed")
_PROBLEMS: Final = ("passkey-failed", "last")
_Short = Annotated[str, Form(max_length=200)]


def _anybody(request: Request) -> Session:
    session = session_of(request)
    if session is None:
        raise SignInNeeded
    return session


Anybody = Annotated[Session, Depends(_anybody)]


@router.get("")
def account(request: Request, session: Anybody, services: Service, done: str = "") -> Response:
    """Sessions and factors."""
    view = services.account(session, done if done in _NOTICES else "")
    return html(request, "account", replace(view, problem=done if done in _PROBLEMS else ""))


@router.post("/sessions/end", dependencies=[Depends(checked_form)])
def end(session: Anybody, services: Service, ident: _Short = "") -> Response:
    """End one of the own sessions."""
    services.end_session(session, ident)
    return see("/account?done=ended")


@router.post("/passphrase", dependencies=[Depends(checked_form)])
def passphrase(
    request: Request,
    session: Anybody,
    services: Service,
    passphrase: Annotated[str, Form(max_length=1000)] = "",
    current: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Set the passphrase; to change it takes the present one."""
    try:
        services.set_passphrase(session, passphrase, current)
    except (Invalid, Busy) as error:
        problem = "locked" if isinstance(error, Busy) else error.field
        view = replace(services.account(session, ""), problem=problem)
        return html(request, "account", view, status=422)
    return see("/account?done=passphrase")


@router.post("/authenticator", dependencies=[Depends(checked_form)])
def authenticator(request: Request, session: Anybody, services: Service, code: _Short = "") -> Response:
    """Offer a key; with a code, take it into use."""
    try:
        if code:
            services.authenticator_confirm(session, code)
            return see("/account?done=totp")
        view = replace(services.account(session, ""), offer=services.authenticator_offer(session))
    except Conflict:
        return see("/account?done=totp")
    except (Invalid, Busy) as error:
        problem = "code" if isinstance(error, Invalid) else "locked"
        offer = services.authenticator_offer(session)
        view = replace(services.account(session, ""), offer=offer, problem=problem)
        return html(request, "account", view, status=422)
    return html(request, "account", view)


@router.post("/codes", dependencies=[Depends(checked_form)])
def codes(request: Request, session: Anybody, services: Service) -> Response:
    """New recovery codes, shown this once."""
    made = services.recovery_codes(session)
    return html(request, "account", replace(services.account(session, ""), codes=made))


@router.post("/passkeys/ask", dependencies=[Depends(checked_form)])
def passkey_ask(request: Request, session: Anybody, services: Service) -> Response:
    """What the browser needs to make a passkey; refused on a device that several people use."""
    options, word = services.passkey_new(session)
    return asked(request, options, word)


@router.post("/passkeys", dependencies=[Depends(checked_form)])
def passkey_keep(
    request: Request,
    session: Anybody,
    services: Service,
    credential: Annotated[str, Form(max_length=16_384)] = "",
    label: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Keep a new passkey."""
    try:
        services.passkey_keep(session, attempt_of(request), credential_of(credential), label.strip())
    except (Invalid, Refused):
        return see("/account?done=passkey-failed")
    return see("/account?done=passkey")


@router.post("/factors/remove", dependencies=[Depends(checked_form)])
def remove(session: Anybody, services: Service, ident: _Short = "") -> Response:
    """Remove a passkey, but never the last second factor."""
    try:
        services.factor_remove(session, ident)
    except Conflict:
        return see("/account?done=last")
    return see("/account?done=removed")
