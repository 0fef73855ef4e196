"""What forms send: the token that proves they came from our page, numbers as people type them, and local addresses."""

from __future__ import annotations

import hmac
import math
import re
import secrets
import unicodedata
from typing import Annotated, Final

from fastapi import Form, Request

from phr.errors import NotAllowed
from phr.web.cookies import cookie
from phr.web.ports import Session

CSRF_COOKIE: Final = "phr_form"
_NUMBER: Final = re.compile(r"\d{1,6}(\.\d{1,4})?")
_LOCAL: Final = re.compile(r"/(?![/\\])[A-Za-z0-9/_.~?=&%+-]{0,500}")


def session_of(request: Request) -> Session | None:
    """Who is signed in, or None."""
    session: Session | None = getattr(request.state, "session", None)
    return session


def csrf_of(request: Request) -> str:
    """The token for the forms of this answer: the session's, or before sign-in the one of the cookie (double submit)."""
    session = session_of(request)
    if session is not None:
        return session.csrf
    kept = cookie(request, CSRF_COOKIE)
    if re.fullmatch(r"[A-Za-z0-9_-]{20,64}", kept):
        return kept
    made: str | None = getattr(request.state, "new_form_token", None)
    if made is None:
        made = secrets.token_urlsafe(24)
        request.state.new_form_token = made
    return made


def checked_form(request: Request, csrf: Annotated[str, Form()] = "") -> None:
    """Refuse a form that does not carry the token of its session (or of its cookie, before sign-in)."""
    session = session_of(request)
    expected = session.csrf if session is not None else cookie(request, CSRF_COOKIE)
    if not expected or not hmac.compare_digest(expected.encode(), csrf.encode()):
        raise NotAllowed("form-token")


def number_typed(text: str) -> float | None:
    """A number as people type it: full-width digits, a comma for the point, spaces around; None when it is none.

    >>> number_typed(" １２８ "), number_typed("54,2"), number_typed("1e9"), number_typed("")
    (128.0, 54.2, None, None)
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace(",", ".").replace("、", ".")
    if not _NUMBER.fullmatch(plain):
        return None
    value = float(plain)
    return value if math.isfinite(value) else None


def local_address(text: str, otherwise: str = "/") -> str:
    """An address of our own, never one that leads elsewhere.

    >>> local_address("/sharing?receipt=1"), local_address("//elsewhere.example"), local_address("https://elsewhere.example")
    ('/sharing?receipt=1', '/', '/')
    """
    return text if _LOCAL.fullmatch(text) else otherwise
