"""Keys derived from the installation's secrets, one per use, so that no key serves two purposes."""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BLOCK: Final = 64


def derive(secret: bytes, use: str, length: int = 32) -> bytes:
    """The key for one use (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=length, salt=b"phr", info=use.encode()).derive(secret)


def pads(key: bytes) -> tuple[bytes, bytes]:
    """The two padded keys of HMAC-SHA256 (RFC 2104), for a database that has sha256 but no hmac."""
    block = key.ljust(_BLOCK, b"\0") if len(key) <= _BLOCK else sha256(key).digest().ljust(_BLOCK, b"\0")
    return bytes(b ^ 0x36 for b in block), bytes(b ^ 0x5C for b in block)


def seal(key: bytes, payload: str) -> str:
    """The keyed hash of a payload, in hexadecimal.

    >>> inner, outer = pads(b"k")
    >>> seal(b"k", "x") == sha256(outer + sha256(inner + b"x").digest()).hexdigest()
    True
    """
    return hmac.new(key, payload.encode(), sha256).hexdigest()
