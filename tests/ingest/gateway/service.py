"""A service on loopback that answers batches as the real one does, and fails in the ways that networks do."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

TOKEN = "a-token-of-a-box"
CARD, OTHER = "ABCDE23456FGHJKMNPQR", "ZZZZZ23456FGHJKMNPQR"


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_words: object) -> None:
            pass

        def date_time_string(self, timestamp=None) -> str:
            return formatdate(time.time() + service.off, usegmt=True)

        def send_response(self, code, message=None) -> None:
            self.send_response_only(code, message)
            if service.has_date:
                self.send_header("Date", self.date_time_string())

        def do_GET(self) -> None:
            service.heads.append(dict(self.headers))
            if service.is_mute:
                self.close_connection = True
                return
            self.answer(200, {"resourceType": "CapabilityStatement"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.posted(self, body)

        def answer(self, status: int, body: object, **heads: str) -> None:
            text = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in heads.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    return Handler


class Service:
    """Stores what is posted by whose, what, from where and when; the same again is nothing new.

    script: what the next requests get before the rule: a status, ``lose`` (stored, but the answer is lost), or a
    pair of status and Retry-After. refuse: the answer to entries of a card. off: seconds that its date is wrong.
    """

    def __init__(self, *, context: ssl.SSLContext | None = None) -> None:
        self.cards = {CARD, OTHER}
        self.stored: dict[tuple, dict] = {}
        self.order: list[tuple] = []
        self.posts = 0
        self.sizes: list[int] = []
        self.heads: list[dict] = []
        self.script: list = []
        self.refuse: dict[str, int] = {}
        self.alarms: list[str] = []
        self.token = TOKEN
        self.has_date = True
        self.off = 0.0
        self.most_bytes = 10**9
        self.is_mute = False
        self.whole: Callable[[bytes], bytes | None] | None = None
        self.quick: Callable[[bytes], bytes] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._server.handle_error = lambda *_: None  # a handshake that fails is what is tested
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.02), daemon=True)
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.port}/fhir"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_reason: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def posted(self, asked, body: bytes) -> None:
        self.posts += 1
        self.heads.append(dict(asked.headers))
        turn = self.script.pop(0) if self.script else None
        if asked.headers.get("Authorization") != f"Bearer {self.token}":
            asked.answer(401, {})
            return
        if isinstance(turn, tuple):
            asked.answer(turn[0], {}, Retry_After=turn[1])
            return
        if isinstance(turn, bytes):
            asked.answer(200, turn)
            return
        if isinstance(turn, int):
            asked.answer(turn, {})
            return
        if len(body) > self.most_bytes:
            asked.answer(413, {})
            return
        if self.quick is not None:
            asked.answer(200, self.quick(body))
            return
        if self.whole is not None:
            whole = self.whole(body)
            asked.answer(200 if whole else 400, whole or {})
            return
        bundle = json.loads(body)
        assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "batch")
        entries = bundle.get("entry", [])
        self.sizes.append(len(entries))
        answered = [{"response": self._taken(entry)} for entry in entries]
        if turn == "lose":
            asked.close_connection = True
            return
        asked.answer(200, {"resourceType": "Bundle", "type": "batch-response", "entry": answered})

    def _taken(self, entry: dict) -> dict:
        assert entry["request"] == {"method": "POST", "url": "Observation"}
        one = entry["resource"]
        subject = one["subject"]
        assert set(subject) == {"identifier"}
        assert subject["identifier"]["system"] == "urn:phr:card"
        card = subject["identifier"]["value"]
        if card in self.refuse:
            return self._said(self.refuse[card])
        if card not in self.cards:
            return self._said(404)
        what = one["code"]["coding"][0]["code"]
        key = (card, what, one.get("device", {}).get("display", ""), one["effectiveDateTime"])
        if key in self.stored:
            assert self.stored[key] == one, "the same identity with another value"
            return self._said(200)
        self.stored[key] = one
        self.order.append(key)
        return self._said(201)

    def _said(self, status: int) -> dict:
        issues = [{"severity": "warning", "code": "informational", "diagnostics": one} for one in self.alarms]
        issues.append({"severity": "information", "code": "informational", "diagnostics": "told"})
        return {"status": str(status), "outcome": {"resourceType": "OperationOutcome", "issue": issues}}

    def values(self, code: str = "85354-9") -> list[tuple[str, str, float]]:
        """(card, time, first value) of what is stored, in order of time."""
        found = []
        for (card, what, _device, at), one in self.stored.items():
            if what == code:
                quantity = one.get("valueQuantity") or one["component"][0]["valueQuantity"]
                found.append((card, at, quantity["value"]))
        return sorted(found, key=lambda each: each[1])


def write_token(folder: Path, token: str = TOKEN) -> Path:
    """A token file as the box wants it."""
    path = folder / "token"
    path.write_text(token + "\n")
    path.chmod(0o600)
    return path
