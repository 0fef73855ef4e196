"""A radio with devices and a plain bleak client, shared by the tests of this folder."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime

from bleak import BleakClient

from synthetic_data.ble import wire
from synthetic_data.ble.radio import Radio

DAY = datetime(2026, 11, 21)  # noqa: DTZ001 - a device has wall time only


def at(hour, minute=0, second=0):
    """A wall time of the day that the byte examples use."""
    return DAY.replace(hour=hour, minute=minute, second=second)


class Ear:
    """Everything that a client heard, in order, as (16-bit UUID, bytes)."""

    def __init__(self, client):
        self.client = client
        self.heard = []
        self._news = asyncio.Event()

    async def listen(self, *characteristics):
        for uuid in characteristics:
            await self.client.start_notify(uuid, self._on_value)

    def _on_value(self, characteristic, data):
        self.heard.append((characteristic.uuid[4:8], bytes(data)))
        self._news.set()

    def of(self, uuid):
        return [value for heard, value in self.heard if heard == uuid]

    async def until(self, count, uuid=None, seconds=30.0):
        """Waits for so many values (of one characteristic)."""
        async with asyncio.timeout(seconds):
            while len(self.of(uuid) if uuid else self.heard) < count:
                self._news.clear()
                await self._news.wait()

    async def ask(self, request, *, seconds=30.0, control="2a52"):
        """Writes to a control point and waits for its answer."""
        before = len(self.of(control))
        await self.client.write_gatt_char(control, request, response=True)
        await self.until(before + 1, control, seconds)
        return self.of(control)[-1]


@asynccontextmanager
async def linked(radio, device, **options):
    """A connected plain bleak client; ``gone`` is set when the link ends."""
    gone = asyncio.Event()
    client = BleakClient(
        device.address,
        backend=radio.client_backend,
        disconnected_callback=lambda _client: gone.set(),
        timeout=options.pop("timeout", 30.0),
        **options,
    )
    async with client:
        ear = Ear(client)
        ear.gone = gone
        yield ear


def on_air(device, scene, *, passkeys=None, **options):
    """Runs ``await scene(ear)`` over one link to the device."""

    async def run():
        async with Radio(passkeys) as radio:
            await radio.add(device)
            async with linked(radio, device, **options) as ear:
                return await scene(ear)

    return asyncio.run(run())


async def dump(ear, measurement, *, clock="2a08", moment=None):
    """What a collector does with a device that tells everything and leaves; returns the values."""
    moment = moment or at(8, 5, 30)
    await ear.listen(measurement)
    await ear.client.write_gatt_char(clock, wire.date_time(moment), response=True)
    async with asyncio.timeout(30):
        await ear.gone.wait()
    return ear.of(measurement)
