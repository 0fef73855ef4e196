"""Signing keys of the webhooks in Tink's format: the public key set as JSON, and ECDSA P-256 signatures."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

HEADER: Final = "GOOGLE-HEALTH-API-SIGNATURE"
_TYPE: Final = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"
_PARAMETERS: Final = bytes.fromhex("1206080310021802")
"""Field 2: SHA-256, NIST P-256, DER."""
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class Key:
    """One signing key."""

    number: int
    private: ec.EllipticCurvePrivateKey

    def sign(self, body: bytes) -> str:
        """0x01, the key id and the DER signature over the raw body, in base64."""
        signature = self.private.sign(body, ec.ECDSA(SHA256()))
        return base64.b64encode(b"\x01" + self.number.to_bytes(4, "big") + signature).decode()

    def public(self) -> dict[str, Any]:
        """The entry of the key set."""
        point = self.private.public_key().public_numbers()
        value = _PARAMETERS + b"".join(
            bytes([tag, 33]) + number.to_bytes(33, "big")
            for tag, number in ((0x1A, point.x), (0x22, point.y))
        )
        data = {
            "typeUrl": _TYPE,
            "value": base64.b64encode(value).decode(),
            "keyMaterialType": "ASYMMETRIC_PUBLIC",
        }
        return {"keyData": data, "status": "ENABLED", "keyId": self.number, "outputPrefixType": "TINK"}


def _key(seed: int, generation: int) -> Key:
    """A key that depends only on the seed: these keys protect nothing but invented data."""
    digest = hashlib.sha512(f"webhook key {seed} {generation}".encode()).digest()
    secret = int.from_bytes(digest[:40], "big") % (_ORDER - 1) + 1
    return Key(int.from_bytes(digest[40:44], "big"), ec.derive_private_key(secret, ec.SECP256R1()))


@dataclass(slots=True)
class Keys:
    """The key set: the newest key signs, older ones stay until they are dropped."""

    seed: int
    generation: int = 0
    kept: list[Key] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rotate()

    @property
    def primary(self) -> Key:
        """The key that signs."""
        return self.kept[0]

    def rotate(self, *, drop_old: bool = False) -> None:
        """A new key signs from now on."""
        self.generation += 1
        self.kept = [_key(self.seed, self.generation), *([] if drop_old else self.kept)]

    def stranger(self) -> Key:
        """A key that was never published."""
        return _key(self.seed, -1)

    def keyset(self) -> dict[str, Any]:
        """The published JSON."""
        return {"primaryKeyId": self.primary.number, "key": [key.public() for key in self.kept]}
