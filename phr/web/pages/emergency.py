"""Pages of the emergency card: read, also without network; written; printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.responses import Response

from phr.domain.emergency import BLOOD, FIELDS
from phr.errors import Invalid, NotFound
from phr.web.answer import Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.headers import PAGE_HEADERS
from phr.web.routing import page_router
from phr.web.views.emergency import EmergencyForm

router = page_router()
_PAGE: Final = "/emergency"
_LONGEST: Final = 2000


async def _typed(request: Request) -> dict[str, str]:
    """The fields of the form; what it does not have is not looked at."""
    form = await request.form()
    return {name: str(form.get(name, ""))[:_LONGEST] for name in FIELDS}


Typed = Annotated[dict[str, str], Depends(_typed)]


@router.get(_PAGE)
def card(request: Request, session: Resident, services: Service, done: str = "") -> Response:
    """The card."""
    view = services.emergency_card(session)
    return html(request, "emergency_card", replace(view, notice="saved" if done == "saved" else ""))


@router.get("/emergency/edit")
def edit(request: Request, session: Resident, services: Service) -> Response:
    """The form with what is on the card."""
    return html(request, "emergency_edit", _form(services.emergency_card(session).fields, {}))


@router.post(_PAGE, dependencies=[Depends(checked_form)])
def save(request: Request, session: Resident, services: Service, typed: Typed) -> Response:
    """Keep the card, or show the form again with what is wrong."""
    try:
        services.keep_emergency_card(session, typed)
    except Invalid as error:
        field = error.field or "note"
        code = "no-consent" if field == "consent" else "too-long"
        return html(request, "emergency_edit", _form(typed, {field: code}), status=422)
    return see(f"{_PAGE}?done=saved")


@router.get("/emergency/card-{paper}.pdf")
def printed(session: Resident, services: Service, paper: str) -> Response:
    """The card on paper."""
    if paper not in {"a4", "a6"}:
        raise NotFound("no such paper")
    made = services.emergency_card_pdf(session, paper)
    headers: dict[str, Any] = {**PAGE_HEADERS, "Content-Disposition": 'inline; filename="emergency-card.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _form(fields: Mapping[str, str], problems: Mapping[str, str]) -> EmergencyForm:
    return EmergencyForm(fields, FIELDS, BLOOD, problems)
