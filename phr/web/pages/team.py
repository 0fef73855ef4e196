"""The nurses' pages beside the list: plans, search, numbers, and values in doubt; and the resident's own such values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final, Literal, cast
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Invalid, NotFound, Refused
from phr.web.answer import Nurse, Resident, Service, html, see, table
from phr.web.forms import checked_form
from phr.web.ports import Away, Services, Session
from phr.web.routing import page_router
from phr.web.views.team import Doubts, Search
from phr.web.words import WORDS

router = page_router()
_Text = Annotated[str, Form(max_length=4000)]
_Sought = Annotated[str, Form(max_length=100)]
_Typed = Annotated[str, Query(max_length=100)]
_Notice = Literal["", "confirmed", "set-aside", "discarded", "judged", "not-taken", "gone"]
_CODES: Final = {"first": "not-a-day", "until": "order", "capacity": "not-a-number"}
_HEADER: Final = (
    "区分",
    "始まり",
    "連絡",
    "終了",
    "当番への知らせ",
    "連絡までの時間の中央値（時間）",
    "終わり方",
)


def _day(text: str, field: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("not a date", field=field) from None


def _span(first: str, until: str) -> tuple[date, date] | None:
    """Two days, or none at all."""
    began, ended = _day(first, "first"), _day(until, "until")
    if began is None and ended is None:
        return None
    if began is None or ended is None:
        raise Invalid("both days or none", field="first" if began is None else "until")
    return began, ended


@router.get("/staff/team")
def team(
    request: Request,
    session: Nurse,
    services: Service,
    done: str = "",
    moved: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """The nurses, their open cases and plans."""
    notice = cast("Literal['saved', 'moved']", done) if done in ("saved", "moved") else ""
    return html(request, "team", replace(services.team(session), notice=notice, moved=moved))


@router.post("/staff/team/capacity", dependencies=[Depends(checked_form)])
def capacity(
    request: Request, session: Nurse, services: Service, nurse: _Text = "", capacity: _Text = ""
) -> Response:
    """Set how many open cases a nurse follows."""
    number = int(capacity) if capacity.isascii() and capacity.isdigit() and len(capacity) <= 4 else -1
    try:
        services.set_capacity(session, nurse, number)
    except (Invalid, Refused) as problem:
        return _team_again(request, session, services, problem, "capacity")
    return see("/staff/team?done=saved")


@router.post("/staff/team/away", dependencies=[Depends(checked_form)])
def away(
    request: Request,
    session: Nurse,
    services: Service,
    nurse: _Text = "",
    substitute: _Text = "",
    first: _Text = "",
    until: _Text = "",
) -> Response:
    """Say who stands in, from when until when; no days end it."""
    try:
        services.set_away(session, Away(nurse, substitute, _span(first, until)))
    except (Invalid, Refused) as problem:
        return _team_again(request, session, services, problem, "substitute")
    return see("/staff/team?done=saved")


@router.post("/staff/team/hand-over", dependencies=[Depends(checked_form)])
def hand_over(
    request: Request, session: Nurse, services: Service, nurse: _Text = "", colleague: _Text = ""
) -> Response:
    """Hand all open cases of one nurse to another."""
    try:
        number = services.hand_over(session, nurse, colleague)
    except (Invalid, Refused) as problem:
        return _team_again(request, session, services, problem, "colleague")
    return see(f"/staff/team?done=moved&moved={number}")


def _team_again(
    request: Request, session: Session, services: Services, problem: Invalid | Refused, otherwise: str
) -> Response:
    field = problem.field if isinstance(problem, Invalid) else otherwise
    code = _CODES.get(field, "choose") if isinstance(problem, Invalid) else "lead-only"
    view = replace(services.team(session), problems={field: code})
    return html(request, "team", view, status=422)


@router.get("/staff/search")
def search_form(request: Request, session: Nurse) -> Response:
    """What to look for."""
    del session
    return html(request, "search", Search())


@router.post("/staff/search", dependencies=[Depends(checked_form)])
def search(
    request: Request,
    session: Nurse,
    services: Service,
    name: _Sought = "",
    born: _Sought = "",
    address: _Sought = "",
) -> Response:
    """People by kana, birth date or address; sent as a form, so that no name stands in an address or a history."""
    if not (name.strip() or born.strip() or address.strip()):
        return html(request, "search", Search())
    try:
        view = services.search(session, name, born, address)
    except Invalid as problem:
        view = Search(
            name, born, address, None, {problem.field: "not-a-day" if problem.field == "born" else "needed"}
        )
        return html(request, "search", view, status=422)
    return html(request, "search", view)


@router.get("/staff/statistics")
def statistics(
    request: Request, session: Nurse, services: Service, first: _Typed = "", until: _Typed = ""
) -> Response:
    """Numbers of a time for the yearly report."""
    try:
        view = services.statistics(session, _day(first, "first"), _day(until, "until"))
    except Invalid as problem:
        view = replace(
            services.statistics(session, None, None),
            problems={problem.field: _CODES.get(problem.field, "not-a-day")},
        )
        return html(request, "statistics", view, status=422)
    return html(request, "statistics", view)


@router.get("/staff/statistics.csv")
def statistics_table(session: Nurse, services: Service, first: _Typed = "", until: _Typed = "") -> Response:
    """The same numbers as a table to keep."""
    view = services.statistics(session, _day(first, "first"), _day(until, "until"))
    rows = (
        (
            WORDS["kind"].get(line.kind, line.kind),
            line.opened,
            line.contacts,
            line.closed,
            line.escalated,
            line.median_hours,
            "、".join(f"{WORDS['case-outcome'].get(word, word)} {number}" for word, number in line.outcomes),
        )
        for line in view.lines
    )
    return table(f"cases-{view.first}-{view.last}", _HEADER, rows)


@router.get("/staff/cases/{case}/values")
def values(request: Request, session: Nurse, services: Service, case: str, done: str = "") -> Response:
    """The values in doubt of the person of a case."""
    return _doubts_page(request, services.doubts_of(session, case), done)


@router.get("/values")
def my_values(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The resident's own values in doubt."""
    return _doubts_page(request, services.my_doubts(session), done)


