"""Bluetooth: notifications of a fast heart-rate strap a second, over the virtual radio until queryable."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from phr.bootstrap import System
from phr.clock import micros
from phr.commands.benchmarks.bench_setting import empty_system, machine, resident

_COUNT: Final = 5_000
_RATE: Final = "2a37"
_DEADLINE: Final = 120.0


def run() -> dict[str, Any]:
    """The figures. baseline: the same notifications over the same radio, counted by plain bleak and thrown away."""
    with empty_system() as system:
        person, _consent = resident(system, "b-ble")
        counted = asyncio.run(_count())
        seconds, stored = asyncio.run(_collect(system, person))
    figures = {"notifications": _COUNT, "stored_samples": stored, "per_s": round(_COUNT / seconds)}
    return {
        "name": "ble",
        "machine": machine(),
        "figures": figures,
        "baseline": {"plain_bleak_per_s": round(counted)},
        "ratio": round(figures["per_s"] / counted, 2),
    }


def _strap() -> Any:
    from synthetic_data.ble.heart_rate import Beat, HeartRateStrap

    beats = [Beat(60 + number % 100, (0.8,), contact=True) for number in range(_COUNT)]
    return HeartRateStrap(beats, per_second=None, repeat=False)


async def _count() -> float:
    """Notifications a second that plain bleak hears."""
    from bleak import BleakClient

    from synthetic_data.ble.radio import Radio

    heard: list[float] = []
    done = asyncio.Event()

    def hear(_sender: Any, _payload: bytearray) -> None:
        heard.append(time.perf_counter())
        if len(heard) == _COUNT:
            done.set()

    async with Radio() as radio:
        strap = await radio.add(_strap())
        async with BleakClient(strap.address, backend=radio.client_backend) as client:
            await client.start_notify(_RATE, hear)
            await asyncio.wait_for(done.wait(), _DEADLINE)
    return _COUNT / (heard[-1] - heard[0])


async def _collect(system: System, person: Any) -> tuple[float, int]:
    """Seconds from the first notification until all are stored, and how many samples they became."""
    from ingest.ble.collector import Patience, collect_home
    from ingest.ble.dedupe import SeenInMemory
    from ingest.ble.settle import Device
    from synthetic_data.ble.radio import Radio

    began: list[float] = []
    heard, stored, stop = 0, 0, asyncio.Event()

    def keep(_device: Any, _value: Any) -> None:
        nonlocal heard
        heard += 1
        if heard == 1:
            began.append(time.perf_counter())
        if heard == _COUNT:
            stop.set()

    async with Radio() as radio:
        strap = await radio.add(_strap())
        device = Device("strap", strap.address, {None: "b-ble"}, label="strap")
        async for delivery in collect_home(
            [device],
            SeenInMemory(),
            zone=system.settings.tz,
            now=lambda: micros(system.clock.now()),
            client_backend=radio.client_backend,
            scanner_backend=radio.scanner_backend,
            stop=stop,
            patience=Patience(listen=_DEADLINE, again=_DEADLINE),
            keep=keep,
        ):
            for batch in delivery.batches:
                receipt = await asyncio.to_thread(
                    system.receive, person, batch.series, request="bench", rejects=batch.rejects
                )
                stored += receipt.stored
            delivery.commit()
    return time.perf_counter() - began[0], stored
