"""Gives each request the one id that ties its log lines, its audit rows and its trace together."""

from __future__ import annotations

import re
import time
from hashlib import sha256
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phr import logs, tracing
from phr.ids import new_id

_PLAIN: Final = re.compile(rb"[A-Za-z0-9\-]{8,64}")
_MACHINES: Final = ("/fhir", "/ledger", "/oauth", "/hooks")
_MADE: Final = re.compile(r"[0-9a-fA-F\-]{16,36}")
"""What a program makes: a UUID or hexadecimal digits. A word may be somebody's name."""
_HEADER: Final = b"x-request-id"
BEGAN: Final = "phr.began"
"""Where a request keeps when it arrived, for an answer whose time must not tell."""


class Named:
    """The caller's own X-Request-Id where machines call and it is a plain one, else a new one; once for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, within its span where spans are made."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[BEGAN] = time.monotonic()
        name = _name(scope)
        logs.bind(shown(name))
        if not tracing.is_on():
            await self._app(scope, receive, send)
            return
        await self._traced(scope, receive, send, shown(name))

    async def _traced(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        with tracing.span("request", http__request__method=scope["method"], phr__request=name) as made:

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    # The route's pattern: a path may hold an id, a pattern holds none.
                    route = str(getattr(scope.get("route"), "path", "other"))
                    tracing.tell(made, http__route=route, http__response__status_code=message["status"])
                await send(message)

            await self._app(scope, receive, noted)


def _name(scope: Scope) -> str:
    """The id, which every later reader of the headers finds too."""
    headers = scope["headers"]
    given = next((value for key, value in headers if key == _HEADER), b"")
    if scope["path"].startswith(_MACHINES) and _PLAIN.fullmatch(given):
        return str(given.decode("ascii"))
    made = str(new_id())
    scope["headers"] = [pair for pair in headers if pair[0] != _HEADER] + [(_HEADER, made.encode("ascii"))]
    return made


def shown(name: str) -> str:
    """The id as logs and traces show it: words that a caller chose only as the beginning of their SHA-256."""
    return name if _MADE.fullmatch(name) else f"sha256-{sha256(name.encode()).hexdigest()[:16]}"
