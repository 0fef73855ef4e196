"""Which pages in a browser may call the machine interfaces: anybody's what is public, registered apps' the rest.

An app in a browser calls from its own origin, which is where it lets people come back to. No cookie is ever allowed:
apps send their token.
"""

from __future__ import annotations

import time
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from phr.errors import PhrError
from phr.ids import new_id

_PUBLIC: Final = ("/fhir/.well-known/", "/fhir/metadata", "/.well-known/", "/oauth/jwks")
_FOR_APPS: Final = ("/fhir", "/oauth/token", "/oauth/revoke", "/oauth/introspect")
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_ASKED: Final = [
    "Accept",
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Exist",
    "If-None-Match",
    "Prefer",
    "X-Request-Id",
]
_SHOWN: Final = [
    "Content-Location",
    "ETag",
    "Last-Modified",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
    "X-Progress",
]
_FRESH: Final = 30.0  # seconds until a newly registered app's origin is known everywhere


class Cors:
    """Answers preflights and marks answers, by the kind of address and the origin."""

    def __init__(self, app: ASGIApp, system: Any) -> None:
        self._app = app
        self._system = system
        self._open = CORSMiddleware(app, allow_origins=["*"], allow_methods=["GET", "HEAD"], max_age=600)
        self._apps = _for_apps(app, frozenset())
        self._known: frozenset[str] = frozenset()
        self._until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call; only one that names an origin is looked at."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not any(name == b"origin" for name, _value in scope["headers"]):
            await self._app(scope, receive, send)
        elif path.startswith(_PUBLIC):
            await self._open(scope, receive, send)
        elif path.startswith(_FOR_APPS):
            await (await self._registered())(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _registered(self) -> CORSMiddleware:
        if time.monotonic() >= self._until:
            self._until = time.monotonic() + _FRESH
            try:
                origins = await run_in_threadpool(self._system.smart_clients.origins, f"cors-{new_id()}")
            except PhrError:
                return self._apps  # without a database the call itself says so
            if origins != self._known:
                self._known, self._apps = origins, _for_apps(self._app, origins)
        return self._apps


def _for_apps(app: ASGIApp, origins: frozenset[str]) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=sorted(origins),
        allow_methods=_METHODS,
        allow_headers=_ASKED,
        expose_headers=_SHOWN,
        max_age=600,
    )
