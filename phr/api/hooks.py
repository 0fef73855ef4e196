"""Notifications of data clouds: who sent them is checked over the raw body; they wait for the worker and carry no data."""

from __future__ import annotations

import hmac
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from ingest.cloud.webhooks import SIGNATURE_HEADER, is_verification, parse
from ingest.errors import BadPayload, Transient
from phr.api.callers import system_of
from phr.ids import new_id

router = APIRouter()
_LARGEST: Final = 262_144  # bytes; a notification has some hundred
NOTICES: Final = Counter("phr_hook_notices_total", "Notices of data clouds by what became of them.", ["what"])


@router.post("/hooks/google-health", status_code=204)
async def google_health(request: Request) -> Response:
    """Keep what Google Health says has changed; the worker reads it with the person's own token."""
    body = await _body(request)
    allowed = _sender(request, system_of(request).settings.webhook_secrets())
    if is_verification(body):
        # Two probes come before anything else: 201 with the secret, 401 without. Nothing in them is processed.
        return Response(status_code=201 if allowed else 401)
    if not allowed:
        NOTICES.labels("unknown-sender").inc()
        raise HTTPException(401, "not a sender that is known here")
    await run_in_threadpool(_take, system_of(request), body, request.headers.get(SIGNATURE_HEADER, ""))
    return Response(status_code=204)


async def _body(request: Request) -> bytes:
    """The bytes as they came, as many as a notification may have."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > _LARGEST:
            NOTICES.labels("too-large").inc()
            raise HTTPException(413, "too large for a notification")
    return bytes(found)


def _sender(request: Request, secrets: list[str]) -> bool:
    """Whether the Authorization header is one of ours; compared in constant time."""
    given = request.headers.get("authorization", "").encode()
    return any(hmac.compare_digest(given, secret.encode()) for secret in secrets)


def _take(system: Any, body: bytes, signature: str) -> None:
    """Checks the signature and keeps the notices.

    What was signed and cannot be read is counted and not refused: the sender would repeat it for a week.
    """
    try:
        system.webhook_keys.verify(body, signature)
    except BadPayload as trouble:
        NOTICES.labels("bad-signature").inc()
        raise HTTPException(401, "not signed by a key that is known here") from trouble
    except Transient as trouble:
        NOTICES.labels("no-keys").inc()
        raise HTTPException(503, "the keys cannot be fetched now", {"Retry-After": "60"}) from trouble
    try:
        notices = parse(body)
    except BadPayload:
        NOTICES.labels("unreadable").inc()
        return
    noted = system.noticing(notices, request=f"hook-{new_id()}")
    NOTICES.labels("kept").inc(noted.kept)
    NOTICES.labels("repeated").inc(noted.repeated)
    NOTICES.labels("unknown-user").inc(noted.unknown)
