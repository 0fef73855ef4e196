"""Builds the web application: machine interfaces and pages over one system."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import Final

from fastapi import FastAPI

from phr import logs
from phr.api import (
    audit_events,
    bulk,
    bulk_groups,
    bulk_import,
    bundles,
    catalog,
    consents,
    everything,
    fhir,
    frequent,
    health,
    hooks,
    ledger,
    oauth,
    oauth_metadata,
    observing,
    problems,
    questionnaires,
    reconciled,
    rest,
    searches,
    subscriptions,
    validating,
)
from phr.api.ledger_paths import LedgerPaths
from phr.api.named import Named
from phr.api.oauth_cors import Cors
from phr.api.rates import RateMiddleware
from phr.api.shedding import Shedding
from phr.api.watch import Watch
from phr.bootstrap import System, ledger_store, start
from phr.web.errors import html_error
from phr.web.mount import mount
from phr.web.render import renderer
from phr.web.routing import add
from phr.web.sessions import SessionMiddleware
from phr.web.wired import wire

_TURN: Final = 0.001  # seconds that a thread computes while another waits


def served() -> FastAPI:
    """The application of a server process: what is loaded now stays as long as the process does.

    The garbage collector need not go through it again and again: each time would hold up a request by a quarter second.
    """
    app = create_app()
    settle()
    return app


def settle() -> None:
    """Takes what is loaded by now out of what the garbage collector goes through (docs.python.org/3/library/gc.html).

    And lets threads take turns more often than the usual 5 ms: an alarm asks the database a dozen times, and after each
    answer it would wait so long for a page that is being rendered.
    """
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_TURN)


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
    add(app, frequent.router)  # first: nothing is matched before what is called most
    add(app, health.router)
    add(app, catalog.router)
    add(app, oauth.router)
    add(app, oauth_metadata.router)
    add(app, bulk.router)
    add(app, bulk_groups.router)
    add(app, bulk_import.router)
    add(app, bundles.router)
    add(app, rest.first)
    add(app, reconciled.router)
    add(app, questionnaires.router)
    add(app, audit_events.router)
    add(app, subscriptions.router)
    add(app, validating.router)
    add(app, fhir.router)
    add(app, consents.router)
    add(app, everything.router)
    add(app, observing.router)
    add(app, rest.router)  # after all that have FHIR routes of their own
    add(app, searches.router)  # after rest: a history is no type
    add(app, hooks.router)
    app.include_router(ledger.router, prefix="/ledger/v2")
    mount(app, renderer(system.settings.city, system.settings.tz, system.settings.telephone))
    app.state.html_error = html_error
    problems.install(app)
    app.add_middleware(frequent.Shortcut)  # the innermost
    app.add_middleware(SessionMiddleware, system=system)
    app.add_middleware(Watch, secure=system.settings.base_url.startswith("https://"))
    if system.settings.load_shedding == "on":
        app.add_middleware(Shedding, highest=system.settings.pool_size)
    if system.settings.limits_rates:  # the outermost: what comes too fast costs no query
        app.add_middleware(RateMiddleware, broker_url=system.settings.broker_url)
    app.add_middleware(Cors, system=system)
    app.add_middleware(LedgerPaths)
    app.add_middleware(Named)
    return app
