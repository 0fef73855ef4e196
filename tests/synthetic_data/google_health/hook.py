"""An endpoint for webhooks that writes down what it got, and a check of signatures that knows only the format."""

from __future__ import annotations

import base64
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

SECRET = "Bearer a-long-random-text"


class Hook:
    """What the endpoint got, and what it answers next."""

    def __init__(self):
        self.url, self.got, self.answers, self.probe = "", [], [], (201, 401)

    def answer(self, body, headers):
        if body == b'{"type":"verification"}':
            return self.probe[0] if headers.get("Authorization") == SECRET else self.probe[1]
        self.got.append((body, dict(headers)))
        return self.answers.pop(0) if self.answers else 204


@contextmanager
def listening():
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(hook.answer(body, self.headers))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/hooks"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def verified(keyset, header, body):
    """Whether a key of the set made the signature: 0x01, key id, DER over the raw body."""
    raw = base64.b64decode(header)
    for key in keyset["key"]:
        if key["status"] != "ENABLED" or raw[:5] != b"\x01" + key["keyId"].to_bytes(4, "big"):
            continue
        value = base64.b64decode(key["keyData"]["value"])
        assert value[:8] == bytes.fromhex("1206080310021802")
        assert (value[8], value[9], value[43], value[44]) == (0x1A, 33, 0x22, 33)
        x, y = int.from_bytes(value[10:43], "big"), int.from_bytes(value[45:78], "big")
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        try:
            public.verify(raw[5:], body, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True
    return False
