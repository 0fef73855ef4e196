"""Kills parts of a town at random points, again and again, and lets each come back by itself."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.faults.checker import Checker
from tests.faults.log import KINDS, Log, tell
from tests.faults.parts import Part
from tests.faults.town import Town

_STUCK = 180.0  # seconds in which something must be acknowledged again
_WEIGHTS = {"api": 4, "worker": 4, "database": 4, "broker": 2}
_WORK = {
    "api": 5,
    "database": 5,
    "broker": 15,
}  # what must have been acknowledged since a part was killed last
_EACH = 5  # kills in the course of which something of each kind must have been acknowledged, else it is given the time
_OWN = tuple(kind for kind in KINDS if kind != "letter")  # letters pause while too many wait
_LOOK = 0.1  # seconds between two looks at what may be killed; each asks the database
_REST = 10  # kills after which nothing rests any more: else a ledger that is gone so often is hardly asked


class Chaos:
    """The kills of one town. The same seed chooses the same parts and pauses; the machine's timing is its own."""

    def __init__(self, town: Town, log: Log, checker: Checker, seed: int) -> None:
        self.town = town
        self.log = log
        self.checker = checker
        self.kills: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._at: dict[str, int] = {}
        self._unhurt: set[str] = set()
        self._seen: dict[str, tuple[int, int]] = {}
        self._back = 0.0  # since when the broker that was killed last takes connections again

    def run(self, kills: int, *, check_every: int = 100) -> None:
        """So many kills, of each part one at least, with a check after every so many of them."""
        began = time.monotonic()
        until = self.kills.total() + kills
        self._unhurt = {name for name in _WEIGHTS if name != "broker" or self.town.broker is not None}
        while self.kills.total() < until:
            name = self._next(until - self.kills.total())
            time.sleep(self._chance.uniform(0, 0.25))
            self._kill(name)
            broker = self.town.broker
            called = name if name != "broker" or broker is None else type(broker).__name__
            tell(f"{time.monotonic() - began:6.1f} s: {called}, {self.log.count} acknowledged")
            self.kills[called] += 1
            self._unhurt.discard(name)
            self._at[name] = self._answered()
            if self.kills.total() % _REST == 0:
                self.checker.time_passes()
            if self.kills.total() % check_every == 0:
                self.checker.between()

    def _next(self, left: int) -> str:
        """A part that is up and has worked since it was killed last; waits until there is one.

        left: the kills that are left; the last ones are for those that were not killed yet.
        """
        deadline = time.monotonic() + _STUCK
        while True:
            ready = [name for name in _WEIGHTS if self._every_kind_goes_on() and self._ready(name)]
            unhurt = [name for name in ready if name in self._unhurt]
            ready = unhurt or ([] if left <= len(self._unhurt) else ready)
            if ready:
                return self._chance.choices(ready, [_WEIGHTS[name] for name in ready])[0]
            assert time.monotonic() < deadline, "nothing is acknowledged any more"
            time.sleep(_LOOK)

    def _every_kind_goes_on(self) -> bool:
        """Whether none of them, as the slowest, comes to nothing for want of time between the kills."""
        kills = self.kills.total()
        for kind in _OWN:
            count = len(self.log.acknowledged[kind])
            if count != self._seen.get(kind, (0, 0))[0]:
                self._seen[kind] = (count, kills)
        return all(kills - self._seen.get(kind, (0, 0))[1] < _EACH for kind in _OWN)

    def _ready(self, name: str) -> bool:
        """Whether to kill it now tells anything new."""
        if name == "worker":
            return self._worker_worked(0.0)
        if name == "broker" and not self._broker_worked():
            return False
        if self._answered() < self._at.get(name, 0) + _WORK[name]:
            return False
        return name != "api" or self.town.serving()

    def _answered(self) -> int:
        """What the API acknowledged: only the letters go past it."""
        return self.log.count - len(self.log.acknowledged["letter"])

    def _broker_worked(self) -> bool:
        """Whether there is one, it is up, and the worker has worked since it came back."""
        broker = self.town.broker
        if broker is None or not broker.answers():
            return False
        self._back = self._back or time.time()
        return self._worker_worked(self._back)

    def _worker_worked(self, since: float) -> bool:
        part = self.town.worker
        assert part is not None
        since = max(since, part.born, part.killed)
        seen = self.town.administer(
            "SELECT extract(epoch FROM at)::float FROM phr.heartbeat WHERE name = 'worker'"
        )
        return bool(seen) and seen[0][0] > since

    def _kill(self, name: str) -> None:
        part = {"api": self.town.api, "worker": self.town.worker}.get(name)
        if isinstance(part, Part):
            part.kill()
            return
        server = self.town.database if name == "database" else self.town.broker
        assert server is not None
        server.kill()
        time.sleep(self._chance.uniform(0, 0.2))
        server.start()
        if name == "broker":
            self._seen: dict[str, tuple[int, int]] = {}
        self._back = 0.0
