"""The poster: sends what waits in the spool, and forgets it only when the server has answered for it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from ingest.cloud.answers import pause_of
from ingest.errors import BadPayload, Permanent
from ingest.gateway.bundle import Answered, answers, bundle
from ingest.gateway.clock import Asked, since_boot
from ingest.gateway.display import Display
from ingest.gateway.readings import Outgoing
from ingest.gateway.settings import Server, secret_path, tls, token
from ingest.gateway.spool import Spool
from ingest.gateway.spool_file import SpoolFull

TIMEOUT: Final = httpx.Timeout(60.0, connect=15.0)
LARGEST: Final = 8 << 20
FIRST, LONGEST, LOCKED_OUT = 1.0, 900.0, 3600.0
"""Seconds: the first pause after a failure, the longest, and how long a refused box waits before it asks again."""
IDLE: Final = 5.0
REFUSED: Final = {
    400: "invalid",
    404: "card-unknown",
    409: "conflict",
    410: "card-unknown",
    422: "implausible",
}
_DRAW: Final = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Step:
    """What one request came to: a word for the state, and the seconds until the next."""

    state: str
    pause: float = 0.0


class Poster:
    """Posts batch by batch, one request at a time.

    learned: called with the date of each answer. State words: idle, posting, offline, unauthorised, busy,
    address-wrong, unreadable, clock-unknown, spool-full.
    """

    def __init__(
        self,
        server: Server,
        spool: Spool,
        learned: Callable[[Asked], None],
        display: Display,
        *,
        now: Callable[[], int],
        is_known: Callable[[], bool],
    ) -> None:
        self._server = server
        self._spool = spool
        self._learned = learned
        self._display = display
        self._now = now
        self._is_known = is_known
        self._most = server.batch
        self._failures = 0
        self._http = httpx.AsyncClient(
            verify=tls(server), timeout=TIMEOUT, follow_redirects=False, trust_env=False
        )
        self._asked = False
        self.state = "idle"

    async def close(self) -> None:
        """Ends the connection."""
        await self._http.aclose()

    def token_changed(self) -> float:
        """When the token file was last written; a new token is tried at once."""
        try:
            return secret_path(self._server.token_file).stat().st_mtime
        except OSError:
            return 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Posts until ``stop``; never faster than the server allows."""
        while not stop.is_set():
            step = await self.step()
            written = self.token_changed()
            loop = asyncio.get_running_loop()
            until = loop.time() + step.pause
            while loop.time() < until and not stop.is_set():
                if step.state == "unauthorised" and self.token_changed() != written:
                    break
                await sleep(stop, min(IDLE, until - loop.time()))

    async def drain(self, leave: asyncio.Event) -> bool:
        """Posts until nothing is left or something is in the way; whether nothing is left."""
        while not leave.is_set():
            step = await self.step()
            if step.state != "posting":
                return step.state == "idle"
        return False

    async def greet(self) -> None:
        """Asks the server for the time, once."""
        self._tell(await self._ask_time())

    async def step(self) -> Step:
        """One request at most."""
        try:
            done = await self._next()
        except (
            SpoolFull
        ):  # the server has it, the spool could not forget it: it is sent again, and stored once
            done = self._later("spool-full")
        self._tell(done)
        return done

    def _tell(self, done: Step) -> None:
        if done.state != self.state:
            self._display.state(f"posting: {done.state}")
        self.state = done.state

    async def _next(self) -> Step:
        if not self._asked:
            return await self._ask_time()
        if not self._is_known():
            self._asked = False
            return self._later("clock-unknown")
        rows = self._spool.waiting(self._most)
        return await self._post(rows) if rows else Step("idle", IDLE)

    def _headers(self) -> dict[str, str]:
        heads = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
        if self._server.token_file:
            heads["Authorization"] = f"Bearer {token(self._server)}"
        return heads

    async def _ask_time(self) -> Step:
        """Before anything is posted: readings that hang on a wrong clock would be stored at a wrong time."""
        status, pause, _body = await self._send("GET", "/metadata", b"")
        if status == 0:
            return self._later("offline", pause)
        self._asked = True
        self._failures = 0
        return Step("posting")

    async def _post(self, rows: Sequence[tuple[int, Outgoing]]) -> Step:
        status, pause, body = await self._send("POST", "", bundle([row for _, row in rows]))
        if status == 200:
            try:
                if not self._settle(rows, answers(body, len(rows))):
                    return self._later("busy")
            except BadPayload:
                return self._later("unreadable")
            self._failures = 0
            self._most = min(self._server.batch, self._most * 2)
            return Step("posting")
        if status in (400, 413, 422):
            return self._smaller(rows, "too-large" if status == 413 else "invalid")
        if status in (401, 403):
            return Step("unauthorised", LOCKED_OUT)
        if status in (0, 408, 425, 429) or status >= 500:
            return self._later("offline" if status == 0 else "busy", pause)
        return self._later("address-wrong", LONGEST)

    def _smaller(self, rows: Sequence[tuple[int, Outgoing]], reason: str) -> Step:
        """Half of it next time; one that is refused alone is set aside, so that it does not hold up the others."""
        if len(rows) > 1:
            self._most = max(1, len(rows) // 2)
        else:
            self._spool.settle([], {rows[0][0]: reason}, Counter(), self._now())
        return Step("posting")

    def _settle(self, rows: Sequence[tuple[int, Outgoing]], given: Sequence[Answered]) -> bool:
        """What was taken is forgotten; what the person did not agree to is forgotten too, and counted.

        Whether the server could answer for every row.
        """
        sent: list[int] = []
        refused: dict[int, str] = {}
        dropped: Counter[str] = Counter()
        for (identity, _row), answer in zip(rows, given, strict=True):
            if answer.status in (200, 201):
                sent.append(identity)
            elif answer.status == 403:
                sent.append(identity)
                dropped["no-consent"] += 1
            elif answer.status in REFUSED:
                refused[identity] = REFUSED[answer.status]
            for grave, text in answer.alarms:
                self._display.alarm(grave, text)
        self._spool.settle(sent, refused, dropped, self._now())
        return len(sent) + len(refused) == len(rows)

    def _later(self, state: str, asked: float | None = None) -> Step:
        """Later each time, never all boxes at once; as long as the server asks, within reason."""
        self._failures += 1
        pause = min(LONGEST, FIRST * 2 ** min(self._failures - 1, 20))
        pause *= 0.5 + _DRAW() / 2
        if asked is not None:
            pause = max(pause, min(asked, LOCKED_OUT) + _DRAW())
        return Step(state, pause)

    async def _send(self, method: str, path: str, body: bytes) -> tuple[int, float | None, bytes]:
        """Status (0: no answer), the pause that is asked for, and the body."""
        sent = since_boot()
        try:
            async with self._http.stream(
                method, self._server.url.rstrip("/") + path, content=body or None, headers=self._headers()
            ) as answer:
                self._learned(Asked(answer.headers.get("Date", ""), sent, since_boot()))
                parts = bytearray()
                if method == "POST":
                    async for part in answer.aiter_bytes():
                        parts += part
                        if len(parts) > LARGEST:
                            return 0, None, b""
                pause = pause_of(answer.headers.get("Retry-After"), _utc)
                return answer.status_code, pause, bytes(parts)
        except (httpx.HTTPError, OSError):  # a certificate that the server refuses comes as ssl.SSLError
            return 0, None, b""
        except Permanent as unusable:  # the token file
            self._display.state(str(unusable))
            return 401, None, b""


def _utc() -> datetime:
    return datetime.now(UTC)


async def sleep(stop: asyncio.Event, seconds: float) -> None:
    """Waits so long, or until somebody stops."""
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await stop.wait()
    except TimeoutError:
        return
