"""Cookies of the pages: no script reads them, no other site sends them with a form, and off loopback no open line does.

Off loopback their names begin with ``__Host-``: a browser then takes them only from this very host, over TLS and for
every path, so that no neighbouring name of the same domain can plant one (RFC 6265bis 4.1.3.2, OWASP ASVS 3.3.3).
"""

from __future__ import annotations

from typing import Final

from fastapi.responses import Response
from starlette.requests import HTTPConnection

_PREFIX: Final = "__Host-"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def closed_line(connection: HTTPConnection) -> bool:
    """Whether cookies are for TLS only: everywhere but on loopback, where browsers take names with a prefix badly."""
    if getattr(getattr(connection.scope.get("app"), "state", None), "secure", False):
        return True  # the city's address says so, whatever a proxy in front makes of the host
    return connection.url.scheme == "https" or connection.url.hostname not in _LOOPBACK


def cookie_name(connection: HTTPConnection, name: str) -> str:
    """What a cookie is called on this connection."""
    return f"{_PREFIX}{name}" if closed_line(connection) else name


def cookie(connection: HTTPConnection, name: str) -> str:
    """What the browser kept under a name, or nothing."""
    return connection.cookies.get(cookie_name(connection, name), "")


def keep(connection: HTTPConnection, answer: Response, name: str, value: str, *, max_age: int) -> None:
    """Sets a cookie."""
    answer.set_cookie(
        cookie_name(connection, name),
        value,
        max_age=max_age,
        path="/",
        secure=closed_line(connection),
        httponly=True,
        samesite="lax",
    )


def forget(connection: HTTPConnection, answer: Response, *names: str) -> None:
    """Ends cookies; a browser hears it only with the same attributes with which they were set."""
    for name in names:
        answer.delete_cookie(
            cookie_name(connection, name),
            path="/",
            secure=closed_line(connection),
            httponly=True,
            samesite="lax",
        )
