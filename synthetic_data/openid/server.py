"""Serves the provider on loopback: discovery, a page where a person agrees, codes and ID tokens."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from synthetic_data.errors import BadOptionError
from synthetic_data.openid.provider import Provider, Refusal

HOST: Final = "127.0.0.1"
_START_SECONDS: Final = 20
_PAGE: Final = """<!doctype html><html lang="ja"><meta charset="utf-8"><link rel="icon" href="data:,"><title>共通ID（架空）</title>
<main><h1>共通ID（架空）</h1><p>からだ手帳に、だれとしてログインしますか。</p>{forms}</main></html>"""
_FORM: Final = """<form method="post"><input type="hidden" name="sub" value="{sub}">{kept}<button>{sub}</button></form>"""


def application(provider: Provider) -> Starlette:
    """All endpoints of a provider."""

    async def description(_: HttpRequest) -> Response:
        return JSONResponse(provider.description())

    async def published(_: HttpRequest) -> Response:
        return JSONResponse(provider.published())

    async def authorize(request: HttpRequest) -> Response:
        given = dict(request.query_params) if request.method == "GET" else _texts(await request.form())
        asked = provider.request(given)
        if request.method == "GET":
            kept = "".join(
                f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
                for name, value in given.items()
            )
            forms = "".join(_FORM.format(sub=html.escape(sub), kept=kept) for sub in provider.people)
            return HTMLResponse(_PAGE.format(forms=forms))
        sub = given.get("sub", "")
        if sub not in provider.people:
            raise Refusal("access_denied")
        back = urlencode({"code": provider.code(asked, sub), "state": asked.state, "iss": provider.issuer})
        return RedirectResponse(f"{asked.redirect_uri}?{back}", status_code=303)

    async def token(request: HttpRequest) -> Response:
        if _client(request.headers.get("authorization", "")) != (provider.client_id, provider.client_secret):
            raise Refusal("invalid_client", 401)
        given = _texts(await request.form())
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return JSONResponse(provider.token(given, challenge), headers={"Cache-Control": "no-store"})

    async def refused(_: HttpRequest, problem: Exception) -> Response:
        found = problem if isinstance(problem, Refusal) else Refusal("server_error", 500)
        return JSONResponse({"error": found.error}, found.status)

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", description),
            Route("/jwks", published),
            Route("/authorize", authorize, methods=["GET", "POST"]),
            Route("/token", token, methods=["POST"]),
        ],
        exception_handlers={Refusal: refused},
    )


def _texts(form: Any) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _client(header: str) -> tuple[str, str]:
    """Who calls, by HTTP basic authentication."""
    try:
        name, _, secret = (
            base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


@contextmanager
def serve(provider: Provider, port: int = 0) -> Iterator[str]:
    """Serves until the block ends; gives the issuer."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError):
        listening.close()
        raise BadOptionError("--port cannot be used") from None
    provider.issuer = f"http://{HOST}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        application(provider), log_config=None, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    began = time.monotonic()
    while not server.started and time.monotonic() - began < _START_SECONDS:
        time.sleep(0.02)
    try:
        yield provider.issuer
    finally:
        server.should_exit = True
        thread.join(_START_SECONDS)
        listening.close()
