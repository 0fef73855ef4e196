"""One request to the cloud: paced, with the person's token, bounded in size and time, tried again with pauses."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from ingest.cloud.answers import Busy, error_of, pause_of, reasons, worth_a_retry
from ingest.cloud.limits import TokenBucket
from ingest.cloud.types import LIMITS
from ingest.errors import BadPayload, NeedsReauthorisation, Transient

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
"""Of one step of a request; Google's own client waits 60 s."""
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 32.0
_DRAW: Final = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked, and how an error calls it."""

    what: str
    path: str
    params: Mapping[str, str] | None = None
    body: Mapping[str, Any] | None = None


class Transport:
    """Sends requests of one connection, one after the other."""

    def __init__(
        self,
        api: str,
        http: httpx.Client,
        authorise: Callable[[], str],
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        buckets: Sequence[TokenBucket],
    ) -> None:
        self._api = api.rstrip("/")
        self._http = http
        self._authorise = authorise
        self._clock = clock
        self._sleep = sleep
        self._buckets = buckets
        self._token = ""

    def ask(self, request: Request) -> bytes:
        """The body of the answer.

        Raises: NeedsReauthorisation, Permanent, Transient or BadPayload, never anything of the network's.
        """
        renewed = False
        failures = 0
        while True:
            self._token = self._token or self._authorise()
            try:
                status, pause, body = self._once(request)
            except httpx.RequestError:
                status, pause, body = 503, None, b""  # the answer did not arrive
            if status == 200:
                return body
            if status == 401:
                self._token = ""
                if renewed:
                    raise NeedsReauthorisation(f"{request.what}: the authorisation was refused")
                renewed = True
                continue
            found = reasons(body)
            failures += 1
            if not worth_a_retry(status, found) or failures == LIMITS.attempts:
                raise error_of(status, found, request.what)
            self._wait(request, failures, pause)

    def _wait(self, request: Request, failures: int, pause: float | None) -> None:
        """Waits as long as the cloud says, or twice as long each time, never all clients at once."""
        if pause is not None and pause > LIMITS.longest_wait:
            raise Busy(f"{request.what}: the cloud asks for a long pause", pause)
        backoff = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failures - 1)) * (0.5 + _DRAW() / 2)
        self._sleep(backoff if pause is None else pause + _DRAW())

    def _once(self, request: Request) -> tuple[int, float | None, bytes]:
        """Status, the pause that is asked for, and the body."""
        for bucket in self._buckets:
            wait = bucket.take(self._clock())
            if wait > 0:
                self._sleep(wait)
        started = self._clock()
        with self._http.stream(
            "GET" if request.body is None else "POST",
            f"{self._api}/v4/{request.path}",
            params=request.params,
            json=request.body,
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
            timeout=TIMEOUT,
            follow_redirects=False,  # the token is for this host
        ) as answer:
            parts = bytearray()
            for part in answer.iter_bytes():
                parts += part
                if len(parts) > LIMITS.answer_bytes:
                    raise BadPayload("the answer is too large", field=request.what)
                if self._clock() - started > LIMITS.answer_seconds:
                    raise Transient(f"{request.what}: the answer takes too long")
            pause = pause_of(answer.headers.get("Retry-After"), lambda: datetime.now(UTC))
            return answer.status_code, pause, bytes(parts)
