"""Alive, ready and metrics, for whoever watches the service."""

from __future__ import annotations

from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from phr.api.callers import request_id, system_of
from phr.errors import PhrError

router = APIRouter()
REQUESTS: Final = Counter("phr_requests_total", "Requests by route and status.", ["route", "status"])
SECONDS: Final = Histogram("phr_request_seconds", "Duration of requests by route.", ["route"])
UNUSUAL: Final = Gauge("phr_unusual_access", "Findings of unusual access in the last week by rule.", ["rule"])
LEDGER: Final = Gauge("phr_ledger_letters", "Letters to the points ledger by state.", ["state"])
DIFFERENCES: Final = Gauge("phr_ledger_differences", "Differences that the last comparison found.")
RESTING: Final = Gauge("phr_ledger_resting", "1 while the ledger is left alone after failures.")
_WORKER_SECONDS: Final = 300


@router.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return Response(b'{"status":"alive"}', media_type="application/json")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """The database answers and is migrated; whether a worker was seen is told but not required."""
    system = system_of(request)
    try:
        status = system.operate.status(actor="readyz", request=request_id(request))
    except PhrError:
        return Response(b'{"status":"not ready","database":false}', 503, media_type="application/json")
    now = system.clock.now()
    seen = "worker" in status.workers and (now - status.workers["worker"]).total_seconds() < _WORKER_SECONDS
    body = {"status": "ready", "database": True, "revision": status.revision, "worker_seen": seen}
    return Response(orjson.dumps(body), media_type="application/json")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus metrics: routes are patterns, never addresses with ids."""
    try:
        for rule, count in system_of(request).unusual.counts(request=request_id(request)).items():
            UNUSUAL.labels(rule).set(count)
    except PhrError:
        UNUSUAL.clear()  # the database does not answer: better no figure than an old one
    _of_ledger(request)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _of_ledger(request: Request) -> None:
    try:
        state = system_of(request).ledger_desk.state(actor="metrics", request=request_id(request))
    except PhrError:
        LEDGER.clear()
        return
    LEDGER.labels("waiting").set(state.waiting)
    LEDGER.labels("no-budget").set(state.no_budget)
    LEDGER.labels("dead").set(state.given_up)
    DIFFERENCES.set(state.compared[0].found if state.compared else 0)
    RESTING.set(state.open_until is not None)


@router.get("/.well-known/audit-roots.json")
def audit_roots(request: Request) -> Response:
    """The roots of the days of the audit trail, for everybody: hashes and counts, nothing about anybody."""
    roots = system_of(request).trail.roots(request=request_id(request))
    return Response(orjson.dumps(roots), media_type="application/json")
