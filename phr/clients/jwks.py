"""Reads the keys that an app publishes, from the public internet only: an address is a way into our own network otherwise.

https on its usual port, a name whose every address is public, one connection to exactly the address that was looked
at (so that the name cannot change its mind in between), no redirect, no proxy, little time and few bytes.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from phr.clock import Clock
from phr.errors import Invalid, Refused

Resolve = Callable[[str], Sequence[str]]
"""The addresses of a name."""
_TIMEOUT: Final = httpx.Timeout(3.0, connect=3.0)
_WHOLE: Final = 6.0  # seconds
_LARGEST: Final = 1 << 16
_USUAL: Final = timedelta(minutes=5)
_LONGEST: Final = timedelta(hours=1)
_AGAIN: Final = timedelta(seconds=30)
_AGE: Final = re.compile(r"(?:^|[\s,])max-age=\"?(\d{1,9})")


class _Set(msgspec.Struct):
    keys: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Read:
    keys: list[dict[str, Any]]
    at: datetime
    until: datetime


def public_address(address: str) -> str:
    """An https address with a name and nothing else that could lead astray. Raises Invalid (field jwks_url)."""
    wrong = Invalid("must be an https address on the usual port, without a user", field="jwks_url")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise wrong from None
    plain = address.isascii() and address.isprintable() and " " not in address and "\\" not in address
    if parts.scheme != "https" or not parts.hostname or port not in {None, 443} or not plain:
        raise wrong
    if "@" in parts.netloc or parts.fragment or len(address) > 500:
        raise wrong
    return address


def resolved(host: str) -> list[str]:
    """The addresses of a name, as this machine knows them."""
    try:
        found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refused("the name of the app's keys has no address") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also behind IPv6 forms of an IPv4 address.

    >>> is_public("127.0.0.1"), is_public("10.1.2.3"), is_public("169.254.169.254"), is_public("8.8.8.8")
    (False, False, False, True)
    """
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(known, ipaddress.IPv6Address):
        inner = known.ipv4_mapped or known.sixtofour or (known.teredo[1] if known.teredo else None)
        if known in _NAT64:
            inner = ipaddress.IPv4Address(int(known) & 0xFFFFFFFF)
        if inner is not None and not is_public(str(inner)):
            return False
    return known.is_global and not known.is_multicast and not known.is_reserved


_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class PublishedKeys:
    """Keys of apps, kept as long as each app's answer says."""

    def __init__(
        self, clock: Clock, *, http: httpx.Client | None = None, resolve: Resolve = resolved
    ) -> None:
        self._clock = clock
        self._http = http or httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)
        self._resolve = resolve
        self._lock = threading.Lock()
        self._read: dict[str, _Read] = {}

    def close(self) -> None:
        """Gives connections back."""
        self._http.close()

    def get(self, address: str, kid: str) -> list[dict[str, Any]]:
        """The keys under an address; read again when their time is over, or once when one is new. Raises Refused."""
        now = self._clock.now()
        with self._lock:
            known = self._read.get(address)
        if known is not None and now < known.until and (_has(known.keys, kid) or now - known.at < _AGAIN):
            return known.keys
        keys, life = self._fetch(address)
        with self._lock:
            self._read[address] = _Read(keys, now, now + life)
        return keys

    def _fetch(self, address: str) -> tuple[list[dict[str, Any]], timedelta]:
        parts = urlsplit(public_address(address))
        host = str(parts.hostname)
        there = self._resolve(host)
        if not there or not all(is_public(one) for one in there):
            raise Refused("the app's keys are not on the public internet")
        url = httpx.URL(address).copy_with(host=there[0])
        until = time.monotonic() + _WHOLE
        body = b""
        try:
            with self._http.stream(
                "GET",
                url,
                headers={"Accept": "application/json", "Host": host},
                extensions={"sni_hostname": host},
            ) as answer:
                if answer.status_code != httpx.codes.OK:
                    raise Refused("the app's keys cannot be read")
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > _LARGEST or time.monotonic() > until:
                        raise Refused("the app's keys are too large or too slow")
                life = _life(answer.headers.get("cache-control", ""))
        except httpx.HTTPError as error:
            raise Refused("the app's keys cannot be read") from error
        try:
            return msgspec.json.decode(body, type=_Set).keys, life
        except (msgspec.DecodeError, RecursionError) as error:
            raise Refused("the app's keys cannot be read") from error


def _has(keys: Sequence[dict[str, Any]], kid: str) -> bool:
    return any(one.get("kid") == kid for one in keys)


def _life(control: str) -> timedelta:
    """How long an answer may be kept.

    >>> _life("no-store"), _life("public, max-age=60"), _life("")
    (datetime.timedelta(0), datetime.timedelta(seconds=60), datetime.timedelta(seconds=300))
    """
    said = control.lower()
    if "no-store" in said or "no-cache" in said:
        return timedelta()
    found = _AGE.search(said)
    return min(timedelta(seconds=int(found[1])), _LONGEST) if found else _USUAL
