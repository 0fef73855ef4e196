"""The demo's Bluetooth collector: the devices of one home on a virtual radio, collected as a box beside them would."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, time, timedelta
from typing import Any, Final

from phr.bootstrap import System
from phr.clock import micros
from phr.commands.demo_city import City, Say

_SECONDS: Final = 60.0  # no home of the demo needs longer
_LISTEN: Final = 3.0


def collect_over_ble(system: System, city: City, seed: int, say: Say) -> None:
    """Cuff, scale, thermometer and heart-rate strap of one resident: scan, connect, bond, notify, decode, store."""
    patient = city.shown
    logging.getLogger("bumble").setLevel(logging.ERROR)  # a cuff that ends its link is no news
    try:
        received = asyncio.run(_collect(system, city, patient, seed))
    except ModuleNotFoundError as missing:
        if missing.name != "bumble":
            raise
        say("no virtual radio here (install the extra `virtual`): nothing is collected over Bluetooth")
        return
    say(f"collected {received} readings of one home over Bluetooth")


async def _collect(system: System, city: City, patient: str, seed: int) -> int:
    """Everything that the home's devices hold, until they have told all."""
    from ingest.ble.collector import Patience, collect_home
    from ingest.ble.dedupe import SeenInMemory
    from synthetic_data.ble.home import home_devices
    from synthetic_data.ble.radio import Radio

    zone = system.settings.tz
    yesterday = system.clock.now().astimezone(zone).date() - timedelta(days=1)
    late = micros(datetime.combine(yesterday, time(22), zone))  # when the home's devices were last asked
    home = home_devices(seed, yesterday, zone)
    waiting = {device.address for device in home.devices}
    stop, stored = asyncio.Event(), 0
    async with Radio() as radio:
        for device in home.devices:
            await radio.add(device)
        deliveries = collect_home(
            _bindings(home, patient),
            SeenInMemory(),
            zone=zone,
            now=lambda: late,
            client_backend=radio.client_backend,
            scanner_backend=radio.scanner_backend,
            stop=stop,
            patience=Patience(listen=_LISTEN, again=_SECONDS),
        )
        alarm = asyncio.get_running_loop().call_later(_SECONDS, stop.set)
        async for delivery in deliveries:
            for batch in delivery.batches:
                stored += await asyncio.to_thread(_receive, system, city, patient, batch)
            city.rejected["user-not-enrolled"] += len(delivery.quarantined)
            delivery.commit()
            waiting.discard(delivery.device.address)
            if not waiting:
                stop.set()
        alarm.cancel()
    return stored


def _bindings(home: Any, patient: str) -> list[Any]:
    """One resident's devices. Nobody enrolled the second user of the scale, so those weighings are nobody's."""
    from ingest.ble.settle import Device

    return [
        Device(
            device.address,
            device.address,
            {1: patient} if device is home.scale else {None: patient},
            consents=home.consent_codes if device is home.scale else {},
            label=device.name,
        )
        for device in home.devices
    ]


def _receive(system: System, city: City, patient: str, batch: Any) -> int:
    """Through the one door that everything takes: consent, plausibility, alarms, audit."""
    receipt = system.receive(
        city.people[patient], batch.series, request="demo-ble", rejects=batch.rejects, actor="demo-home"
    )
    city.count(receipt)
    city.samples[patient] += receipt.stored
    return int(receipt.stored)
