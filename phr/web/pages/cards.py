"""The page of cards for shared gateway boxes: make one, print it, see when it was shown, end it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Form, Request
from fastapi.responses import Response

from phr.errors import NotFound
from phr.web.answer import Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router()
_PAGE: Final = "/connect/cards"


@router.get(_PAGE)
def cards(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """The own cards that work."""
    known = notice if notice in SENTENCES["card-notice"] else ""
    return html(request, "cards", services.cards(session, known))


@router.post(_PAGE, dependencies=[Depends(checked_form)])
def make(
    request: Request,
    session: Resident,
    services: Service,
    label: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Make a card. Its code is in this one answer and nowhere else, so the answer is the page itself."""
    return html(request, "cards", services.new_card(session, label.strip()))


@router.post("/connect/cards/end", dependencies=[Depends(checked_form)])
def end(session: Resident, services: Service, card: Annotated[str, Form(max_length=64)] = "") -> Response:
    """End a card now; a second time changes nothing."""
    try:
        services.end_card(session, card)
    except NotFound:
        return see(f"{_PAGE}?notice=gone")
    return see(f"{_PAGE}?notice=ended")
