"""Serves a cloud on loopback, in a thread for tests and in the foreground for the command."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from synthetic_data.errors import BadOptionError
from synthetic_data.google_health import admin, consent, data
from synthetic_data.google_health.cloud import Cloud
from synthetic_data.google_health.problems import Refusal, not_found

HOST = "127.0.0.1"
_RETRY_SECONDS = 0.5
_START_SECONDS = 20


async def _refused(_request: Request, problem: Exception) -> Response:
    """A refusal in the interface's words."""
    refusal = problem if isinstance(problem, Refusal) else not_found()
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return JSONResponse(refusal.body, refusal.code, headers=headers)


def application(cloud: Cloud) -> Starlette:
    """All endpoints of a cloud."""
    return Starlette(
        routes=[*data.routes(cloud), *admin.routes(cloud), *consent.routes(cloud)],
        exception_handlers={Refusal: _refused, HTTPException: _refused},
    )


def _bind(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError):
        listening.close()
        raise BadOptionError("--port cannot be used") from None
    return listening


@contextmanager
def serve(cloud: Cloud, port: int = 0) -> Iterator[str]:
    """Serves until the block ends; gives the base URL. Notifications that failed are tried again meanwhile."""
    listening = _bind(port)
    config = uvicorn.Config(
        application(cloud),
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    over = threading.Event()
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True),
        threading.Thread(target=_retry, args=(cloud, over), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(_START_SECONDS * 100):
            if server.started or not threads[0].is_alive():
                break
            over.wait(0.01)
        if not server.started:
            raise BadOptionError("the server did not start")
        yield f"http://{HOST}:{listening.getsockname()[1]}"
    finally:
        over.set()
        server.should_exit = True
        for thread in threads:
            thread.join(timeout=_START_SECONDS)
        listening.close()


def _retry(cloud: Cloud, over: threading.Event) -> None:
    while not over.wait(_RETRY_SECONDS):
        cloud.webhooks.deliver_due()
