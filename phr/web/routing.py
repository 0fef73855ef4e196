"""How routes come onto an application: as they are, so that nothing is built again for each application."""

from __future__ import annotations

from fastapi import APIRouter, Depends, FastAPI

from phr.web.acting import within


def page_router(prefix: str = "") -> APIRouter:
    """A router of pages: no machine interface, and each request stays within what its session may do."""
    return APIRouter(prefix=prefix, include_in_schema=False, dependencies=[Depends(within)])


def add(app: FastAPI, router: APIRouter) -> None:
    """Serve the routes of a router.

    ``include_router`` would build every one of them again at the first request of each application: with some 260
    routes that held up the first request of a server process by 0.65 s and more.
    """
    app.router.routes.extend(router.routes)
