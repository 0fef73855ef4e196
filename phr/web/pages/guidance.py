"""What nurses and residents see and do in specific health guidance (特定保健指導)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Final, cast
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.web.answer import Nurse, Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.guidance_form import STEPS, event_typed
from phr.web.ports import Services, Session
from phr.web.routing import page_router
from phr.web.views.guidance import Notice

router = page_router()
_NOTICES: Final = ("recorded", "undone", "taken", "late", "refused")
_MOST: Final = 40  # fields of the longest form, and some
_LONGEST: Final = 4000
_Text = Annotated[str, Form(max_length=200)]


async def typed_form(request: Request) -> dict[str, str]:
    """The texts of a form; files and what no form of ours has are left out."""
    form = await request.form(max_files=0, max_fields=_MOST)
    return {key: value[:_LONGEST] for key, value in form.items() if isinstance(value, str)}


_Typed = Annotated[dict[str, str], Depends(typed_form)]


@router.get("/guidance")
def own(request: Request, session: Resident, services: Service) -> Response:
    """The resident's own plan, goals and next appointment."""
    return html(request, "guidance_own", services.own_guidance(session))


@router.get("/staff/guidance")
def courses(request: Request, session: Nurse, services: Service, ended: str = "") -> Response:
    """The courses, evaluations that are due first."""
    return html(request, "guidance_list", services.guidance_courses(session, ended=ended == "1"))


@router.post("/staff/guidance", dependencies=[Depends(checked_form)])
def propose(session: Nurse, services: Service, case: _Text = "", licence: _Text = "") -> Response:
    """Begin the course of a case of the work list."""
    try:
        course = services.propose_guidance(session, case, licence)
    except (Conflict, Refused, Invalid):
        return see(f"/staff/cases/{quote(case, safe='')}#guidance")
    return _course(course, "recorded")


@router.get("/staff/guidance/{course}")
def course_page(request: Request, session: Nurse, services: Service, course: str, done: str = "") -> Response:
    """One course: plan, contacts with their points, what is missing, and the next step."""
    notice = cast("Notice", done) if done in _NOTICES else ""
    return html(request, "guidance_course", replace(services.guidance_course(session, course), notice=notice))


@router.post("/staff/guidance/{course}/close", dependencies=[Depends(checked_form)])
def close(
    session: Nurse, services: Service, course: str, version: _Text = "", licence: _Text = ""
) -> Response:
    """End an evaluated course; whether it is complete follows from the points."""
    try:
        services.close_guidance(session, course, _version(version), licence)
    except Conflict:
        return _course(course, "taken")
    return _course(course, "recorded")


@router.post("/staff/guidance/{course}/undo", dependencies=[Depends(checked_form)])
def undo(
    session: Nurse, services: Service, course: str, version: _Text = "", licence: _Text = ""
) -> Response:
    """Take back a wrong click."""
    try:
        services.undo_guidance(session, course, _version(version), licence)
    except Conflict:
        return _course(course, "late")
    return _course(course, "undone")


@router.post("/staff/guidance/{course}/{step}", dependencies=[Depends(checked_form)])
def record(
    request: Request, session: Nurse, services: Service, course: str, step: str, typed: _Typed
) -> Response:
    """Record a step of the course, or show its form again with what is wrong."""
    if step not in STEPS:
        raise NotFound("no such step")
    event = event_typed(step, typed)
    if isinstance(event, dict):
        return _again(request, session, services, course, step, typed, event)
    licence = typed.get("licence", "")
    try:
        services.record_guidance(session, course, _version(typed.get("version", "")), licence, event)
    except Invalid as error:
        return _again(request, session, services, course, step, typed, {_field(error): "refused"})
    except Conflict:
        return _course(course, "taken")
    except Refused:
        return _course(course, "refused")
    return _course(course, "recorded")


def _field(error: Invalid) -> str:
    return {"goals": "goal1", "kcal_day": "kcal1", "habits": "result"}.get(error.field, error.field or "day")


def _version(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Conflict("not a version of this page")
    return int(text)


def _course(course: str, done: str) -> Response:
    return see(f"/staff/guidance/{quote(course, safe='')}?done={done}")


def _again(
    request: Request,
    session: Session,
    services: Services,
    course: str,
    step: str,
    typed: Mapping[str, str],
    problems: Mapping[str, str],
) -> Response:
    view = services.guidance_course(session, course)
    shown = replace(view, problems=problems, typed=typed, form=step)
    return html(request, "guidance_course", shown, status=422)
