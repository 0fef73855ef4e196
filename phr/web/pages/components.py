"""The living list of the parts that pages are made of, for those who build and judge them."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from phr.web.answer import Operator, html
from phr.web.routing import page_router
from phr.web.views.components import COMPONENTS

router = page_router()


@router.get("/components")
def components(request: Request, _session: Operator) -> Response:
    """Every part of the pages in each of its states, with invented values."""
    return html(request, "components", COMPONENTS)
