"""Measures how many virtual heart-rate notifications a second go through a session, its decoder and its columns."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from ingest.ble.collector import batches
from ingest.ble.dedupe import SeenInMemory
from ingest.ble.settle import settle
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from tests.ingest.ble.home import NOON, TOKYO, a_device, at, collect, on_radio


@dataclass(frozen=True, slots=True)
class Rate:
    """sent: by the strap; stored: rows of the series.

    radio: so many a second, the virtual radio included; collector: from decoding to columns only.
    """

    sent: int
    stored: int
    radio: float
    collector: float


def measure(count: int = 2000) -> Rate:
    """Sends so many notifications as fast as the virtual link carries them."""
    beats = [Beat(60 + number % 100, (0.8,), contact=True) for number in range(count)]
    strap = HeartRateStrap(beats, per_second=None, repeat=False)
    seconds: dict[str, float] = {}

    async def scene():
        stop = asyncio.Event()
        kept = []

        def keep(value):
            kept.append(value)
            if len(kept) == 1:
                seconds["first"] = time.perf_counter()
            if len(kept) == count:
                seconds["last"] = time.perf_counter()
                stop.set()

        async with on_radio(strap) as radio:
            collected = await collect(radio, deadline=60, listen=60, stop=stop, keep=keep)
            seconds["decoded"] = time.perf_counter()
            return collected

    collected = asyncio.run(scene())
    begun = time.perf_counter()
    settled = settle(collected, a_device(), SeenInMemory(), zone=TOKYO, now=at(NOON))
    made = batches(collected, settled, a_device())
    columns = time.perf_counter() - begun
    rows = sum(len(series) for batch in made for series in batch.series if series.code == "8867-4")
    decoding = seconds["decoded"] - seconds["last"]
    whole = seconds["decoded"] - seconds["first"] + columns
    return Rate(count, rows, count / whole, count / (decoding + columns))


if __name__ == "__main__":
    print(measure(5000))  # noqa: T201 - a command
