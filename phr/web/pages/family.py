"""The pages of families: those for whom one acts, a child's record, check-ins, the tooth-brushing game, and the nurse's list."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Conflict, Invalid, NotAllowed
from phr.web.answer import Nurse, Resident, Service, html, see
from phr.web.forms import checked_form, number_typed
from phr.web.ports import Services, Session
from phr.web.ports.family import CheckInAnswers
from phr.web.routing import page_router
from phr.web.views.family import Entry

router = page_router()
_Text = Annotated[str, Form(max_length=2000)]
_FORM: Final = [Depends(checked_form)]
_NOTICES: Final = frozenset({"saved", "brushed", "answered", "late", "no-consent", "acting-over"})
_STAFF_NOTICES: Final = frozenset({"sent", "waiting", "refused"})
_RANGES: Final = {"weight": (0.3, 200.0), "height": (20.0, 220.0)}
_PROBLEMS: Final = {"consent": "no-consent", "day": "not-a-day", "vaccine": "choose", "lot": "too-long"}


async def _all_typed(request: Request) -> dict[str, str]:
    """Everything that a form sent as text, for forms whose fields come from a table."""
    form = await request.form()
    return {name: value[:2000] for name, value in form.items() if isinstance(value, str) and name != "csrf"}


_Typed = Annotated[dict[str, str], Depends(_all_typed)]


def _child_page(child: str, notice: str) -> Response:
    return see(f"/family/{quote(child, safe='')}?notice={notice}")


@router.get("/family")
def family(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """For whom one acts, what was asked of one, and who acts for oneself."""
    view = services.family(session)
    return html(request, "family", replace(view, notice=notice if notice in _NOTICES else ""))


@router.get("/family/check-ins/{check_in}")
def check_in(request: Request, session: Resident, services: Service, check_in: str) -> Response:
    """A check-in to answer."""
    return html(request, "checkin", services.check_in(session, check_in))


@router.post("/family/check-ins/{check_in}", dependencies=_FORM)
def answer(request: Request, session: Resident, services: Service, check_in: str, typed: _Typed) -> Response:
    """Answer a check-in; what must not wait stands in this very answer."""
    view = services.check_in(session, check_in)
    if view.outcome:
        return see("/family?notice=late")
    chosen = {question.key: typed.get(question.key, "") for question in view.questions}
    answers = CheckInAnswers(chosen, typed.get("note", "").replace("\r\n", "\n"), typed.get("call") == "1")
    try:
        return html(request, "checkin", services.answer_check_in(session, check_in, answers))
    except Invalid as error:
        problem = {"note": "too-long", "consent": "no-consent"}.get(error.field, "choose")
        entry = Entry("check-in", typed, {error.field: problem})
        return html(request, "checkin", replace(view, entry=entry), status=422)
    except Conflict:
        return see("/family?notice=late")


@router.get("/family/{child}")
def child_page(
    request: Request, session: Resident, services: Service, child: str, notice: str = ""
) -> Response:
    """A child's record."""
    view = services.child(session, child)
    return html(request, "child", replace(view, notice=notice if notice in _NOTICES else ""))


@router.post("/family/{child}/measures", dependencies=_FORM)
def add_measures(
    request: Request,
    session: Resident,
    services: Service,
    child: str,
    day: _Text = "",
    weight: _Text = "",
    height: _Text = "",
) -> Response:
    """Write down weight or height."""
    typed = {"day": day, "weight": weight, "height": height}
    on, problems = _day(day), {}
    if on is None:
        problems["day"] = "not-a-day"
    values = {}
    for name, (low, high) in _RANGES.items():
        if not typed[name].strip():
            continue
        value = number_typed(typed[name])
        if value is None:
            problems[name] = "not-a-number"
        elif not low <= value <= high:
            problems[name] = "out-of-range"
        else:
            values[name] = value
    if not values and not problems:
        problems["weight"] = "empty"
    if problems or on is None:
        return _again(request, session, services, child, Entry("measures", typed, problems))
    try:
        services.add_measures(session, child, on, values)
    except Invalid as error:
        return _again(request, session, services, child, Entry("measures", typed, _refused(error)))
    return _child_page(child, "saved")


