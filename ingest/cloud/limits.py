"""Token buckets: how long a request must wait so that no minute holds more requests than are allowed."""

from __future__ import annotations

from threading import Lock
from typing import Final

_NOTHING: Final = 1e-6
"""Shorter waits are the rounding of the clock's numbers."""


class TokenBucket:
    """At most ``limit`` requests in any minute, of which ``burst`` may come at once.

    A bucket of a project is shared by the threads of a process; one of a connection belongs to one sync.
    The caller brings the clock and does the waiting.

    >>> bucket = TokenBucket(limit=4, burst=1)
    >>> bucket.take(100.0), bucket.take(100.0), bucket.take(120.0)
    (0.0, 20.0, 20.0)
    """

    def __init__(self, *, limit: int, burst: int) -> None:
        if not 0 < burst < limit:
            raise ValueError("a burst is at least one and smaller than the limit of a minute")
        # A full bucket and a minute's refill together stay within the limit of that minute.
        self._every = 60.0 / (limit - burst)
        self._burst = burst
        self._full_at = float("-inf")
        self._lock = Lock()

    def take(self, now: float) -> float:
        """Takes one token and says after how many seconds the request may start.

        now: seconds of a clock that never goes back.
        """
        with self._lock:
            self._full_at = max(self._full_at, now) + self._every
            wait = self._full_at - now - self._burst * self._every
            return wait if wait > _NOTHING else 0.0
