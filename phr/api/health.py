"""Alive, ready and metrics, for whoever watches the service."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.exceptions import HTTPException

from phr.api.callers import request_id, system_of
from phr.config import counted_in
from phr.errors import PhrError
from phr.metrics import REQUESTS, SECONDS, exposed

__all__ = ["REQUESTS", "SECONDS", "router"]

router = APIRouter()
_WORKER_SECONDS: Final = 300
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
_BY_PROXY: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


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
    """Prometheus metrics, for this machine or for who has the token: routes are patterns, never addresses with ids."""
    _refuse_others(request)
    try:
        readings = system_of(request).gauges(request=request_id(request))
    except PhrError:
        readings = []  # the database does not answer: what this process counted is shown all the same
    return Response(exposed(readings, counted_in()), media_type=CONTENT_TYPE_LATEST)


def _refuse_others(request: Request) -> None:
    """404 for other machines without the token, and for whatever came through a proxy on this one."""
    token = system_of(request).settings.metrics_token.get_secret_value()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and compare_digest(given.strip().encode(), token.encode()):
        return
    here = request.client is not None and request.client.host in _LOOPBACK
    if not here or any(name in request.headers for name in _BY_PROXY):
        raise HTTPException(404)


@router.get("/.well-known/audit-roots.json")
def audit_roots(request: Request) -> Response:
    """The roots of the days of the audit trail, for everybody: hashes and counts, nothing about anybody."""
    roots = system_of(request).trail.roots(request=request_id(request))
    return Response(orjson.dumps(roots), media_type="application/json")
