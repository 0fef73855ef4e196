"""The living list of the parts that pages are made of, for those who build and judge them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from phr.web.answer import Operator, html
from phr.web.views.components import COMPONENTS

router = APIRouter()


@router.get("/components")
def components(request: Request, _session: Operator) -> Response:
    """Every part of the pages in each of its states, with invented values."""
    return html(request, "components", COMPONENTS)
