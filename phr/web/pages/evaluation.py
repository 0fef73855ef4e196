"""What staff see of whether a programme helps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotFound
from phr.web.answer import Nurse, Service, html, locale_of, see
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.ports.evaluation import NewProgramme
from phr.web.routing import page_router

router = page_router(prefix="/staff/programme")
_Text = Annotated[str, Form(max_length=4000)]
_List = Annotated[str, Form(max_length=400_000)]
NOTICES: Final = (
    "made",
    "added",
    "marked",
    "lent",
    "ended",
    "reported",
    "lent-already",
    "no-member",
    "not-valid",
)
_FILES: Final = ("report.pdf", "numbers.csv", "figure.svg")
_YEAR: Final = re.compile(r"(\d{4})\D+(\d{1,8})\D+(\d{1,8})\D*", re.ASCII)
_MOST_NUMBERS: Final = 3
_LONG: Final = 5  # digits that no number of a page has


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _page(ident: str, done: str, numbers: tuple[int, ...] = (), page: str = "") -> Response:
    """Back to the programme, to the page of members that was open."""
    opened = [("page", page)] if page.isascii() and page.isdigit() and len(page) < _LONG else []
    query = urlencode([("done", done), *opened, *(("n", number) for number in numbers)])
    return see(f"/staff/programme/{quote(ident, safe='')}?{query}")


@router.get("")
def programmes(request: Request, session: Nurse, services: Service) -> Response:
    """Every programme, and the form for a new one."""
    return html(request, "programmes", services.programmes(session))


@router.post("", dependencies=[Depends(checked_form)])
def make(
    request: Request,
    session: Nurse,
    services: Service,
    name: _Text = "",
    target: _Text = "",
    starts: _Text = "",
    ends: _Text = "",
    primary: _Text = "",
    threshold: _Text = "",
    years: _Text = "",
) -> Response:
    """Makes a programme; the primary outcome is named now."""
    typed = {
        "name": name,
        "target": target,
        "starts": starts,
        "ends": ends,
        "primary": primary,
        "years": years,
    }
    typed["threshold"] = threshold
    view = services.programmes(session)
    first, last, before = _day(starts), _day(ends), _years(years)
    problems = {key: "needed" for key in ("name", "target") if not typed[key].strip()}
    problems |= {
        key: "too-long" for key, most in (("name", 100), ("target", 500)) if len(typed[key].strip()) > most
    }
    problems |= {key: "not-a-day" for key, day in (("starts", first), ("ends", last)) if day is None}
    if primary not in view.outcomes:
        problems["primary"] = "choose"
    if before is None:
        problems["years"] = "out-of-range"
    if first is None or last is None or before is None or problems:
        return html(request, "programmes", replace(view, problems=problems, typed=typed), status=422)
    new = NewProgramme(name, target, first, last, primary, threshold == "1", before)
    try:
        return _page(services.programme_make(session, new), "made")
    except Invalid as error:
        problem = {error.field: "order" if error.field == "ends" else "out-of-range"}
        return html(request, "programmes", replace(view, problems=problem, typed=typed), status=422)


def _years(text: str) -> tuple[tuple[int, int, int], ...] | None:
    """Lines of year, took part, invited; None when a line is something else."""
    found = [_YEAR.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    if any(one is None for one in found):
        return None
    return tuple((int(one[1]), int(one[2]), int(one[3])) for one in found if one is not None)


@router.get("/{ident}")
def programme(
    request: Request,
    session: Nurse,
    services: Service,
    ident: str,
    done: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """One programme with a page of its members."""
    numbers = tuple(
        int(n)
        for n in request.query_params.getlist("n")[:_MOST_NUMBERS]
        if n.isascii() and n.isdigit() and len(n) < 9
    )
    notice = done if done in NOTICES and (done != "added" or len(numbers) == _MOST_NUMBERS) else ""
    view = services.programme(session, ident, page)
    return html(request, "programme", replace(view, notice=notice, numbers=numbers))


@router.post("/{ident}/members", dependencies=[Depends(checked_form)])
def add(
    session: Nurse,
    services: Service,
    ident: str,
    people: _List = "",
    kind: _Text = "",
    cohort: _Text = "",
) -> Response:
    """Adds people: numbers as pasted from a table (the first cell of each line), or those of the work list."""
    numbers = [re.split(r"[,;\t]", line)[0].strip().strip('"') for line in people.splitlines()]
    try:
        return _page(ident, "added", services.programme_add(session, ident, numbers, kind, cohort))
    except Invalid:
        return _page(ident, "not-valid")


@router.post("/{ident}/marks", dependencies=[Depends(checked_form)])
def mark(
    session: Nurse,
    services: Service,
    ident: str,
    number: _Text = "",
    what: _Text = "",
    on: _Text = "",
    page: _Text = "",
) -> Response:
    """Notes the day on which a member enrolled, completed or withdrew; no day takes it back."""
    day = _day(on)
    if on.strip() and day is None:
        return _page(ident, "not-valid", page=page)
    return _tried(ident, page, "marked", lambda: services.programme_mark(session, ident, number, what, day))


@router.post("/{ident}/loans", dependencies=[Depends(checked_form)])
def lend(
    session: Nurse,
    services: Service,
    ident: str,
    number: _Text = "",
    kind: _Text = "",
    serial: _Text = "",
    page: _Text = "",
) -> Response:
    """Lends a device."""
    return _tried(ident, page, "lent", lambda: services.programme_lend(session, ident, number, kind, serial))


@router.post("/{ident}/loans/{loan}", dependencies=[Depends(checked_form)])
def end_loan(
    session: Nurse, services: Service, ident: str, loan: str, how: _Text = "", page: _Text = ""
) -> Response:
    """A device came back, or is lost."""
    return _tried(ident, page, "ended", lambda: services.programme_loan_end(session, ident, loan, how))


@router.post("/{ident}/report", dependencies=[Depends(checked_form)])
def run(session: Nurse, services: Service, ident: str) -> Response:
    """Makes a new report from what consent allows now."""
    services.programme_run(session, ident)
    return _page(ident, "reported")


@router.get("/{ident}/{name}")
def file(request: Request, session: Nurse, services: Service, ident: str, name: str) -> Response:
    """A file of the last report."""
    if name not in _FILES:
        raise NotFound("no such file")
    found = services.programme_file(session, ident, name, locale_of(request))
    shown = "inline" if name == "figure.svg" else "attachment"
    headers = {**PAGE_HEADERS, "Content-Disposition": f'{shown}; filename="{name}"'}
    return Response(found.body, media_type=found.media, headers=headers)


def _tried(ident: str, page: str, done: str, act: Callable[[], None]) -> Response:
    """Does it, and says in words what kept it from being done; what is not there at all is another page's matter."""
    try:
        act()
    except Conflict:
        done = "lent-already"
    except NotFound:
        done = "no-member"
    except Invalid:
        done = "not-valid"
    return _page(ident, done, page=page)
