"""The embedded ledger under every address that clients of this API are built for: /v2, and its gateway's /api/ledger/v2."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

HOME: Final = "/ledger/v2"
OTHERS: Final = ("/api/ledger/v2", "/v2")
"""Formance's gateway, and Formance alone."""


class LedgerPaths:
    """Leads the other addresses to the one that has the routes, before anything else looks at the request.

    One set of routes, so that rates, refusals and the token are the same whatever address was used.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on under the ledger's own address."""
        if scope["type"] == "http":
            path = scope["path"]
            for other in OTHERS:
                if path.startswith(f"{other}/"):
                    home = HOME + path[len(other) :]
                    scope = {**scope, "path": home, "raw_path": home.encode()}
                    break
        await self._app(scope, receive, send)
