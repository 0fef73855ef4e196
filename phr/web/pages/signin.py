"""Signing in and out, the choice of language, and the way from / to one's own first page."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Form, Query, Request
from fastapi.responses import JSONResponse, Response

from phr.errors import Busy, Conflict, Invalid, NotAllowed, Refused
from phr.web.answer import (
    CALENDAR_COOKIE,
    FURIGANA_COOKIE,
    HOMES,
    LOCALE_COOKIE,
    SESSION_COOKIE,
    Service,
    html,
    see,
)
from phr.web.cookies import cookie, forget, keep
from phr.web.formats import CALENDARS
from phr.web.forms import checked_form, local_address, session_of
from phr.web.headers import PAGE_HEADERS
from phr.web.languages import offered
from phr.web.ports import Browser, Services, SignedIn, ToTie
from phr.web.routing import page_router
from phr.web.views.signin import SignIn

router = page_router()
_YEAR: Final = 365 * 24 * 3600
_ATTEMPT: Final = "phr_attempt"
TIE: Final = "phr_tie"
HALF: Final = "phr_half"
SHARED: Final = "phr_shared"
"""Says between two pages of signing in that several people use the device."""
_MINUTES: Final = 600
_CREDENTIAL: Final = 16_384
_Short = Annotated[str, Form(max_length=200)]


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
    shared: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """The ways to sign in. A link's token is only carried into the form: it is used up by the POST.

    shared=1 is the address for a tablet that stands where many use it: every way then says so.
    """
    session = session_of(request)
    idle = done == "idle" and (session is None or bool(getattr(session, "shared", False)))
    if idle and session is not None:  # its time is over on the page, so it is here too
        services.sign_out(session)
        request.state.session = None
    view = SignIn(
        services.ways(),
        token=token,
        after=local_address(after, ""),
        signed_out=done == "out",
        tying=done == "tie" and bool(cookie(request, TIE)),
        problem=done if done in {"openid", "passkey", "locked"} else "",
        idle=idle,
        shared=shared == "1",
    )
    answer = html(request, "sign_in", view)
    return forgotten(request, answer, everything=shared == "1") if idle else answer


def forgotten(request: Request, answer: Response, *, everything: bool) -> Response:
    """An answer after which the browser keeps nothing of a session; on a shared device no choice of language either."""
    names = (SESSION_COOKIE, HALF, TIE, _ATTEMPT, SHARED)
    choices = (LOCALE_COOKIE, CALENDAR_COOKIE, FURIGANA_COOKIE) if everything else ()
    forget(request, answer, *names, *choices)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@router.post("/session", dependencies=[Depends(checked_form)])
def start_session(
    request: Request,
    services: Service,
    way: _Short = "link",
    token: _Short = "",
    number: _Short = "",
    passphrase: Annotated[str, Form(max_length=1000)] = "",
    after: Annotated[str, Form(max_length=500)] = "",
    shared: _Short = "",
) -> Response:
    """Sign in, or show the page again and say why not."""
    browser = browser_of(request, shared)
    problem = "link"
    try:
        if way == "password":
            problem = "password"
            made = services.sign_in_password(number.strip()[:64], passphrase, browser)
        else:
            tie = cookie(request, TIE)[:200]
            made = services.sign_in_link(token.strip(), browser, tie)
    except Busy:
        made, problem = None, "locked"
    except Conflict:
        made, problem = None, "tied"
    if made is None:
        again = SignIn(services.ways(), problem=problem, after=local_address(after, ""), shared=bool(shared))
        return html(request, "sign_in", again, status=403)
    return enter(request, made, after)


def browser_of(request: Request, shared: str = "") -> Browser:
    """What the browser says of itself."""
    return Browser(request.headers.get("user-agent", "")[:400], bool(shared))


def enter(request: Request, made: SignedIn, after: str = "", page: Response | None = None) -> Response:
    """Into the service with a session, or on to the second factor with the half of one."""
    if not made.whole:
        answer: Response = see("/sign-in/second")
        keep(request, answer, HALF, made.cookie, max_age=made.max_age)
        return answer
    wanted = local_address(made.after or after, "")
    answer = page or see(wanted if wanted not in {"", "/"} else HOMES[made.role])
    keep(request, answer, SESSION_COOKIE, made.cookie, max_age=made.max_age)
    forget(request, answer, HALF, TIE, _ATTEMPT, SHARED)
    return answer


@router.get("/sign-in/openid")
def openid_begin(
    request: Request,
    services: Service,
    after: Annotated[str, Query(max_length=500)] = "",
    shared: Annotated[str, Query(max_length=1)] = "",
) -> Response:
    """To the city's common ID. That the device is shared waits in the browser, as the attempt itself does."""
    try:
        address, word = services.openid_begin(local_address(after, ""))
    except (Refused, Busy):
        return see("/sign-in?done=openid")
    answer = see(address)
    keep(request, answer, _ATTEMPT, word, max_age=_MINUTES)
    if shared == "1":
        keep(request, answer, SHARED, "1", max_age=_MINUTES)
    return answer


