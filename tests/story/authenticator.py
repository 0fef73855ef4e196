"""A passkey without a device: answers what a browser is asked, by the words of WebAuthn level 2."""

from __future__ import annotations

import base64
import json
import os
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """One ES256 key for one address."""

    def __init__(self, host: str, origin: str) -> None:
        self._host = sha256(host.encode()).digest()
        self._origin = origin
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._handle = os.urandom(16)
        self._count = 0

    def create(self, options: dict[str, Any]) -> str:
        """The new passkey, as the page sends it."""
        numbers = self._key.public_key().public_numbers()
        cose = encode_cbor(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        held = bytes(16) + len(self._handle).to_bytes(2, "big") + self._handle + cose
        data = self._data(_PRESENT | _VERIFIED | _ATTESTED) + held
        attested = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        told = self._told("webauthn.create", options)
        return self._credential({"clientDataJSON": _text(told), "attestationObject": _text(attested)})

    def get(self, options: dict[str, Any]) -> str:
        """The proof of this attempt, as the page sends it."""
        self._count += 1
        data, told = self._data(_PRESENT | _VERIFIED), self._told("webauthn.get", options)
        signed = self._key.sign(data + sha256(told).digest(), ec.ECDSA(SHA256()))
        return self._credential(
            {"clientDataJSON": _text(told), "authenticatorData": _text(data), "signature": _text(signed)}
        )

    def _data(self, flags: int) -> bytes:
        return self._host + bytes([flags]) + self._count.to_bytes(4, "big")

    def _told(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps({"type": kind, "challenge": options["challenge"], "origin": self._origin}).encode()

    def _credential(self, response: dict[str, str]) -> str:
        handle = _text(self._handle)
        return json.dumps(
            {"id": handle, "rawId": handle, "type": "public-key", "response": response,
             "clientExtensionResults": {}}
        )  # fmt: skip
