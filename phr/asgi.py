"""Builds the web application: machine interfaces and pages over one system."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Final

from fastapi import FastAPI, Request, Response

from phr import logs
from phr.api import (
    audit_events,
    bundles,
    consents,
    everything,
    fhir,
    health,
    hooks,
    ledger,
    problems,
    questionnaires,
    reconciled,
)
from phr.api.ledger_paths import LedgerPaths
from phr.api.rates import RateMiddleware
from phr.bootstrap import System, ledger_store, start
from phr.web.errors import html_error
from phr.web.mount import mount
from phr.web.render import renderer
from phr.web.sessions import SessionMiddleware
from phr.web.wired import wire

_HSTS: Final = "max-age=63072000; includeSubDomains"
Next = Callable[[Request], Awaitable[Response]]


def create_app(system: System | None = None) -> FastAPI:
    """The application. Without a system, the one that the environment describes."""
    system = system or start()
    logs.configure(system.settings.log_level)
    app = FastAPI(title="phr", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.system = system
    app.state.services = wire(system)
    store: ModuleType = ledger_store
    app.state.ledger_store = store
    app.state.ledger_connections = system.ledger_connections
    app.state.ledger_token = system.ledger_token
    app.include_router(health.router)
    app.include_router(bundles.router)
    app.include_router(reconciled.router)
    app.include_router(questionnaires.router)
    app.include_router(audit_events.router)
    app.include_router(fhir.router)
    app.include_router(consents.router)
    app.include_router(everything.router)
    app.include_router(hooks.router)
    app.include_router(ledger.router, prefix="/ledger/v2")
    mount(app, renderer(system.settings.city, system.settings.tz, system.settings.telephone))
    app.state.html_error = html_error
    problems.install(app)
    app.add_middleware(SessionMiddleware, system=system)
    app.middleware("http")(_watch)
    if system.settings.limits_rates:  # the outermost: what comes too fast costs no query
        app.add_middleware(RateMiddleware, broker_url=system.settings.broker_url)
    app.add_middleware(LedgerPaths)
    app.state.secure = system.settings.base_url.startswith("https://")
    return app


async def _watch(request: Request, call_next: Next) -> Response:
    """Counts and times requests by their route's pattern, and closes doors that no page needs."""
    began = time.perf_counter()
    response = await call_next(request)
    route = str(getattr(request.scope.get("route"), "path", "other"))
    health.REQUESTS.labels(route, str(response.status_code)).inc()
    health.SECONDS.labels(route).observe(time.perf_counter() - began)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-store")
    if request.app.state.secure:  # RFC 6797; a name that was once reached by TLS is never tried without
        response.headers.setdefault("Strict-Transport-Security", _HSTS)
    return response
