"""Whether a notification really comes from Google: ECDSA signatures over the raw body, with rotating keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.hashes import SHA256

from ingest.cloud.notices import Interval, Notice, is_verification, parse
from ingest.errors import BadPayload, IngestError, Transient

__all__ = [
    "BadSignature",
    "Interval",
    "KeySet",
    "Keys",
    "Notice",
    "UnknownKey",
    "is_verification",
    "parse",
    "verify",
]

SIGNATURE_HEADER: Final = "GOOGLE-HEALTH-API-SIGNATURE"
KEEP_SECONDS: Final = 3600.0
"""How long a set of keys is used before it is fetched again."""
LAST_SECONDS: Final = 86_400.0
"""How long old keys serve while no newer set can be fetched: a key that Google withdrew must not live on."""
REFETCH_SECONDS: Final = 60.0
"""Keys are fetched at most this often, whoever sends what."""

_ECDSA_KEY: Final = "type.googleapis.com/google.crypto.tink.EcdsaPublicKey"
_LARGEST_SET: Final = 1 << 18
_LONGEST_SIGNATURE: Final = 256
_PREFIX: Final = 5
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BadSignature(BadPayload):
    """The body was not signed with a key of Google's."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, field=SIGNATURE_HEADER)


class UnknownKey(BadSignature):
    """The key that signed is not in this set; a newer set may have it."""


class _KeyData(msgspec.Struct, rename="camel"):
    type_url: str = ""
    value: str = ""


class _Key(msgspec.Struct, rename="camel"):
    key_data: _KeyData = msgspec.field(default_factory=_KeyData)
    status: str = ""
    key_id: int = 0
    output_prefix_type: str = ""


class _KeySet(msgspec.Struct):
    key: list[_Key]


_DECODE_SET: Final = msgspec.json.Decoder(_KeySet)


@dataclass(frozen=True, slots=True)
class KeySet:
    """Public keys by id; Tink allows several with one id, and all of them are tried."""

    keys: Mapping[int, tuple[EllipticCurvePublicKey, ...]]

    @classmethod
    def parse(cls, text: str | bytes) -> KeySet:
        """A Tink JSON keyset. Keys that are disabled, or of another kind, are not for us and are left out.

        Raises: BadPayload, for a text that is no keyset or has a key of ours that cannot be read.
        """
        if len(text) > _LARGEST_SET:
            raise BadPayload("too large", field="keyset")
        try:
            found = _DECODE_SET.decode(text)
        except _WRONG as error:
            raise BadPayload("not a keyset", field="keyset") from error
        keys: dict[int, tuple[EllipticCurvePublicKey, ...]] = {}
        for place, each in enumerate(found.key):
            ours = each.key_data.type_url == _ECDSA_KEY and each.output_prefix_type == "TINK"
            if ours and each.status == "ENABLED":
                public = _public_key(each.key_data.value, f"key[{place}].keyData.value")
                keys[each.key_id] = (*keys.get(each.key_id, ()), public)
        return cls(keys)


def _public_key(value: str, field: str) -> EllipticCurvePublicKey:
    """The key of an ``EcdsaPublicKey`` message: P-256, SHA-256, DER, and nothing else."""
    try:
        message = _fields(base64.b64decode(value, validate=True))
        x, y, params = message[3], message[4], message[2]
        if not (isinstance(x, bytes) and isinstance(y, bytes) and isinstance(params, bytes)):
            raise BadPayload("not a key", field=field)
        if _fields(params) != {1: 3, 2: 2, 3: 2}:
            raise BadPayload("not P-256 with SHA-256 and DER", field=field)
        numbers = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1())
        return numbers.public_key()
    except (binascii.Error, ValueError, KeyError, IndexError) as error:
        raise BadPayload("not a key", field=field) from error


def _fields(message: bytes) -> dict[int, int | bytes]:
    """The fields of a small protobuf message; ValueError or IndexError for bytes that are none.

    The message has two levels and numbers below 128, so this is all of the wire format that it uses.
    """
    found: dict[int, int | bytes] = {}
    place = 0
    while place < len(message):
        tag, value = message[place], message[place + 1]
        place += 2
        if tag > 127 or value > 127:
            raise ValueError("a long number")
        if tag & 7 == 0:
            found[tag >> 3] = value
        elif tag & 7 == 2:
            if place + value > len(message):
                raise ValueError("cut short")
            found[tag >> 3] = message[place : place + value]
            place += value
        else:
            raise ValueError("another wire type")
    return found


def verify(body: bytes, signature: str, keys: KeySet) -> None:
    """Passes a body that was signed with one of the keys: the bytes as they came, before anything reads them.

    The signature is base64 of 0x01, the key id in four bytes, and the DER form (Tink's output prefix).

    Raises: BadSignature; UnknownKey when the set has no such key.
    """
    if len(signature) > _LONGEST_SIGNATURE:
        raise BadSignature("too long")
    try:
        raw = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("not base64") from error
    if len(raw) <= _PREFIX or raw[0] != 1:
        raise BadSignature("of another form")
    candidates = keys.keys.get(int.from_bytes(raw[1:_PREFIX]), ())
    if not candidates:
        raise UnknownKey("signed with a key that is not known")
    for key in candidates:
        try:
            key.verify(raw[_PREFIX:], body, ECDSA(SHA256()))
        except InvalidSignature:
            continue
        return
    raise BadSignature("does not fit the body")


class Keys:
    """Google's keys: kept for an hour, and fetched again for a key that is not known, once a minute at most.

    fetch: gives the keyset's JSON, or raises an IngestError. clock: seconds that never go back.
    """

    def __init__(self, fetch: Callable[[], str | bytes], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._set: KeySet | None = None
        self._tried = float("-inf")
        self._fetched = float("-inf")
        self._problem: IngestError | None = None
        self._lock = Lock()

    def verify(self, body: bytes, signature: str) -> None:
        """Passes a body that Google signed.

        Raises: BadSignature; Transient, while there are no keys that may still be used.
        """
        with self._lock:
            if self._clock() - self._fetched >= KEEP_SECONDS:
                self._refetch()
            keys = self._known()
        try:
            verify(body, signature, keys)
        except UnknownKey:
            with self._lock:
                self._refetch()
                keys = self._known()
            verify(body, signature, keys)

    def _known(self) -> KeySet:
        if self._set is None or self._clock() - self._fetched >= LAST_SECONDS:
            raise Transient("the keys of the notifications cannot be fetched") from self._problem
        return self._set

    def _refetch(self) -> None:
        """Fetches when the last attempt is long enough ago; the old keys serve while Google cannot be reached."""
        now = self._clock()
        if now - self._tried < REFETCH_SECONDS:
            return
        self._tried = now
        try:
            self._set = KeySet.parse(self._fetch())
            self._fetched = now
            self._problem = None
        except IngestError as error:
            self._problem = error
