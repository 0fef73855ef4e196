"""Sealed secrets: what must be read again (a token) is kept encrypted, bound to whose it is, under keys that rotate."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from phr.domain.keys import seal
from phr.errors import PhrError

_VERSION: Final = b"\x01"
_ID: Final = 8
_NONCE: Final = 12  # bytes, random for each seal (NIST SP 800-38D 8.2.2)


class Unopenable(PhrError):
    """It was sealed with a secret that is gone, or for somebody else, or it was changed."""


class Box:
    """Seals with the newest key and opens with any: version, key id, nonce, AES-256-GCM."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = {bytes.fromhex(seal(key, "box")[: 2 * _ID]): AESGCM(key) for key in keys}
        self._newest = next(iter(self._keys))

    def seal(self, plain: bytes, about: str) -> bytes:
        """The sealed bytes. They open only with the same ``about``: whose it is, and what it is for."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._keys[self._newest].encrypt(nonce, plain, about.encode())
        return _VERSION + self._newest + nonce + sealed

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed. Raises Unopenable, whatever the reason."""
        key = self._keys.get(sealed[1 : 1 + _ID])
        if sealed[:1] != _VERSION or key is None:
            raise Unopenable("it was sealed with a secret that is not among today's")
        start = 1 + _ID + _NONCE
        try:
            return key.decrypt(sealed[1 + _ID : start], sealed[start:], about.encode())
        except (InvalidTag, ValueError):  # ValueError: shorter than a nonce and a tag
            raise Unopenable("it was sealed for somebody else, or changed") from None

    def stale(self, sealed: bytes) -> bool:
        """Whether it was sealed with another than the newest key."""
        return sealed[1 : 1 + _ID] != self._newest
