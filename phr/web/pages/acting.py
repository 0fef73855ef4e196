"""Switching to the record of somebody for whom one acts, and back."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Form
from fastapi.responses import Response

from phr.errors import NotFound
from phr.web.answer import Resident, Service, see
from phr.web.forms import checked_form
from phr.web.routing import page_router

router = page_router(prefix="/acting")


@router.post("", dependencies=[Depends(checked_form)])
def act(session: Resident, services: Service, person: Annotated[str, Form(max_length=64)] = "") -> Response:
    """Switch to the record of somebody for whom one acts."""
    try:
        services.act_for(session, person)
    except NotFound:
        return see("/family?notice=acting-over")
    return see("/today")


@router.post("/end", dependencies=[Depends(checked_form)])
def back(session: Resident, services: Service) -> Response:
    """Back to the own record."""
    services.act_for_oneself(session)
    return see("/family")