@router.get("/sign-in/openid/back")
def openid_back(
    request: Request,
    services: Service,
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Back from the common ID: signed in, on to tie it once, or why not."""
    try:
        found = services.openid_finish(
            attempt_of(request), state, code, browser_of(request, cookie(request, SHARED))
        )
    except (Refused, Busy):
        answer: Response = see("/sign-in?done=openid")
    else:
        if not isinstance(found, ToTie):
            return enter(request, found)
        answer = see("/sign-in?done=tie")
        keep(request, answer, TIE, found.word, max_age=_MINUTES)
    forget(request, answer, _ATTEMPT)
    return answer


@router.post("/sign-in/passkey/ask", dependencies=[Depends(checked_form)])
def passkey_ask(request: Request, services: Service) -> Response:
    """What the browser needs to use a passkey, as WebAuthn names it."""
    options, word = services.passkey_ask()
    return asked(request, options, word)


def asked(request: Request, options: dict[str, Any], word: str) -> Response:
    """Options for the browser; the attempt's word stays in a cookie that no script reads."""
    answer = JSONResponse(options, headers=dict(PAGE_HEADERS))
    keep(request, answer, _ATTEMPT, word, max_age=_MINUTES)
    return answer


def credential_of(text: str) -> dict[str, Any]:
    """What the browser made, as JSON. Raises Invalid."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid("is not JSON", field="credential") from error
    if not isinstance(found, dict):
        raise Invalid("is not a credential", field="credential")
    return found


def attempt_of(request: Request) -> str:
    """The word of the attempt that this browser began."""
    return cookie(request, _ATTEMPT)[:200]


@router.post("/sign-in/passkey", dependencies=[Depends(checked_form)])
def passkey(
    request: Request,
    services: Service,
    credential: Annotated[str, Form(max_length=_CREDENTIAL)] = "",
    after: Annotated[str, Form(max_length=500)] = "",
    shared: _Short = "",
) -> Response:
    """Sign in with a passkey."""
    try:
        made = services.passkey_take(
            attempt_of(request), credential_of(credential), browser_of(request, shared)
        )
    except Invalid:
        return see("/sign-in?done=passkey")
    return enter(request, made, after)


@router.get("/sign-in/second")
def second(request: Request, services: Service) -> Response:
    """The second factor of who has shown the first."""
    try:
        view = services.second(cookie(request, HALF)[:200])
    except NotAllowed:
        return see("/sign-in")
    return html(request, "second", view)


@router.post("/sign-in/second", dependencies=[Depends(checked_form)])
def second_code(request: Request, services: Service, code: _Short = "", enrol: _Short = "") -> Response:
    """A code of the authenticator, or a recovery code; the first time it takes the authenticator into use."""
    half = cookie(request, HALF)[:200]
    try:
        if enrol:
            return _enrolled(request, services, half, code)
        made = services.second_code(half, code, browser_of(request))
    except NotAllowed:
        return see("/sign-in")
    except Busy:
        return _second_again(request, services, half, "locked")
    except Invalid:
        return _second_again(request, services, half, "code")
    return _second_again(request, services, half, "code") if made is None else enter(request, made)


def _enrolled(request: Request, services: Services, half: str, code: str) -> Response:
    made, codes = services.second_enrol(half, code, browser_of(request))
    return enter(request, made, page=html(request, "recovery_codes", (HOMES[made.role], codes)))


def _second_again(request: Request, services: Services, half: str, problem: str) -> Response:
    view = services.second(half)
    view = type(view)(
        view.name, view.totp, view.passkeys, view.codes, view.offer, view.passkeys_offered, problem
    )
    return html(request, "second", view, status=403)


@router.post("/session/end", dependencies=[Depends(checked_form)])
def end_session(request: Request, services: Service) -> Response:
    """Sign out: the session ends in the service, not only in the browser, which forgets what it kept."""
    session = session_of(request)
    if session is not None:
        services.sign_out(session)
    shared = session is not None and bool(getattr(session, "shared", False))
    return forgotten(request, see(f"/sign-in?done=out{'&shared=1' if shared else ''}"), everything=shared)


@router.post("/session/stay", dependencies=[Depends(checked_form)])
def stay(request: Request) -> Response:
    """Somebody is still at the page: the idle time starts anew, as with every request."""
    session = session_of(request)
    if session is None:
        raise NotAllowed("no session")
    return JSONResponse({"left": session.left}, headers=dict(PAGE_HEADERS))


@router.post("/language", dependencies=[Depends(checked_form)])
def choose_language(
    request: Request,
    locale: Annotated[str, Form()] = "",
    calendar: Annotated[str, Form()] = "",
    furigana: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Remember the language, the calendar or the readings in the browser and show the same page again."""
    answer = see(local_address(back))
    if locale in offered():
        keep(request, answer, LOCALE_COOKIE, locale, max_age=_YEAR)
    if calendar in CALENDARS:
        keep(request, answer, CALENDAR_COOKIE, calendar, max_age=_YEAR)
    if furigana in {"on", "off"}:
        keep(request, answer, FURIGANA_COOKIE, furigana, max_age=_YEAR)
    return answer
