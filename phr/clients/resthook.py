"""Rest-hooks: a notification to the address that a subscriber named, and only to hosts of the open Internet."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import httpx

from phr.domain.messages.addresses import public
from phr.domain.subscriptions.asked import address
from phr.errors import Invalid

_JSON: Final = "application/fhir+json"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_RETRY: Final = 3600

Resolve = Callable[[str, int], Sequence[str]]


class HookGone(Exception):
    """The receiver wants no more (410)."""


class HookRefused(Exception):
    """The receiver could not be told; why, in words that hold nothing of it. after: the seconds that it asks for."""

    def __init__(self, why: str, after: int = 0) -> None:
        super().__init__(why)
        self.after = after


def resolved(host: str, port: int) -> list[str]:
    """The numbers that a name stands for now."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return sorted({str(one[4][0]).partition("%")[0] for one in found})


class RestHook:
    """Posts notifications. local: whether receivers on this machine are allowed, as in the demo and in tests."""

    def __init__(
        self,
        *,
        local: bool,
        resolve: Resolve = resolved,
        trust: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._local = local
        self._resolve = resolve
        self._trust = trust
        self._transport = transport

    def post(self, url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int:
        """Posts one notification; the status, which is a success. Raises HookGone or HookRefused.

        The name is looked up once, every number that it stands for must be public, and that number is connected to:
        no second look-up can choose another. Nothing is followed and no answer is read beyond its head. ``seconds``
        counts for the whole call, however slowly the other side answers.
        """
        try:
            target, extensions, host = self._checked(url)
        except Invalid as error:
            raise HookRefused(error.problem) from None
        except OSError:
            raise HookRefused("the receiver's name has no address") from None
        sent = {**headers, "Host": host, "Content-Type": _JSON}
        try:
            answer = asyncio.run(self._send(target, sent, body, extensions, seconds))
        except TimeoutError:
            raise HookRefused("the receiver does not answer in time") from None
        except (httpx.HTTPError, ssl.SSLError, ValueError, OSError) as error:
            raise HookRefused(f"the receiver cannot be reached ({type(error).__name__})") from None
        return _judged(answer)

    def _checked(self, url: str) -> tuple[str, dict[str, str], str]:
        """The address by number, what TLS has to prove, and the Host header."""
        parts = urlsplit(address(url, local=self._local))
        host = parts.hostname or ""
        if self._local and host in _LOOPBACK:
            return url, {}, parts.netloc
        number = public(self._resolve(host, parts.port or 443))
        place = f"[{number}]" if ":" in number else number
        if parts.port is not None:
            place += f":{parts.port}"
        return (
            urlunsplit((parts.scheme, place, parts.path, parts.query, "")),
            {"sni_hostname": host},
            parts.netloc,
        )

    async def _send(
        self, target: str, headers: Mapping[str, str], body: bytes, extensions: dict[str, str], seconds: float
    ) -> httpx.Response:
        verify = self._trust or True
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(
                timeout=seconds,
                follow_redirects=False,
                trust_env=False,
                verify=verify,
                transport=self._transport,
            ) as client,
            client.stream(
                "POST", target, content=body, headers=dict(headers), extensions=extensions
            ) as answer,
        ):
            return answer


def _judged(answer: httpx.Response) -> int:
    status = answer.status_code
    if 200 <= status < 300:
        return status
    if status == 410:
        raise HookGone("the receiver wants no more")
    after = answer.headers.get("retry-after", "")
    seconds = min(int(after), _RETRY) if after.isascii() and after.isdigit() and len(after) < 9 else 0
    raise HookRefused(f"the receiver answers {status}", seconds)
