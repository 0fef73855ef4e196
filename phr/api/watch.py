"""Counts and times requests, and gives every answer the headers that close doors which no page needs."""

from __future__ import annotations

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phr.api.health import REQUESTS, SECONDS

_CLOSED: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
"""RFC 6797: a name that was once reached by TLS is never tried without."""


class Watch:
    """Passes requests on as they are: no task, no queue and no copy of a body for each of them."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = (*_CLOSED, _HSTS) if secure else _CLOSED

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what fails without an answer counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = list(message.get("headers", ()))
                held = {name.lower() for name, _ in given}
                message["headers"] = given + [pair for pair in self._headers if pair[0] not in held]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            # The route's pattern: a path may hold an id, a pattern holds none.
            route = str(getattr(scope.get("route"), "path", "other"))
            REQUESTS.labels(route, str(status)).inc()
            SECONDS.labels(route).observe(time.perf_counter() - began)
