"""Pages of earning points: what residents answer and type in, and the nurses' page of awards, lists, codes and goals."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from typing import Annotated, Final, Literal, cast
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotAllowed
from phr.web.answer import Nurse, Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.ports import Services, Session
from phr.web.ports.earning import PointList
from phr.web.routing import page_router
from phr.web.views.earning import StaffPoints

router = page_router()
_Text = Annotated[str, Form(max_length=4000)]
_Long = Annotated[str, Form(max_length=20_000)]
_Notice = Literal["", "released", "reversed", "goal", "room"]
_NOTICES: Final = ("released", "reversed", "goal", "room")


@router.post("/points/answer/{review}", dependencies=[Depends(checked_form)])
def answer(
    request: Request, session: Resident, services: Service, review: str, answer: _Text = ""
) -> Response:
    """Say something about an award that a person looks at."""
    try:
        services.answer_points(session, review, answer)
    except (Invalid, Conflict):
        view = replace(services.points(session), problems={f"answer-{review}": "answer"})
        return html(request, "points", view, status=422)
    return see("/points?done=answered#reviews")


@router.post("/points/attend", dependencies=[Depends(checked_form)])
def attend(request: Request, session: Resident, services: Service, code: _Text = "") -> Response:
    """Count today's class by its code."""
    try:
        word = services.attend_class(session, unicodedata.normalize("NFKC", code))
    except Invalid:
        view = replace(services.points(session), problems={"code": "class-code"})
        return html(request, "points", view, status=422)
    return see(f"/points?done={quote(word)}")


@router.get("/staff/points")
def staff_points(request: Request, session: Nurse, services: Service, done: str = "") -> Response:
    """Awards that wait for a look, and the forms for lists, codes and goals."""
    view = services.staff_points(session)
    notice = cast("_Notice", done if done in _NOTICES else "")
    return html(request, "points_staff", replace(view, notice=notice))


@router.post("/staff/points/{review}/release", dependencies=[Depends(checked_form)])
def release(request: Request, session: Nurse, services: Service, review: str, reason: _Text = "") -> Response:
    """Give a held award, or let one stand."""
    return _decided(request, session, services, review, reason, give=True)


@router.post("/staff/points/{review}/reverse", dependencies=[Depends(checked_form)])
def reverse(request: Request, session: Nurse, services: Service, review: str, reason: _Text = "") -> Response:
    """Take an award back, with a reason that the resident reads."""
    return _decided(request, session, services, review, reason, give=False)


def _decided(
    request: Request, session: Session, services: Services, review: str, reason: str, *, give: bool
) -> Response:
    try:
        given = services.decide_points(session, review, give=give, reason=reason)
    except Invalid:
        return _again(request, session, services, {f"reason-{review}": "reason"})
    except Conflict:
        return _again(request, session, services, {"review": "decided"})
    except NotAllowed as refused:
        if str(refused) != "own-review":
            raise
        return _again(request, session, services, {"review": "own-review"})
    return see(f"/staff/points?done={('released' if given else 'room') if give else 'reversed'}")


@router.post("/staff/points/list", dependencies=[Depends(checked_form)])
def enter_list(
    request: Request,
    session: Nurse,
    services: Service,
    event: _Text = "",
    day: _Text = "",
    occasion: _Text = "",
    people: _Long = "",
) -> Response:
    """Enter who took part, was screened, or moved without walking."""
    name, _, variant = event.partition(":")
    try:
        who, steps = _people(people, walked=name == "pedometer")
        listing = PointList(name, _day(day, "day"), who, occasion.strip(), variant, steps)
        counted, left_out = services.list_points(session, listing)
    except Invalid as problem:
        return _again(request, session, services, {problem.field: f"list-{problem.field}"})
    view = replace(services.staff_points(session), notice="listed", counted=counted, left_out=left_out)
    return html(request, "points_staff", view)


@router.post("/staff/points/code", dependencies=[Depends(checked_form)])
def class_code(
    request: Request, session: Nurse, services: Service, occasion: _Text = "", day: _Text = ""
) -> Response:
    """Show the code of a class for one day."""
    try:
        code = services.class_code(session, occasion.strip(), _day(day, "code-day"))
    except Invalid as problem:
        field = "code-day" if problem.field == "code-day" else "code-occasion"
        return _again(
            request, session, services, {field: "list-day" if field == "code-day" else "list-occasion"}
        )
    return html(request, "points_staff", replace(services.staff_points(session), code=code))


@router.post("/staff/points/goal", dependencies=[Depends(checked_form)])
def agree_goal(
    request: Request,
    session: Nurse,
    services: Service,
    patient: _Text = "",
    born: _Text = "",
    steps: _Text = "",
) -> Response:
    """Keep a step goal that was agreed with a person."""
    try:
        number = int(steps) if steps.isascii() and steps.isdigit() and len(steps) <= 6 else -1
        services.agree_goal(session, patient.strip(), _day(born, "born"), number)
    except Invalid as problem:
        return _again(request, session, services, {problem.field: f"goal-{problem.field}"})
    return see("/staff/points?done=goal")


def _again(request: Request, session: Session, services: Services, problems: dict[str, str]) -> Response:
    view: StaffPoints = replace(services.staff_points(session), problems=problems)
    return html(request, "points_staff", view, status=422)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("not a date", field=field) from None


def _people(text: str, *, walked: bool) -> tuple[list[tuple[str, date]], list[int]]:
    """Lines of a number and a birth date, and for a diary the steps of the day."""
    found, steps = [], []
    for line in unicodedata.normalize("NFKC", text).splitlines():
        parts = line.replace(",", " ").split()
        if not parts:
            continue
        if len(parts) != (3 if walked else 2):
            raise Invalid("is not a number and a birth date", field="people")
        found.append((parts[0], _day(parts[1], "people")))
        if walked:
            if not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) <= 6):
                raise Invalid("is not a number of steps", field="people")
            steps.append(int(parts[2]))
    return found, steps
