"""The page of connections: how things are, the way to the cloud and back, and the end of a connection."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Query, Request
from fastapi.responses import Response

from phr.errors import Busy, NotAllowed, Refused
from phr.web.answer import Resident, Service, html, see
from phr.web.forms import checked_form
from phr.web.headers import CONTENT_SECURITY_POLICY
from phr.web.routing import page_router
from phr.web.sentences import SENTENCES

router = page_router()
_PAGE: Final = "/connect"
_Word = Annotated[str, Query(max_length=2048)]
_PROBLEMS: Final = {"no-consent": "no-consent", "attempt": "expired", "scopes": "scopes"}


@router.get(_PAGE)
def connect(request: Request, session: Resident, services: Service, notice: str = "") -> Response:
    """The connection to a data cloud, and what was not taken in."""
    known = notice if notice in SENTENCES["connect-notice"] else ""
    view = services.connection(session, known)
    answer = html(request, "connect", view)
    if view.elsewhere:  # a browser asks this policy also about where the answer to a form leads
        there = f"form-action 'self' {view.elsewhere}"
        policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", there)
        answer.headers["Content-Security-Policy"] = policy
    return answer


@router.post("/connect/google-health", dependencies=[Depends(checked_form)])
def begin(session: Resident, services: Service) -> Response:
    """Send the person to Google, to say there what may be read."""
    try:
        return see(services.connect(session))
    except NotAllowed as problem:
        return _told(_PROBLEMS.get(problem.reason, "refused"))
    except Busy:
        return _told("later")
    except Refused:
        return _told("not-ready")


@router.get("/connect/google-health/callback")
def back(
    session: Resident, services: Service, state: _Word = "", code: _Word = "", error: _Word = ""
) -> Response:
    """Take the person back from Google; what it sent counts once, for the session that began, and is not shown."""
    if error or not code:
        return _told("denied" if error == "access_denied" else "expired" if not error else "refused")
    try:
        return _told(services.connected(session, state, code))
    except NotAllowed as problem:
        return _told(_PROBLEMS.get(problem.reason, "refused"))
    except Busy:
        return _told("later")
    except Refused:
        return _told("refused")


@router.post("/connect/google-health/end", dependencies=[Depends(checked_form)])
def end(session: Resident, services: Service) -> Response:
    """End the connection now; what it brought stays."""
    services.disconnect(session)
    return _told("disconnected")


def _told(word: str) -> Response:
    return see(f"{_PAGE}?notice={word}")