@router.post("/staff/cases/{case}/values", dependencies=[Depends(checked_form)])
def say(
    session: Nurse, services: Service, case: str, ident: _Text = "", verdict: _Text = "", reason: _Text = ""
) -> Response:
    """Confirm a value in doubt, or set it aside."""
    done = _said(session, services, case, ident, verdict, reason)
    return see(f"/staff/cases/{quote(case, safe='')}/values?done={done}")


@router.post("/values", dependencies=[Depends(checked_form)])
def say_mine(
    session: Resident, services: Service, ident: _Text = "", verdict: _Text = "", reason: _Text = ""
) -> Response:
    """The resident's word on a value."""
    return see(f"/values?done={_said(session, services, '', ident, verdict, reason)}")


@router.post("/staff/cases/{case}/apart", dependencies=[Depends(checked_form)])
def apart(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    ident: _Text = "",
    what: _Text = "",
    note: _Text = "",
) -> Response:
    """Discard a value that cannot be true, or have it judged again."""
    try:
        if what == "again":
            done = "judged" if services.judge_again(session, case, ident, note) else "not-taken"
        else:
            services.discard(session, case, ident, note)
            done = "discarded"
    except (NotFound, Refused):
        done = "gone"
    except Invalid:
        view = replace(services.doubts_of(session, case), problems={"note": "needed"})
        return html(request, "doubts_staff", view, status=422)
    return see(f"/staff/cases/{quote(case, safe='')}/values?done={done}")


def _said(session: Session, services: Services, case: str, ident: str, verdict: str, reason: str) -> str:
    try:
        if verdict == "yes":
            services.say(session, case, ident, "")
            return "confirmed"
        services.say(session, case, ident, reason if reason in WORDS["rejection"] else "wrong-entry")
    except NotFound:
        return "gone"
    return "set-aside"


def _doubts_page(request: Request, view: Doubts, done: str) -> Response:
    notice = cast("_Notice", done) if done in WORDS["doubt-notice"] else ""
    return html(request, "doubts_staff" if view.case else "doubts", replace(view, notice=notice))
