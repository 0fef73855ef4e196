"""The nurse's pages: the work list and the case."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.web.answer import Nurse, Service, html, see, table
from phr.web.forms import checked_form
from phr.web.ports import Contact, Services, Session
from phr.web.routing import page_router
from phr.web.views.staff import KINDS, Case, Gone
from phr.web.words import WORDS

router = page_router(prefix="/staff")
_Text = Annotated[str, Form(max_length=4000)]
_LIST_NOTICES: Final = ("claimed", "taken", "closed", "full")
_CASE_NOTICES: Final = (
    *("claimed", "recorded", "decided", "closed", "undone", "taken", "late"),
    *("full", "released", "transferred"),
)


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid("not a version", field="version")
    return int(text)


def _case_page(case: str, done: str) -> Response:
    return see(f"/staff/cases/{quote(case, safe='')}?done={done}")


@router.get("")
def work_list(
    request: Request,
    session: Nurse,
    services: Service,
    kind: str = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    whole: str = "",
    done: str = "",
    case: Annotated[str, Query(max_length=64)] = "",
    version: Annotated[int, Query(ge=0, le=999_999_999)] = 0,
) -> Response:
    """The cases, red first, with the reason of each in one line; as many as one nurse can take, unless she asks."""
    view = services.work_list(session, kind if kind in KINDS else "", page, whole=whole == "1")
    notice = cast("Literal['claimed', 'taken', 'closed', 'full']", done) if done in _LIST_NOTICES else ""
    ask = case if notice == "full" else ""
    return html(request, "work_list", replace(view, notice=notice, ask=ask, ask_version=version))


@router.get("/list.csv")
def own_list(session: Nurse, services: Service) -> Response:
    """The nurse's own open cases as a table for her own work."""
    header, *rows = services.own_list(session)
    return table("cases", [str(cell) for cell in header], rows)


@router.get("/cases/{case}")
def case_page(request: Request, session: Nurse, services: Service, case: str, done: str = "") -> Response:
    """One case."""
    notice = cast("Literal['claimed', 'late']", done) if done in _CASE_NOTICES else ""
    try:
        view = services.case(session, case)
    except NotFound:
        return html(request, "case_gone", Gone(), status=404)
    return html(request, "case", replace(view, notice=notice))


@router.post("/cases/{case}/claim", dependencies=[Depends(checked_form)])
def claim(
    session: Nurse,
    services: Service,
    case: str,
    version: _Text = "",
    kind: _Text = "",
    back: _Text = "",
    sure: _Text = "",
) -> Response:
    """Take a case, unless somebody was quicker; beyond her capacity the nurse is asked once more."""
    number, more = _version(version), ""
    try:
        services.claim(session, case, number, sure=sure == "1")
        done = "claimed"
    except Conflict:
        done = "taken"
    except Refused:
        done, more = "full", f"&case={quote(case, safe='')}&version={number}"
    if back == "case":
        return _case_page(case, done)
    return see(f"/staff?kind={kind if kind in KINDS else ''}&done={done}{more}")


@router.post("/cases/{case}/transfer", dependencies=[Depends(checked_form)])
def transfer(
    request: Request, session: Nurse, services: Service, case: str, colleague: _Text = ""
) -> Response:
    """Hand a case to a colleague."""
    try:
        services.transfer(session, case, colleague)
    except Invalid:
        return _again(request, session, services, case, {"colleague": "choose"})
    except (Conflict, Refused):
        return _case_page(case, "taken")
    return _case_page(case, "transferred")


@router.post("/cases/{case}/release", dependencies=[Depends(checked_form)])
def release(session: Nurse, services: Service, case: str) -> Response:
    """Give a case back to all."""
    try:
        services.give_back(session, case)
    except Conflict:
        return _case_page(case, "taken")
    return _case_page(case, "released")


@router.post("/cases/{case}/contacts", dependencies=[Depends(checked_form)])
def record_contact(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    way: _Text = "",
    outcome: _Text = "",
    memo: _Text = "",
    said: _Text = "",
    quick: _Text = "",
) -> Response:
    """Record a call, visit, letter or message: with one button, or with a sentence of the list and a memo."""
    if quick in WORDS["quick-contact"]:
        way, _, outcome = quick.partition(".")
    problems = {
        name: "choose" for name, value, words in (("way", way, "contact"), ("outcome", outcome, "outcome"))
        if value not in WORDS[words]
    }  # fmt: skip
    if len(memo) > 2000:
        problems["memo"] = "too-long"
    typed = {"memo": memo, "said": said}
    if problems:
        return _again(request, session, services, case, problems, typed)
    parts = (WORDS["contact-note"].get(said, ""), memo.strip())
    contact = Contact(
        cast("Literal['phone', 'visit', 'letter', 'message']", way),
        cast("Literal['reached', 'not-reached', 'returned']", outcome),
        " ".join(part for part in parts if part),
    )
    try:
        services.record_contact(session, case, contact)
    except Invalid:
        return _again(request, session, services, case, {"outcome": "choose"}, typed)
    except Conflict:
        return _again(request, session, services, case, {}, typed)
    return _case_page(case, "recorded")


@router.post("/cases/{case}/decision", dependencies=[Depends(checked_form)])
def decide(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    version: _Text = "",
    decision: _Text = "",
    reason: _Text = "",
) -> Response:
    """Record what the nurse decided and why: the software only proposed."""
    problems = _with_reason("decision", decision, "decision-reason", reason)
    typed = {"decision": decision, "decision-reason": reason}
    if problems:
        return _again(request, session, services, case, problems, typed)
    try:
        services.decide_case(session, case, _version(version), decision, reason.strip())
    except Conflict:
        return _again(request, session, services, case, {}, typed)
    return _case_page(case, "decided")


@router.post("/cases/{case}/close", dependencies=[Depends(checked_form)])
def close(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    version: _Text = "",
    outcome: _Text = "",
    reason: _Text = "",
) -> Response:
    """Close a case with a reason; it stays closed until new data."""
    problems = _with_reason("close", outcome, "close-reason", reason)
    typed = {"close": outcome, "close-reason": reason}
    if problems:
        return _again(request, session, services, case, problems, typed)
    try:
        services.close_case(session, case, _version(version), outcome, reason.strip())
    except Conflict:
        return _again(request, session, services, case, {}, typed)
    return _case_page(case, "closed")


@router.post("/cases/{case}/undo", dependencies=[Depends(checked_form)])
def undo(session: Nurse, services: Service, case: str, event: _Text = "") -> Response:
    """Take back a wrong click."""
    try:
        services.undo(session, case, event[:64])
    except Refused:
        return _case_page(case, "late")
    except Conflict:
        return _case_page(case, "taken")
    return _case_page(case, "undone")


def _with_reason(table: str, chosen: str, reason_field: str, reason: str) -> dict[str, str]:
    problems: dict[str, str] = {}
    if chosen not in WORDS[table]:
        problems[table] = "choose"
    if not reason.strip():
        problems[reason_field] = "needed"
    elif len(reason) > 1000:
        problems[reason_field] = "too-long"
    return problems


def _again(
    request: Request,
    session: Session,
    services: Services,
    case: str,
    problems: dict[str, str],
    typed: dict[str, str] | None = None,
) -> Response:
    """The case with what was typed, so that nobody writes twice; without a problem somebody else was quicker."""
    view: Case = replace(services.case(session, case), problems=problems or None, typed=typed)
    if problems:
        return html(request, "case", view, status=422)
    return html(request, "case", replace(view, notice="taken"), status=409)
