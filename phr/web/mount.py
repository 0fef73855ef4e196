"""Puts the pages and their assets on an application."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from phr.web.acting import Closed, Over, closed_page, over_page
from phr.web.answer import SignInNeeded, see
from phr.web.forms import local_address
from phr.web.headers import SECURITY_HEADERS
from phr.web.pages import (
    account,
    acting,
    apps,
    break_glass,
    cards,
    components,
    connect,
    counter,
    documents,
    earning,
    emergency,
    evaluation,
    family,
    guidance,
    health,
    imports,
    ledger,
    messages,
    nutrition,
    offline,
    open_data,
    operate,
    paper,
    research,
    resident,
    rewards,
    rights_staff,
    running,
    signin,
    staff,
    team,
    uploads,
    visits,
)
from phr.web.render import Renderer
from phr.web.routing import add
from phr.web.sheets import SITE, STATIC, asset

_AREAS: Final = (
    signin,
    account,
    acting,
    resident,
    earning,
    documents,
    rewards,
    rights_staff,
    health,
    nutrition,
    paper,
    family,
    messages,
    connect,
    apps,
    uploads,
    cards,
    counter,
    imports,
    staff,
    break_glass,
    team,
    guidance,
    evaluation,
    research,
    running,
    operate,
    ledger,
    components,
    emergency,
    visits,
    offline,
    open_data,
)


class Assets(StaticFiles):
    """Our own assets: addressed with their hash, so a browser keeps them for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file with the security headers; without the hash in its address it is kept only shortly."""
        joined = path == SITE and scope["method"] in {"GET", "HEAD"}
        answer = (
            Response(asset(SITE), media_type="text/css")
            if joined
            else await super().get_response(path, scope)
        )
        answer.headers.update(SECURITY_HEADERS)
        versioned = b"v=" in scope.get("query_string", b"") and answer.status_code < 400
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-cache"
        return answer


def mount(app: FastAPI, renderer: Renderer) -> None:
    """Add all pages. The application sets ``app.state.services`` (ports.Services) and ``request.state.session``."""
    app.state.renderer = renderer
    app.mount("/static", Assets(directory=STATIC), name="static")
    for area in _AREAS:
        add(app, area.router)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.add_exception_handler(Closed, closed_page)
    app.add_exception_handler(Over, over_page)


def page_routes() -> dict[str, re.Pattern[str]]:
    """The address of everything that a browser may ask for with GET, with how a link to it looks; first match wins."""
    return {
        route.path: route.path_regex
        for area in _AREAS
        for route in area.router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    }


async def _to_sign_in(request: Request, _: Any) -> Response:
    after = local_address(request.url.path) if request.method == "GET" else "/"
    return see(f"/sign-in?after={quote(after)}")
