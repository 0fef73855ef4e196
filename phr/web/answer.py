"""Answers of the pages: a rendered view with its headers, a redirect after a form, a table to keep, an error page."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from phr.errors import NotFound
from phr.web.cookies import cookie, keep
from phr.web.formats import BOTH, CALENDARS
from phr.web.forms import CSRF_COOKIE, csrf_of, session_of
from phr.web.headers import PAGE_HEADERS
from phr.web.keeping import keep_headers
from phr.web.languages import LANGUAGES, offered, preferred
from phr.web.ports import Role, Services, Session
from phr.web.render import Frame, Renderer
from phr.web.views.signin import ErrorPage

SESSION_COOKIE: Final = "phr_session"
LOCALE_COOKIE: Final = "phr_locale"
CALENDAR_COOKIE: Final = "phr_calendar"
FURIGANA_COOKIE: Final = "phr_furigana"
HOMES: Final[dict[Role, str]] = {
    "resident": "/today",
    "nurse": "/staff",
    "registrar": "/counter",
    "researcher": "/research",
    "operator": "/operate",
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class SignInNeeded(Exception):
    """Nobody is signed in; the page is shown after signing in."""


def services_of(request: Request) -> Services:
    """The service behind the pages."""
    services: Services = request.app.state.services
    return services


def renderer_of(request: Request) -> Renderer:
    """The renderer of this city."""
    renderer: Renderer = request.app.state.renderer
    return renderer


def language_of(request: Request) -> str:
    """The language chosen, else the first one the browser prefers that there is, else Japanese."""
    chosen = cookie(request, LOCALE_COOKIE)
    return chosen if chosen in offered() else preferred(request.headers.get("accept-language", ""))


def locale_of(request: Request) -> str:
    """The language of files and of texts from rule files, which are in Japanese or English only."""
    return LANGUAGES[language_of(request)].data


def html(request: Request, name: str, view: object, *, status: int = 200) -> HTMLResponse:
    """The page of this template for this view, in the reader's language."""
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    here = address if request.method == "GET" and request.url.path != "/sign-in" else request.url.path
    calendar = cookie(request, CALENDAR_COOKIE)
    frame = Frame(
        user=session_of(request),
        csrf=csrf_of(request),
        path=here,
        calendar=calendar if calendar in CALENDARS else BOTH,
        furigana=cookie(request, FURIGANA_COOKIE) != "off",
        ending=getattr(request.state, "ending", None),
    )
    text = renderer_of(request).page(name, view, locale=language_of(request), frame=frame)
    answer = HTMLResponse(text, status_code=status, headers={**PAGE_HEADERS, **keep_headers(request, status)})
    made = getattr(request.state, "new_form_token", None)
    if made is not None:
        keep(request, answer, CSRF_COOKIE, made, max_age=3600)
    return answer


def error_page(request: Request, status: int, reference: str = "") -> HTMLResponse:
    """The page that says what happened, that the records are safe, and what next."""
    return html(request, "error", ErrorPage(status, reference), status=status)


def see(address: str) -> RedirectResponse:
    """Go and see: the answer to a form that was accepted."""
    return RedirectResponse(address, status_code=303, headers=dict(PAGE_HEADERS))


def table(name: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> Response:
    """A CSV file (UTF-8 with its mark, so that spreadsheets read Japanese); a cell never becomes a formula."""
    opened = io.StringIO(newline="")
    writer = csv.writer(opened)
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    headers = {**PAGE_HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}
    return Response("\ufeff" + opened.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _session_for(request: Request, role: Role) -> Session:
    session = session_of(request)
    if session is None:
        raise SignInNeeded
    if session.role != role:
        raise NotFound("page of another role")
    return session


def _resident(request: Request) -> Session:
    return _session_for(request, "resident")


def _nurse(request: Request) -> Session:
    return _session_for(request, "nurse")


def _registrar(request: Request) -> Session:
    return _session_for(request, "registrar")


def _researcher(request: Request) -> Session:
    return _session_for(request, "researcher")


def _operator(request: Request) -> Session:
    return _session_for(request, "operator")


Resident = Annotated[Session, Depends(_resident)]
Nurse = Annotated[Session, Depends(_nurse)]
Registrar = Annotated[Session, Depends(_registrar)]
Researcher = Annotated[Session, Depends(_researcher)]
Operator = Annotated[Session, Depends(_operator)]
Service = Annotated[Services, Depends(services_of)]
