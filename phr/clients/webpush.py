"""Web push (RFC 8030, 8291, 8292): encrypted for the browser, signed as ours, and only to hosts of the open Internet."""

from __future__ import annotations

import base64
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import http_ece  # type: ignore[import-untyped]  # has no hints
import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02, VapidException  # type: ignore[import-untyped]  # has no hints

from phr.domain.messages.addresses import endpoint, public, subscription
from phr.domain.messages.channel import AddressGone, ChannelBusy, ChannelRefused, Note
from phr.errors import Invalid, Unsafe

_PATIENCE: Final = 10.0
_LARGEST: Final = 2048  # bytes before encryption; a push service takes 4096 in all
_HALF_DAY: Final = 43_200  # a token lives at most 24 hours (RFC 8292)

Resolve = Callable[[str], Sequence[str]]


def resolved(host: str) -> list[str]:
    """The numbers that a name stands for now."""
    found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return sorted({str(one[4][0]).partition("%")[0] for one in found})


class WebPush:
    """Sends as one application server. A repetition replaces what still waits (Topic); one that was shown already is
    shown in its place (the tag of the notification).
    """

    repeats_count_once: Final = True

    def __init__(
        self,
        key: str,
        contact: str,
        *,
        resolve: Resolve = resolved,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``key``: private key of P-256, base64url or DER; ``contact``: mailto: or https: of who runs the service."""
        try:
            self._vapid = Vapid02.from_string(key)
        except (VapidException, ValueError) as error:
            raise Unsafe("PHR_VAPID_KEY is no private key of P-256") from error
        self._contact = contact
        self._resolve = resolve
        self._client = httpx.Client(
            timeout=_PATIENCE, transport=transport, follow_redirects=False, trust_env=False
        )

    def close(self) -> None:
        """Gives its connections back."""
        self._client.close()

    @property
    def public_key(self) -> str:
        """What browsers need to subscribe (applicationServerKey)."""
        point = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()

    def send(self, address: str, note: Note) -> str:
        """Sends one message. Raises AddressGone, ChannelBusy or ChannelRefused."""
        try:
            target = subscription(address)
            host = endpoint(target["endpoint"])
            numbers = self._resolve(host)
            number = public(numbers)
        except Invalid as error:
            raise AddressGone(error.problem) from None
        except OSError:
            raise ChannelBusy("the push service has no address") from None
        body = orjson.dumps({"title": note.subject, "body": note.text, "url": note.url, "tag": str(note.key)})
        if len(body) > _LARGEST:
            raise ChannelRefused("too long for a push message")
        keys = target["keys"]
        try:
            answer = self._client.post(
                _by_number(target["endpoint"], number),
                content=_encrypted(body, keys["p256dh"], keys["auth"]),
                headers=self._headers(target["endpoint"], host, note),
                extensions={"sni_hostname": host},
            )
        except (ValueError, http_ece.ECEException):
            raise AddressGone("keys that no browser made") from None
        except httpx.HTTPError as error:
            raise ChannelBusy(f"the push service does not answer: {type(error).__name__}") from None
        return _read(answer)

    def _headers(self, url: str, host: str, note: Note) -> dict[str, str]:
        parts = urlsplit(url)
        claims = {"sub": self._contact, "aud": f"https://{parts.netloc}", "exp": int(time.time()) + _HALF_DAY}
        return {
            **self._vapid.sign(claims),
            "Host": host,
            "Content-Encoding": "aes128gcm",
            "TTL": str(note.seconds),
            "Topic": note.key.hex,  # 32 signs, the most that a topic may have
            "Urgency": "high" if note.urgent else "normal",
        }


def _by_number(url: str, number: str) -> str:
    """The address with the number that was checked in place of the name, so that nobody looks the name up again."""
    parts = urlsplit(url)
    place = f"[{number}]" if ":" in number else number
    return urlunsplit((parts.scheme, place, parts.path, parts.query, ""))


def _encrypted(body: bytes, p256dh: str, auth: str) -> bytes:
    sealed: bytes = http_ece.encrypt(
        body,
        salt=secrets.token_bytes(16),
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=_raw(p256dh),
        auth_secret=_raw(auth),
        version="aes128gcm",
    )
    return sealed


def _raw(text: str) -> bytes:
    plain = text.rstrip("=")
    return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _read(answer: httpx.Response) -> str:
    status = answer.status_code
    if status in (200, 201, 202, 204):
        return f"push:{status}"
    if status in (404, 410):
        raise AddressGone("the browser ended its subscription")
    if status == 429 or status >= 500:
        after = answer.headers.get("retry-after", "")
        seconds = min(int(after), 86_400) if after.isascii() and after.isdigit() and len(after) < 9 else 0
        raise ChannelBusy(f"the push service answers {status}", seconds)
    raise ChannelRefused(f"the push service answers {status}")
