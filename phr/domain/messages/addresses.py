"""Addresses: what can be one at all, codes that prove them, and links that end messages without signing in."""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from phr.errors import Invalid

_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL: Final = re.compile(rf"({_LOCAL})@((?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}}))")
_LINE: Final = re.compile(r"U[0-9a-f]{32}")
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
_ENDPOINT: Final = 1024
_PUBLIC_KEY: Final = 65  # bytes of an uncompressed point of P-256 (RFC 8291)
_AUTH: Final = 16
_TOKEN: Final = 16
_HTTPS: Final = 443


def email(text: str) -> str:
    """An e-mail address as it is kept. Raises Invalid. No line break and no second address can pass."""
    plain = text.strip()
    found = _EMAIL.fullmatch(plain)
    if found is None or len(plain) > 254 or len(found[1]) > 64:
        raise Invalid("is no e-mail address", field="address")
    return f"{found[1]}@{found[2].lower()}"


def line_user(text: str) -> str:
    """A LINE user id. Raises Invalid."""
    if _LINE.fullmatch(text) is None:
        raise Invalid("is no LINE user id", field="address")
    return text


def subscription(raw: bytes | str) -> dict[str, Any]:
    """A push subscription as browsers give it (Push API), reduced to what is needed. Raises Invalid."""
    try:
        given = orjson.loads(raw)
        found = {
            "endpoint": given["endpoint"],
            "keys": {name: given["keys"][name] for name in ("p256dh", "auth")},
        }
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Invalid("is no push subscription", field="subscription") from error
    endpoint(found["endpoint"])
    sizes = {"p256dh": _PUBLIC_KEY, "auth": _AUTH}
    if any(len(_unpacked(found["keys"][name])) != size for name, size in sizes.items()):
        raise Invalid("has no keys of P-256", field="subscription")
    return found


def endpoint(url: object) -> str:
    """The host of a push service's address. Raises Invalid for anything but https to a named host on its own port."""
    if not isinstance(url, str) or len(url) > _ENDPOINT or not url.isascii() or any(ord(c) < 33 for c in url):
        raise Invalid("is no address of a push service", field="endpoint")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Invalid("is no address of a push service", field="endpoint") from error
    host = parts.hostname or ""
    if (
        parts.scheme != "https"
        or port not in (None, _HTTPS)
        or parts.username
        or "." not in host
        or is_ip(host)
    ):
        raise Invalid("must be https to a named host", field="endpoint")
    return host


def is_ip(host: str) -> bool:
    """Whether a host is a number instead of a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def public(addresses: Sequence[str]) -> str:
    """The first of the addresses that a name stands for. Raises Invalid when any of them is not of the open Internet:
    a name that stands for both would let a later look-up choose.
    """
    found = [ipaddress.ip_address(one) for one in addresses]
    if not found or not all(one.is_global and not one.is_multicast for one in found):
        raise Invalid("leads into a closed network", field="endpoint")
    return str(found[0])


def code(key: bytes, address: UUID) -> str:
    """The six digits that prove an address: derived, so that they are kept nowhere."""
    return f"{int.from_bytes(_mac(key, 'code', address.bytes)[:8]) % 1_000_000:06d}"


def link_word(key: bytes, address: UUID) -> str:
    """What a person sends to the city's account to show that it is theirs: eight signs that are not read for others."""
    signs = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
    mac = _mac(key, "link", address.bytes)
    return "".join(signs[byte % len(signs)] for byte in mac[:8])


def same(one: str, other: str) -> bool:
    """Compares secrets without telling by time how much agreed."""
    return hmac.compare_digest(one.encode(), other.encode())


def stop_token(key: bytes, message: UUID) -> str:
    """What the link for unsubscribing carries: a message's random id, and proof that we made the link."""
    return _packed(message.bytes + _mac(key, "stop", message.bytes)[:_TOKEN])


def stopped_message(key: bytes, token: str) -> UUID | None:
    """The message of such a link; None for what we did not make."""
    raw = _unpacked(token)
    if len(raw) != 16 + _TOKEN or not hmac.compare_digest(raw[16:], _mac(key, "stop", raw[:16])[:_TOKEN]):
        return None
    return UUID(bytes=raw[:16])


def postal(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines of a Patient's address as they stand in the window: code, address in at most three lines; none if
    there is nothing to write to.
    """
    first: Any = next(iter(patient.get("address") or []), {})
    if not isinstance(first, dict):
        return ()
    lines = [str(one) for one in first.get("line") or []]
    city = "".join(str(first.get(name) or "") for name in ("state", "city", "district"))
    text = str(first.get("text") or "")
    body = [city + lines[0], *lines[1:]] if lines else [text or ""]
    shown = [_line_of(one) for one in body if one.strip()][:3]
    number = _line_of(str(first.get("postalCode") or ""))
    return (f"〒{number}" if number else "", *shown) if shown else ()


def _line_of(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", " ", text).strip()[:60]


def _mac(key: bytes, use: str, about: bytes) -> bytes:
    return hmac.new(key, use.encode() + b"|" + about, sha256).digest()


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpacked(text: object) -> bytes:
    """The bytes of base64url without padding; none for what is not."""
    if not isinstance(text, str) or _KEY.fullmatch(text.rstrip("=")) is None:
        return b""
    plain = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except ValueError:
        return b""