@router.post("/family/{child}/vaccinations", dependencies=_FORM)
def add_vaccination(
    request: Request,
    session: Resident,
    services: Service,
    child: str,
    vaccine: _Text = "",
    given: _Text = "",
    lot: _Text = "",
) -> Response:
    """Write down a vaccination from the paper handbook."""
    typed = {"vaccine": vaccine, "given": given, "lot": lot}
    on = _day(given)
    if on is None or not vaccine:
        problems = {} if on is not None else {"given": "not-a-day"}
        problems |= {} if vaccine else {"vaccine": "choose"}
        return _again(request, session, services, child, Entry("vaccination", typed, problems))
    try:
        services.add_vaccination(session, child, vaccine, on, lot.strip())
    except Invalid as error:
        found = {"given" if field == "day" else field: word for field, word in _refused(error).items()}
        return _again(request, session, services, child, Entry("vaccination", typed, found))
    return _child_page(child, "saved")


@router.post("/family/{child}/birth-record", dependencies=_FORM)
def put_birth_record(
    request: Request, session: Resident, services: Service, child: str, typed: _Typed
) -> Response:
    """Write down the weeks of pregnancy and the days of check-ups."""
    view = services.child(session, child)
    problems: dict[str, str] = {}
    days = {}
    for name in view.check_ups:
        text = typed.get(name, "").strip()
        on = _day(text)
        if text and on is None:
            problems[name] = "not-a-day"
        elif on is not None:
            days[name] = on
    number = number_typed(typed.get("weeks", ""))
    if typed.get("weeks", "").strip() and (number is None or number != int(number)):
        problems["weeks"] = "not-a-number"
    if not problems:
        try:
            services.put_birth_record(session, child, None if number is None else int(number), days)
        except Invalid as error:
            known = {*view.check_ups, "weeks"}
            field = error.field if error.field in known else "weeks"
            problems[field] = _PROBLEMS.get(error.field, "out-of-range")
        else:
            return _child_page(child, "saved")
    return _again(request, session, services, child, Entry("birth-record", typed, problems))


@router.get("/family/{child}/brushing")
def brushing(
    request: Request, session: Resident, services: Service, child: str, notice: str = ""
) -> Response:
    """The game of a child, for the phone of who acts for it."""
    return _game(request, session, services, child, notice)


@router.post("/family/{child}/brushing", dependencies=_FORM)
def brush(session: Resident, services: Service, child: str, day: _Text = "", time: _Text = "") -> Response:
    """Note one brushing of a child."""
    return _brush(session, services, child, f"/family/{quote(child, safe='')}/brushing", day, time)


@router.get("/brushing")
def own_brushing(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """The child's own page: big buttons and no names."""
    return _game(request, session, services, "", notice)


@router.post("/brushing", dependencies=_FORM)
def own_brush(session: Resident, services: Service, day: _Text = "", time: _Text = "") -> Response:
    """Note one's own brushing."""
    return _brush(session, services, "", "/brushing", day, time)


@router.get("/staff/families")
def staff_families(request: Request, session: Nurse, services: Service, notice: str = "") -> Response:
    """The families that the nurse may see, and what they answered."""
    view = services.staff_families(session)
    return html(request, "family_staff", replace(view, notice=notice if notice in _STAFF_NOTICES else ""))


@router.post("/staff/families/check-ins", dependencies=_FORM)
def send_check_in(session: Nurse, services: Service, guardian: _Text = "", child: _Text = "") -> Response:
    """Send a check-in."""
    try:
        services.send_check_in(session, guardian, child)
    except Conflict:
        return see("/staff/families?notice=waiting")
    except NotAllowed:
        return see("/staff/families?notice=refused")
    return see("/staff/families?notice=sent")


def _game(request: Request, session: Session, services: Services, child: str, notice: str) -> Response:
    view = services.brushing(session, child)
    return html(request, "brushing", replace(view, notice=notice if notice in _NOTICES else ""))


def _brush(session: Session, services: Services, child: str, page: str, day: str, time: str) -> Response:
    on = _day(day)
    if on is None:
        raise Invalid("not a day", field="day")
    try:
        services.brush(session, child, on, time)
    except Invalid as error:
        if error.field == "consent":
            return see(f"{page}?notice=no-consent")
        raise
    return see(f"{page}?notice=brushed")


def _again(request: Request, session: Session, services: Services, child: str, entry: Entry) -> Response:
    return html(request, "child", replace(services.child(session, child), entry=entry), status=422)


def _refused(error: Invalid) -> dict[str, str]:
    """Where the form says what kept an entry out."""
    field = "day" if error.field == "consent" else error.field
    return {field: _PROBLEMS.get(error.field, "refused")}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if len(text.strip()) == len("2026-01-01") else None
    except ValueError:
        return None
