"""Pages of food and drink: the resident's week with the entry of a food label, and the nurse's look and plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import Invalid, NotFound
from phr.web.answer import Nurse, Resident, Service, html, see
from phr.web.forms import checked_form, number_typed
from phr.web.ports import Services, Session
from phr.web.routing import page_router
from phr.web.views.nutrition import FIELDS, FoodTyped

router = page_router()
_PAGE: Final = "/nutrition"
_Text = Annotated[str, Form(max_length=40)]
_OCCASIONS: Final = frozenset({"breakfast", "lunch", "snack", "dinner"})
_NOTICES: Final = frozenset({"saved", "water", "again", "gone"})
# What one food or drink can be at most; what no label says is a slip of the finger.
_RANGES: Final = {
    "energy": (0, 5000),
    "protein": (0, 300),
    "fat": (0, 300),
    "carbohydrate": (0, 1000),
    "salt": (0, 50),
    "water": (1, 3000),
}
_PLAN: Final = {"energy": (800, 5000), "fat": (10, 60), "protein": (5, 40), "salt": (1, 15)}
_CASE_NOTICES: Final = frozenset({"agreed", "ended"})


@router.get(_PAGE)
def food(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The week in one picture, the form, and what was written down."""
    view = services.food(session)
    return html(request, "nutrition", replace(view, notice=done if done in _NOTICES else ""))


@router.post("/nutrition/foods", dependencies=[Depends(checked_form)])
def add_food(
    request: Request,
    session: Resident,
    services: Service,
    occasion: _Text = "",
    energy: _Text = "",
    protein: _Text = "",
    fat: _Text = "",
    carbohydrate: _Text = "",
    salt: _Text = "",
    yesterday: _Text = "",
) -> Response:
    """Write down a food as its label gives it, or show the form again with what is wrong."""
    numbers = dict(zip(FIELDS, (energy, protein, fat, carbohydrate, salt), strict=True))
    typed = {**numbers, "occasion": occasion, "yesterday": yesterday}
    values, problems = _read(numbers, _RANGES, needed="energy")
    if occasion not in _OCCASIONS:
        problems["occasion"] = "choose"
    if problems:
        return _again(request, session, services, FoodTyped(typed, problems))
    try:
        services.add_food(session, occasion, values, yesterday=yesterday == "1")
    except Invalid as error:
        return _again(request, session, services, FoodTyped(typed, _refused(error)))
    return see(f"{_PAGE}?done=saved")


@router.post("/nutrition/again", dependencies=[Depends(checked_form)])
def repeat_food(
    request: Request, session: Resident, services: Service, start: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Write an earlier food down again with one press."""
    if not (start.isascii() and start.isdigit()):
        return see(f"{_PAGE}?done=gone")
    try:
        services.repeat_food(session, int(start))
    except NotFound:
        return see(f"{_PAGE}?done=gone")
    except Invalid as error:
        return _again(request, session, services, FoodTyped({}, _refused(error)))
    return see(f"{_PAGE}?done=again")


@router.post("/nutrition/water", dependencies=[Depends(checked_form)])
def add_water(request: Request, session: Resident, services: Service, water: _Text = "") -> Response:
    """Write down a drink."""
    values, problems = _read({"water": water}, _RANGES, needed="water")
    if problems:
        return _again(request, session, services, FoodTyped({"water": water}, problems))
    try:
        services.add_water(session, values["water"])
    except Invalid as error:
        return _again(request, session, services, FoodTyped({"water": water}, _refused(error, "water")))
    return see(f"{_PAGE}?done=water")


@router.get("/staff/cases/{case}/nutrition")
def case_food(request: Request, session: Nurse, services: Service, case: str, done: str = "") -> Response:
    """Food of a case's person beside weight and blood pressure, and the plan."""
    view = services.case_food(session, case)
    return html(request, "case_nutrition", replace(view, notice=done if done in _CASE_NOTICES else ""))


@router.post("/staff/cases/{case}/nutrition", dependencies=[Depends(checked_form)])
def plan_food(
    request: Request,
    session: Nurse,
    services: Service,
    case: str,
    energy: _Text = "",
    fat: _Text = "",
    protein: _Text = "",
    salt: _Text = "",
) -> Response:
    """Record the plan that nurse and person agreed on; all fields empty end it."""
    typed = {"energy": energy, "fat": fat, "protein": protein, "salt": salt}
    plan, problems = _read(typed, _PLAN)
    if problems:
        view = replace(services.case_food(session, case), form=FoodTyped(typed, problems))
        return html(request, "case_nutrition", view, status=422)
    services.plan_food(session, case, plan)
    return see(f"/staff/cases/{quote(case, safe='')}/nutrition?done={'agreed' if plan else 'ended'}")


def _read(
    typed: dict[str, str], ranges: dict[str, tuple[int, int]], *, needed: str = ""
) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers of a form and what is wrong with it; an empty field is no number and no mistake."""
    values: dict[str, float] = {}
    problems: dict[str, str] = {}
    for name, text in typed.items():
        low, high = ranges[name]
        value = number_typed(text)
        if not text.strip():
            if name == needed:
                problems[name] = "empty"
        elif value is None:
            problems[name] = "not-a-number"
        elif not low <= value <= high:
            problems[name] = "out-of-range"
        else:
            values[name] = value
    return values, problems


def _refused(error: Invalid, otherwise: str = "energy") -> dict[str, str]:
    return {otherwise: "no-consent" if error.field == "consent" else "refused"}


def _again(request: Request, session: Session, services: Services, form: FoodTyped) -> Response:
    return html(request, "nutrition", replace(services.food(session), form=form), status=422)
