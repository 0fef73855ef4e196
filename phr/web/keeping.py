"""Which pages a device may keep for a time without network: the header that the service worker obeys."""

from __future__ import annotations

import hashlib
from typing import Final

from fastapi import Request

from phr.web.forms import session_of

KEEP: Final = "X-PHR-Keep"
_KEPT: Final = {"/today": "today", "/emergency": "emergency"}


def own_device(request: Request) -> bool:
    """Whether somebody is signed in on a device of their own; what is not known to be own is not."""
    session = session_of(request)
    return session is not None and getattr(session, "shared", True) is False


def keep_headers(request: Request, status: int) -> dict[str, str]:
    """What may be kept of this answer.

    ``no``: nothing, and what is there goes. Else the name of the page, or ``none`` for a page that is not kept, and
    a mark of the session: what another session kept goes. Nobody signed in: nothing is said, nothing changes.
    """
    session = session_of(request)
    if session is None:
        return {}
    if session.role != "resident" or session.acting is not None or not own_device(request):
        return {KEEP: "no"}
    name = _KEPT.get(request.url.path, "none") if status == 200 and not request.url.query else "none"
    mark = hashlib.sha256(session.csrf.encode()).hexdigest()[:16]
    return {KEEP: f"{name} {mark}"}
