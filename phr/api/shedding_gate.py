"""The turns of one server process: who is answered now, who waits, and how late the process is with everything."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

from prometheus_client import Gauge, Histogram

from phr.domain.shedding import Now, Policy, may_run, next_limit, turned_away

TURN_SECONDS: Final = Histogram(
    "phr_turn_seconds", "How long a request waited for its turn, by how urgent it is.", ["kind"]
)
RUNNING: Final = Gauge(
    "phr_running", "Requests that are answered now, of all processes.", multiprocess_mode="livesum"
)
LIMIT: Final = Gauge(
    "phr_running_limit", "How many may be answered at once, of all processes.", multiprocess_mode="livesum"
)
_TICK: Final = 0.1  # seconds between two looks at the clock


class Gate:
    """Gives out turns, the most urgent first; it belongs to one event loop, so that it needs no lock."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._loop = asyncio.get_running_loop()
        self._limit = policy.highest
        self._running = [0] * len(policy.kinds)
        self._waiting: list[deque[tuple[float, asyncio.Future[None]]]] = [deque() for _ in policy.kinds]
        self._watched = False
        self._seconds = [TURN_SECONDS.labels(one.name) for one in policy.kinds]
        LIMIT.set(self._limit)

    def belongs_here(self) -> bool:
        """Whether the loop that runs is the one that it was made for."""
        return self._loop is asyncio.get_running_loop()

    def now(self) -> Now:
        """How it stands."""
        at = self._loop.time()
        return Now(
            self._limit,
            tuple(self._running),
            tuple(len(queue) for queue in self._waiting),
            tuple(at - queue[0][0] if queue else 0.0 for queue in self._waiting),
        )

    def is_full_for(self, kind: int) -> bool:
        """Whether a newcomer of this kind is turned away at once; nobody is while nobody waits."""
        return any(self._waiting) and turned_away(self._policy, self.now(), kind)

    async def enter(self, kind: int) -> bool:
        """Waits for a turn; False when it would take too long. Whoever got one must leave."""
        if self.is_full_for(kind):
            return False
        self._watch()
        began = self._loop.time()
        if not self._waiting[kind] and may_run(self._policy, self.now(), kind):
            self._begin(kind)
        elif not await self._turn(kind, began):
            return False
        self._seconds[kind].observe(self._loop.time() - began)
        return True

    def leave(self, kind: int) -> None:
        """Gives a turn back, and with it to those who wait."""
        self._running[kind] -= 1
        RUNNING.dec()
        self._call()

    async def _turn(self, kind: int, began: float) -> bool:
        turn = self._loop.create_future()
        queue = self._waiting[kind]
        queue.append((began, turn))
        try:
            async with asyncio.timeout(self._policy.kinds[kind].patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():  # it was called and left in the same moment
                self.leave(kind)
            else:
                with suppress(ValueError):  # taken out already
                    queue.remove((began, turn))
            if isinstance(error, TimeoutError):
                return False
            raise
        return True

    def _begin(self, kind: int) -> None:
        self._running[kind] += 1
        RUNNING.inc()

    def _call(self) -> None:
        """Calls those who may run now, the most urgent and the oldest first."""
        if not any(self._waiting):
            return
        for kind in range(self._policy.top, -1, -1):
            queue = self._waiting[kind]
            while queue and may_run(self._policy, self.now(), kind):
                _, turn = queue.popleft()
                if not turn.cancelled():  # else its patience ended in this moment
                    self._begin(kind)
                    turn.set_result(None)

    def _watch(self) -> None:
        """Looks at the clock for as long as anybody is here."""
        if not self._watched:
            self._watched = True
            self._loop.call_later(_TICK, self._look, self._loop.time() + _TICK)

    def _look(self, due: float) -> None:
        at = self._loop.time()
        self._limit = next_limit(self._policy, self.now(), at - due)
        LIMIT.set(self._limit)
        self._call()
        self._watched = any(self._running) or any(self._waiting)
        if self._watched:
            self._loop.call_later(_TICK, self._look, at + _TICK)
