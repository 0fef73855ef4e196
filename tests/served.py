"""An application on a port of this machine, and a real browser: both leave nothing open when their block ends."""

from __future__ import annotations

import asyncio
import gc
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_START_SECONDS = 60
_STOP_SECONDS = 60


def a_port(name: str = "127.0.0.1") -> tuple[socket.socket, str]:
    """A listening socket and the address of what will be served there; the name is what a browser asks for."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, f"http://{name}:{listening.getsockname()[1]}"


@contextmanager
def served(app: Any, port: tuple[socket.socket, str] | None = None, **config: Any) -> Iterator[str]:
    """Serves until the block ends; gives the address. Who must know the address earlier asks for ``a_port`` first."""
    listening, address = port or a_port()
    chosen = {"log_level": "error", "lifespan": "off", "timeout_graceful_shutdown": 2, **config}
    server = uvicorn.Server(uvicorn.Config(app, **chosen))
    thread = threading.Thread(target=_run, args=(server, listening), daemon=True)
    thread.start()
    began = time.monotonic()
    try:
        while not server.started and thread.is_alive() and time.monotonic() - began < _START_SECONDS:
            time.sleep(0.01)
        assert server.started, "the server did not start"
        yield address
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listening.close()
        assert not thread.is_alive(), "the server did not end"


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(_serve(server, listening))


async def _serve(server: uvicorn.Server, listening: socket.socket) -> None:
    """To the end, and then without the lines that a browser held open."""
    await server.serve(sockets=[listening])
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    await asyncio.sleep(0.01)  # a transport closes its socket in the next turn of the loop


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium without a window. What its driver leaves behind is collected here, not in the test that comes next."""
    from playwright.sync_api import sync_playwright

    try:
        with sync_playwright() as driver:
            opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                yield opened
            finally:
                opened.close()
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
