"""The endpoints of the authorization server that apps call: tokens, introspection, revocation, and its public keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Request, Response

from phr.api.callers import request_id, system_of
from phr.services.smart import Posted, Reply

router = APIRouter(prefix="/oauth")
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST: Final = 65_536
_MOST: Final = 40
Endpoint = Callable[[Posted, str], Reply]


async def _body(request: Request) -> bytes | None:
    """The bytes of the form; None when they are too many."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > _LARGEST:
            return None
    return found


Body = Annotated[bytes | None, Depends(_body)]


@router.post("/token")
def token(request: Request, body: Body) -> Response:
    """Tokens for a code, a refresh token or an assertion."""
    return _answered(request, body, system_of(request).smart_endpoints.token)


@router.post("/introspect")
def introspect(request: Request, body: Body) -> Response:
    """What a token is (RFC 7662)."""
    return _answered(request, body, system_of(request).smart_endpoints.introspect)


@router.post("/revoke")
def revoke(request: Request, body: Body) -> Response:
    """Ends a token (RFC 7009)."""
    return _answered(request, body, system_of(request).smart_endpoints.revoke)


@router.get("/jwks")
def jwks(request: Request) -> Response:
    """The keys that sign ID tokens."""
    keys = system_of(request).smart_keys.published(request_id(request))
    headers = {"Cache-Control": "public, max-age=3600"}
    return Response(orjson.dumps({"keys": keys}), 200, headers, media_type="application/json")


def _answered(request: Request, body: bytes | None, endpoint: Endpoint) -> Response:
    """The answer to a form. What is no form, or speaks in the address, is refused before anything is asked."""
    posted = None if request.url.query else posted_of(request, body)
    if posted is None:
        text = "expected a form in the body, and nothing in the address"
        return _json(Reply(400, {"error": "invalid_request", "error_description": text}))
    return _json(endpoint(posted, request_id(request)))


def posted_of(request: Request, body: bytes | None) -> Posted | None:
    """The fields of a form as they were sent; None when it is none."""
    if body is None or request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError:
        return None
    return Posted(tuple(pairs), request.headers.get("authorization", ""))


def _json(reply: Reply) -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache", **dict(reply.headers)}
    return Response(
        orjson.dumps(reply.body) if reply.body else b"", reply.status, headers, media_type="application/json"
    )
