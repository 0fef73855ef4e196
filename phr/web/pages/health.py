"""The pages of scores and questionnaires: for residents, and for staff who copy paper and read the points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Final, Literal, cast
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request
from fastapi.responses import Response

from phr.domain.paper_forms import number_in
from phr.domain.questionnaires import Answers
from phr.domain.risk_picture import QUESTIONS
from phr.errors import Invalid, NotAllowed
from phr.web.answer import Nurse, Resident, Service, html, locale_of, see
from phr.web.forms import checked_form, number_typed
from phr.web.headers import PAGE_HEADERS
from phr.web.pages.paper import Copier
from phr.web.ports import Services, Session
from phr.web.ports.health import PaperForm
from phr.web.questionnaire_form import LONGEST, field_of, only_open, read_form
from phr.web.routing import page_router
from phr.web.views.health import Filling

router = page_router()
_PURPOSE: Final = "risk"
_Text = Annotated[str, Form(max_length=200)]
_Number = Annotated[str, Query(alias="for", max_length=100)]
_Ident = Annotated[str, Query(max_length=64)]


async def _typed(request: Request) -> dict[str, str]:
    """Every text of the form that was sent, cut to what any answer needs."""
    form = await request.form(max_files=0, max_fields=200)
    return {name: value[:LONGEST] for name, value in form.items() if isinstance(value, str)}


_Typed = Annotated[dict[str, str], Depends(_typed)]


@router.get("/risk")
def risk(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The published score: off until asked for."""
    notice = cast("Literal['on', 'off']", done) if done in {"on", "off"} else ""
    return html(request, "risk", replace(services.risk(session, {}), done=notice))


@router.post("/risk", dependencies=[Depends(checked_form)])
def risk_with_answers(request: Request, session: Resident, services: Service, typed: _Typed) -> Response:
    """The same with answers to what the check-up did not ask; they are used once and not kept."""
    answers = {key: typed[key] == "yes" for key in QUESTIONS if typed.get(key) in {"yes", "no"}}
    return html(request, "risk", services.risk(session, answers))


@router.post("/risk/decision", dependencies=[Depends(checked_form)])
def decide_risk(
    session: Resident, services: Service, on: _Text = "", version: _Text = "", read: _Text = ""
) -> Response:
    """Ask for the score, or stop it: the decision of the page of sharing. Stopping needs nothing."""
    if on not in {"0", "1"} or not (version.isascii() and version.isdigit()):
        raise Invalid("not a decision of this page", field="on")
    if on == "1" and read != "1":
        return see("/risk")
    services.share(session, _PURPOSE, on=on == "1", version=int(version[:9]))
    return see("/risk?done=on" if on == "1" else "/risk?done=off")


@router.get("/questionnaires")
def questionnaires(request: Request, session: Resident, services: Service) -> Response:
    """Every questionnaire."""
    return html(request, "questionnaires", services.questionnaires(session))


@router.get("/questionnaires/{name}")
def questionnaire(request: Request, session: Resident, services: Service, name: str) -> Response:
    """The empty form."""
    return html(request, "questionnaire", services.questionnaire(session, name))


@router.post("/questionnaires/{name}", dependencies=[Depends(checked_form)])
def answer(request: Request, session: Resident, services: Service, name: str, typed: _Typed) -> Response:
    """Store the answers, or show the draft again with what is wrong."""
    blank = services.questionnaire(session, name)
    answers, problems = read_form(blank.questions, typed)
    if _must_ask(answers, problems, typed):
        return _again(request, blank, typed, problems)
    try:
        ident = services.answer(session, name, answers)
    except (Invalid, NotAllowed) as error:
        return _again(request, blank, typed, _refused(error, blank))
    return see(f"/questionnaires/{quote(name, safe='')}/result?saved=1&answer={quote(ident, safe='')}")


def _must_ask(answers: Answers, problems: Mapping[str, str], typed: Mapping[str, str]) -> bool:
    """Whether the form goes back: something is wrong, nothing is answered, or questions are open and not left out on purpose."""
    if not answers.chosen and not answers.body:
        return True
    return bool(problems) and not (typed.get("skip") == "1" and only_open(problems))


def _refused(error: Invalid | NotAllowed, blank: Filling) -> dict[str, str]:
    """The field to mend: that of the number on paper, the question about the body, or consent."""
    if isinstance(error, NotAllowed):
        return {"patient": "no-record"} if blank.staff else {"consent": "no-consent-answers"}
    if error.field in {"patient", "day"}:
        return {error.field: "no-record" if error.field == "patient" else "not-a-day"}
    numbers = [field_of(each.number) for each in blank.questions]
    place = f"q{error.field.removeprefix('item ').partition('.')[0]}"
    return {place if place in numbers else "height_cm": "refused"}


def _again(
    request: Request, blank: Filling, typed: Mapping[str, str], problems: Mapping[str, str]
) -> Response:
    view = replace(blank, typed=typed, problems=dict(problems))
    return html(request, "questionnaire_staff" if blank.staff else "questionnaire", view, status=422)


