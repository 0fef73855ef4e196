"""Apps: the address to which they send people, the page on which a person decides, and the list of those let in."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import parse_qsl

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Invalid, NotFound, Refused
from phr.web.answer import Operator, Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.headers import CONTENT_SECURITY_POLICY
from phr.web.ports import Services, Session
from phr.web.ports.apps import AppChoice
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES
from phr.web.views.apps import AppAsks

router = page_router()
_PAGE: Final = "/connect/apps"
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST: Final = 65_536
_Word = Annotated[str, Form(max_length=100)]
_Words = Annotated[list[str], Form(max_length=200)]


async def _body(request: Request) -> bytes:
    """The bytes of a form; nothing when they are too many, or no form."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > _LARGEST:
            return b""
    return found if request.headers.get("content-type", "").partition(";")[0].strip() == _FORM else b""


@router.get("/oauth/authorize")
def authorize(request: Request, services: Service) -> Response:
    """Take an app's question from the address (RFC 6749 3.1)."""
    return _asked(request, services, request.url.query)


@router.post("/oauth/authorize")
def authorize_form(request: Request, services: Service, body: Annotated[bytes, Depends(_body)]) -> Response:
    """The same as a form, for long questions. It changes nothing: the person decides on our own page."""
    return _asked(request, services, body.decode("ascii", "replace"))


def _asked(request: Request, services: Services, text: str) -> Response:
    """To the page on which the person decides; back to the app only where its address was checked."""
    try:
        fields = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=40)
    except ValueError:
        fields = []
    found = services.app_asks(fields)
    if found.word:
        return see(f"{_PAGE}/allow/{found.word}")
    return see(found.back) if found.back else html(request, "app_refused", None, status=400)


@router.get("/connect/apps/allow/{word}")
def question(request: Request, session: Resident, services: Service, word: str) -> Response:
    """What the app asks for."""
    return _question(request, services.app_question(session, word))


@router.post("/connect/apps/allow/{word}", dependencies=[Depends(checked_form)])
def decide(
    request: Request,
    session: Resident,
    services: Service,
    word: str,
    answer: _Word = "",
    line: _Words = [],  # noqa: B006 - FastAPI copies it
    category: _Words = [],  # noqa: B006 - as above
    person: _Word = "",
    offline: _Word = "",
    identity: _Word = "",
    period: _Word = "month",
) -> Response:
    """Yes for what is ticked, or no; either way back to the app."""
    if answer != "yes":
        return see(services.app_deny(session, word))
    choice = AppChoice(person, tuple(line), tuple(category), offline == "1", identity == "1", period)
    return _decided(request, session, services, word, choice)


def _decided(
    request: Request, session: Session, services: Services, word: str, choice: AppChoice
) -> Response:
    try:
        return see(services.app_allow(session, word, choice))
    except Refused:
        problem = "shared"
    except Invalid as wrong:
        problem = wrong.field if wrong.field in SENTENCES["app-problem"] else "scope"
    again = replace(services.app_question(session, word), problem=problem)
    return _question(request, again, status=422)


def _question(request: Request, view: AppAsks, *, status: int = 200) -> Response:
    """The page; a browser asks its policy also about where the answer to the form leads."""
    answer = html(request, "app_allow", view, status=status)
    there = f"form-action 'self' {view.leads_to}"
    answer.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY.replace("form-action 'self'", there)
    return answer


@router.get(_PAGE)
def apps(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """The apps that were let in."""
    known = notice if notice in SENTENCES["app-notice"] else ""
    return html(request, "apps", replace(services.apps(session), notice=known))


@router.post("/connect/apps/end", dependencies=[Depends(checked_form)])
def end(session: Resident, services: Service, app: _Word = "") -> Response:
    """End one now."""
    try:
        services.app_end(session, app)
    except NotFound:
        return see(f"{_PAGE}?notice=gone")
    return see(f"{_PAGE}?notice=ended")


@router.get("/operate/apps")
def register(request: Request, session: Operator, services: Service) -> Response:
    """The apps that the city has registered."""
    return html(request, "operate_apps", services.app_register(session))
