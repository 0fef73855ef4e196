"""Acting for somebody on the pages: what is closed while one does, and what an ended right leads to."""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from phr.domain.family.acting import Reach
from phr.web.answer import html, see
from phr.web.forms import session_of

OPEN: Final = frozenset(
    {
        "/",
        "/acting",
        "/acting/end",
        "/language",
        "/manifest.webmanifest",
        "/offline",
        "/service_worker.js",
        "/session",
        "/session/end",
        "/session/stay",
        "/sign-in",
    }
)
"""What shows nobody's data: it stays open whoever the session acts for."""


class Closed(Exception):
    """A page that is not within what somebody may do for another person, and why."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(reach)
        self.reach = reach


class Over(Exception):
    """The right to act ended; the session is back with its own person, and nothing of this request was done."""


def within(request: Request) -> None:
    """Closes every page that a session which acts for somebody may not use; whatever is not known is closed."""
    session = session_of(request)
    path = request.url.path
    if session is None or path in OPEN:
        return
    if session.over:
        raise Over
    if session.acting is not None:
        reach = session.acting.reach(path, request.method)
        if reach != "within":
            raise Closed(reach)


async def closed_page(request: Request, error: Exception) -> Response:
    """Says plainly what this page is not, and how to go back to the own record."""
    reach = error.reach if isinstance(error, Closed) else "outside"
    return html(request, "acting_closed", reach, status=403)


async def over_page(_request: Request, _error: Exception) -> Response:
    """To the page of the family, which says that it is over."""
    return see("/family?notice=acting-over")