@router.get("/questionnaires/{name}/result")
def result(
    request: Request,
    session: Resident,
    services: Service,
    name: str,
    saved: str = "",
    answer: _Ident = "",
) -> Response:
    """What the answers say, area by area, and when it was answered before."""
    view = services.answered(session, name, answer)
    return html(request, "questionnaire_result", replace(view, saved=saved == "1"))


@router.get("/questionnaires/{name}/paper.pdf")
def paper(request: Request, session: Resident, services: Service, name: str) -> Response:
    """The paper twin, with the number of the record."""
    return _pdf(services, session, name, locale_of(request))


@router.get("/staff/questionnaires/{name}")
def questionnaire_for_staff(
    request: Request, session: Copier, services: Service, name: str, patient: _Number = ""
) -> Response:
    """The form for what somebody answered on paper; the square code of the sheet fills in the number."""
    view = replace(services.questionnaire(session, name), typed={"patient": patient})
    return html(request, "questionnaire_staff", view)


@router.post("/staff/questionnaires/{name}", dependencies=[Depends(checked_form)])
def copy_paper(request: Request, session: Copier, services: Service, name: str, typed: _Typed) -> Response:
    """Store a paper form. Questions left empty on paper stay empty."""
    blank = services.questionnaire(session, name)
    answers, problems = read_form(blank.questions, typed)
    patient, born, day = number_in(typed.get("patient", "")), _day(typed, "born"), _day(typed, "day")
    if not patient:
        problems["patient"] = "needed"
    for field, value in (("born", born), ("day", day)):
        if value is None:
            problems[field] = "not-a-day"
    if _must_ask(answers, problems, typed) or born is None or day is None:
        return _again(request, blank, typed, problems)
    try:
        ident = services.copy_paper(session, name, PaperForm(patient, born, day, answers))
    except (Invalid, NotAllowed) as error:
        return _again(request, blank, typed, _refused(error, blank))
    if session.role != "nurse":  # the counter copies answers and reads no points
        return see("/staff/paper?done=sheet&stored=1")
    place = f"/staff/people/{quote(patient, safe='')}/questionnaires/{quote(name, safe='')}"
    return see(f"{place}?saved=1&answer={quote(ident, safe='')}")


def _day(typed: Mapping[str, str], field: str) -> date | None:
    try:
        return date.fromisoformat(typed.get(field, "").strip())
    except ValueError:
        return None


@router.get("/staff/questionnaires/{name}/paper.pdf")
def blank_paper(request: Request, session: Copier, services: Service, name: str) -> Response:
    """A blank sheet for the counter."""
    return _pdf(services, session, name, locale_of(request))


@router.get("/staff/people/{patient}/questionnaires/{name}")
def points(
    request: Request,
    session: Nurse,
    services: Service,
    patient: str,
    name: str,
    saved: str = "",
    answer: _Ident = "",
) -> Response:
    """A person's answers with the points of each criterion."""
    view = services.answered_by(session, name, patient, answer)
    return html(request, "questionnaire_points", replace(view, saved=saved == "1"))


@router.get("/staff/cases/{case}/questionnaires")
def questionnaires_of_case(session: Nurse, services: Service, case: str) -> Response:
    """From a case to the person's answers."""
    return see(f"/staff/people/{quote(services.patient_of(session, case), safe='')}/questionnaires/kihon")


@router.get("/staff/cases/{case}/home-blood-pressure")
def home_target_of_case(session: Nurse, services: Service, case: str) -> Response:
    """From a case to the person's home blood pressure."""
    return see(f"/staff/people/{quote(services.patient_of(session, case), safe='')}/home-blood-pressure")


@router.get("/staff/people/{patient}/home-blood-pressure")
def home_target(
    request: Request, session: Nurse, services: Service, patient: str, saved: str = ""
) -> Response:
    """A person's week of home blood pressure, and the goal that was set."""
    view = services.home_target(session, patient)
    return html(request, "home_target", replace(view, saved=saved == "1"))


@router.post("/staff/people/{patient}/home-blood-pressure", dependencies=[Depends(checked_form)])
def set_home_target(
    request: Request, session: Nurse, services: Service, patient: str, typed: _Typed
) -> Response:
    """Set the goal, or end it."""
    here = f"/staff/people/{quote(patient, safe='')}/home-blood-pressure"
    if typed.get("end") == "1":
        services.set_home_target(session, patient, None)
        return see(f"{here}?saved=1")
    upper, lower = number_typed(typed.get("systolic", "")), number_typed(typed.get("diastolic", ""))
    problems = {
        name: "not-a-number" for name, value in (("systolic", upper), ("diastolic", lower)) if value is None
    }
    if upper is not None and lower is not None:
        try:
            services.set_home_target(session, patient, (upper, lower))
        except Invalid as error:
            problems = {error.field if error.field in {"systolic", "diastolic"} else "systolic": "refused"}
        else:
            return see(f"{here}?saved=1")
    view = replace(services.home_target(session, patient), typed=typed, problems=problems)
    return html(request, "home_target", view, status=422)


def _pdf(services: Services, session: Session, name: str, language: str) -> Response:
    made = services.paper(session, name, language)
    headers = {**PAGE_HEADERS, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)
