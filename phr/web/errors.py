"""What the application's error handlers show on a page: the service's errors become pages that say what next."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse

from phr.web.answer import error_page

_LIKE: Final = {400: 403, 401: 403, 405: 404, 422: 409, 429: 503}
"""Pages speak of four things: not found, not allowed, changed meanwhile, trouble here."""


def html_error(request: Request, status: int) -> HTMLResponse:
    """The error page; its number is the status, its words are those of the nearest page that there is."""
    answer = error_page(request, _LIKE.get(status, status))
    answer.status_code = status
    return answer
