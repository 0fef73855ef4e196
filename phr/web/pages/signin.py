"""Signing in and out, the choice of language, and the way from / to one's own first page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from phr.web.answer import HOMES, LOCALE_COOKIE, SESSION_COOKIE, Service, html, keep, see
from phr.web.forms import checked_form, local_address, session_of
from phr.web.render import LOCALES
from phr.web.views.signin import SignIn

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.get("/")
def first_page(request: Request) -> Response:
    """Lead everybody to the first page of their role."""
    session = session_of(request)
    return see("/sign-in" if session is None else HOMES[session.role])


@router.get("/sign-in")
def sign_in(
    request: Request,
    services: Service,
    token: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=500)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The ways to sign in. A link's token is only carried into the form: it is used up by the POST."""
    view = SignIn(services.ways(), token=token, after=local_address(after, ""), signed_out=done == "out")
    return html(request, "sign_in", view)


@router.post("/session", dependencies=[Depends(checked_form)])
def start_session(
    request: Request,
    services: Service,
    way: Annotated[str, Form()] = "link",
    token: Annotated[str, Form()] = "",
    number: Annotated[str, Form()] = "",
    passphrase: Annotated[str, Form()] = "",
    after: Annotated[str, Form()] = "",
) -> Response:
    """Sign in, or show the page again and say why not."""
    if way == "password":
        made = services.sign_in_password(number.strip()[:64], passphrase[:200])
    else:
        way = "link"
        made = services.sign_in_link(token.strip()[:200])
    if made is None:
        again = SignIn(services.ways(), problem=way, after=local_address(after, ""))
        return html(request, "sign_in", again, status=403)
    answer = see(local_address(after, HOMES[made.role]) if after not in {"", "/"} else HOMES[made.role])
    keep(request, answer, SESSION_COOKIE, made.cookie, max_age=made.max_age)
    return answer


@router.post("/session/end", dependencies=[Depends(checked_form)])
def end_session(request: Request, services: Service) -> Response:
    """Sign out: the session ends in the service, not only in the browser."""
    session = session_of(request)
    if session is not None:
        services.sign_out(session)
    answer = see("/sign-in?done=out")
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


@router.post("/language", dependencies=[Depends(checked_form)])
def choose_language(
    request: Request, locale: Annotated[str, Form()] = "ja", back: Annotated[str, Form()] = "/"
) -> Response:
    """Remember the language in the browser and show the same page again."""
    answer = see(local_address(back))
    if locale in LOCALES:
        keep(request, answer, LOCALE_COOKIE, locale, max_age=_YEAR)
    return answer
