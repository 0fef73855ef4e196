"""Box: what has come so far in a session, and the waiting that every step does in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.ble.clock import Check
from ingest.ble.gathered import Ended, Facts, Plan, Received
from ingest.ble.link import Link
from ingest.ble.reading import Reading
from ingest.series import Reject

Decode = Callable[[str, bytes], Reading]


@dataclass(slots=True)
class Box:
    """What has come so far."""

    facts: Facts
    now: Callable[[], int]
    plan: Plan
    ends: float
    decode: Decode
    received: list[Received] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    check: Check | None = None
    ended: Ended = "failed"
    expected: int | None = None
    is_complete: bool = False
    restarted: bool = False
    is_fetching: bool = False
    heard_at: float = 0.0
    features: dict[str, bytes] = field(default_factory=dict)

    def hear(self, characteristic: str) -> Callable[[bytes], None]:
        """What is done with a value: kept first of all, looked at later."""
        keep, now, received = self.plan.keep, self.now, self.received
        clock_of_loop = asyncio.get_running_loop().time

        def heard(payload: bytes) -> None:
            value = Received(characteristic, payload, now(), self.is_fetching)
            if keep is not None:
                keep(value)
            received.append(value)
            self.heard_at = clock_of_loop()

        return heard

    def left(self) -> float:
        """Seconds until the session must end."""
        return self.ends - asyncio.get_running_loop().time()


async def pause(link: Link, box: Box, seconds: float, also: asyncio.Event | None = None) -> None:
    """Sleeps until the time is over, the link is gone, somebody stops, or the other event happens."""
    events = (link.gone, box.plan.stop, also)
    waits = {asyncio.ensure_future(event.wait()) for event in events if event is not None}
    try:
        await asyncio.wait(waits, timeout=max(0.0, seconds), return_when="FIRST_COMPLETED")
    finally:
        for each in waits:
            each.cancel()
