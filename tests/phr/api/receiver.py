"""A subscriber's receiver on this machine: keeps what it was sent, and answers as it is told."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import orjson


class Receiver:
    """What arrived, and what is answered: the statuses of the next calls, 200 when none is left."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[int] = []

    def kinds(self) -> list[str]:
        """The types of the notifications, in the order of arrival."""
        return [_parameters(body)["type"] for body in self.bodies]

    def numbers(self) -> list[int]:
        """The numbers of all events, in the order of arrival."""
        return [number for body in self.bodies for number, _focus in events(body)]

    def foci(self) -> list[str]:
        """What the events were about, in the order of arrival."""
        return [focus for body in self.bodies for _number, focus in events(body)]


def _parameters(bundle: dict[str, Any]) -> dict[str, Any]:
    status = bundle["entry"][0]["resource"]
    assert status["resourceType"] == "Parameters"
    return {one["name"]: one.get("valueCode") for one in status["parameter"]}


def events(bundle: dict[str, Any]) -> list[tuple[int, str]]:
    """Number and focus of each event of a notification."""
    found = []
    for one in bundle["entry"][0]["resource"]["parameter"]:
        if one["name"] == "notification-event":
            parts = {part["name"]: part for part in one["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference", "")
            found.append((int(parts["event-number"]["valueString"]), focus))
    return found


@contextmanager
def receiver(trust: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens, with TLS where a context is given."""
    kept = Receiver()
    path = (
        f"/hook-{uuid4().hex}"  # a port is given out again: letters of an earlier receiver are not this one's
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not self.path.startswith(path):
                self.send_error(404)
                return
            kept.bodies.append(orjson.loads(body))
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            status = kept.answers.pop(0) if kept.answers else 200
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", "http://169.254.169.254/latest/meta-data")
            self.end_headers()

        def log_message(self, *_given: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    kept.url = f"{scheme}://127.0.0.1:{server.server_port}{path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
