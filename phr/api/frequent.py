"""What is called most, before all other routes, and without what a framework resolves and copies for each request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.routing import request_response
from starlette.types import ASGIApp, Receive, Scope, Send

from phr.api import negotiation, problems, writing
from phr.api.bundles import batch
from phr.api.callers import caller, may_read, system_of
from phr.api.fhir import raw_body
from phr.api.interactions import call_of, respond
from phr.api.searching import search
from phr.errors import PhrError

_PATH: Final = "/fhir/Observation"
_THREADS: Final = 40
"""Of searches in one process; how many run at once is decided before (shedding)."""


class Direct(APIRoute):
    """A route whose function takes the request as it is, so that who calls and what is done share one thread."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self.app = request_response(endpoint)


router = APIRouter(
    prefix="/fhir", include_in_schema=False
)  # the same interactions have their entries elsewhere
direct = APIRouter(prefix="/fhir", include_in_schema=False, route_class=Direct)
router.post("")(batch)


@direct.post("/Observation")
async def create_observation(request: Request) -> Response:
    """A new Observation."""
    return await run_in_threadpool(_create, request, await raw_body(request))


def _create(request: Request, body: bytes) -> Response:
    who = caller(request)
    negotiation.check_sent(request.headers)
    return respond(request, writing.create(call_of(request, who), "Observation", body))


@direct.get("/Observation")
def search_observations(request: Request) -> Response:
    """Search of Observations. Who calls and what they find are asked in one transaction, each in its own context."""
    with system_of(request).store.together():
        who = may_read(caller(request))
        found = search(call_of(request, who), "Observation", request.url.query)
    return respond(request, found)


router.routes.extend(direct.routes)
_SEARCH: Final = direct.routes[-1]


class Shortcut:
    """Answers the search of Observations as soon as nothing else has to look at a request: the router and what it wraps
    around each route cost a tenth of the search. The same function, the same errors, counted under the same route.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(_THREADS, "search")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        scope["route"] = _SEARCH
        request = Request(scope, receive)
        work = copy_context().run
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads, work, search_observations, request
            )
        except (PhrError, HTTPException) as error:
            found = problems.answered(request, error)
        await found(scope, receive, send)
