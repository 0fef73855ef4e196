"""The nurse's pages: the work list and the case."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final, Literal, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, Refused
from phr.web.answer import Nurse, Service, html, see
from phr.web.forms import checked_form
from phr.web.ports import Contact, Services, Session
from phr.web.views.staff import KINDS, Case
from phr.web.words import WORDS

router = APIRouter(prefix="/staff")
_Text = Annotated[str, Form(max_length=4000)]
_LIST_NOTICES: Final = ("claimed", "taken", "closed")
_CASE_NOTICES: Final = ("claimed", "recorded", "decided", "closed", "undone", "taken", "late")


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
    done: str = "",
) -> Response:
    """The cases, red first, with the reason of each in one line."""
    view = services.work_list(session, kind if kind in KINDS else "", page)
    notice = cast("Literal['claimed', 'taken', 'closed']", done) if done in _LIST_NOTICES else ""
    return html(request, "work_list", replace(view, notice=notice))


@router.get("/cases/{case}")
def case_page(request: Request, session: Nurse, services: Service, case: str, done: str = "") -> Response:
    """One case."""
    notice = cast("Literal['claimed', 'late']", done) if done in _CASE_NOTICES else ""
    return html(request, "case", replace(services.case(session, case), notice=notice))


@router.post("/cases/{case}/claim", dependencies=[Depends(checked_form)])
def claim(
    session: Nurse,
    services: Service,
    case: str,
    version: _Text = "",
    kind: _Text = "",
    back: _Text = "",
) -> Response:
    """Take a case, unless somebody was quicker."""
    try:
        services.claim(session, case, _version(version))
        done = "claimed"
    except Conflict:
        done = "taken"
    if back == "case":
        return _case_page(case, done)
    return see(f"/staff?kind={kind if kind in KINDS else ''}&done={done}")


@router.post("/cases/{case}/contacts", dependencies=[Depends(checked_form)])
def record_contact(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    way: _Text = "",
    outcome: _Text = "",
    memo: _Text = "",
) -> Response:
    """Record a call, visit, letter or message."""
    problems = {
        name: "choose" for name, value, words in (("way", way, "contact"), ("outcome", outcome, "outcome"))
        if value not in WORDS[words]
    }  # fmt: skip
    if len(memo) > 2000:
        problems["memo"] = "too-long"
    if problems:
        return _again(request, session, services, case, problems)
    contact = Contact(
        cast("Literal['phone', 'visit', 'letter', 'message']", way),
        cast("Literal['reached', 'not-reached']", outcome),
        memo.strip(),
    )
    services.record_contact(session, case, contact)
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
    if problems:
        return _again(request, session, services, case, problems)
    try:
        services.decide_case(session, case, _version(version), decision, reason.strip())
    except Conflict:
        return _case_page(case, "taken")
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
    if problems:
        return _again(request, session, services, case, problems)
    try:
        services.close_case(session, case, _version(version), outcome, reason.strip())
    except Conflict:
        return _case_page(case, "taken")
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
    request: Request, session: Session, services: Services, case: str, problems: dict[str, str]
) -> Response:
    view: Case = replace(services.case(session, case), problems=problems)
    return html(request, "case", view, status=422)
