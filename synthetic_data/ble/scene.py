"""A self-contained scene: devices on a radio, and one plain bleak client for each that tells what it hears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from synthetic_data.ble import wire
from synthetic_data.ble.backend import LINK_ERRORS, client_on
from synthetic_data.ble.clock import EPOCH
from synthetic_data.ble.peripheral import Peripheral
from synthetic_data.ble.radio import Radio
from synthetic_data.ble.records import ALL, REPORT
from synthetic_data.ble.user_data import CONSENT

DATE_TIME, CURRENT_TIME, RECORDS, USERS = "2a08", "2a2b", "2a52", "2a9f"
_CONTROL_POINTS: Final = (USERS, RECORDS, "2aac", CURRENT_TIME)
_SERVICE_CHANGED: Final = "2a05"

Told = Callable[[dict[str, Any]], None]


async def play(
    devices: Sequence[Peripheral], seconds: float, told: Told, codes: Mapping[int, int] | None = None
) -> None:
    """Ends the seconds after all are connected, or when every device has left.

    ``codes`` are the users' codes of a scale.
    """
    passkeys = {one.address: one.security.passkey for one in devices if one.security.passkey is not None}
    async with Radio(passkeys) as radio:
        for device in devices:
            await radio.add(device)
        over = asyncio.Event()
        ears = [_Ear(radio, device, told, over) for device in devices]
        async with asyncio.TaskGroup() as group:
            for ear in ears:
                group.create_task(ear.hear(codes or {}))
            for ear in ears:
                await ear.ready.wait()
            ends = [group.create_task(ear.ended.wait()) for ear in ears]
            await asyncio.wait(ends, timeout=seconds)
            over.set()


class _Ear:
    """One collector of one device."""

    def __init__(self, radio: Radio, device: Peripheral, told: Told, over: asyncio.Event) -> None:
        self._radio = radio
        self._device = device
        self._told = told
        self._over = over
        self._label = f"{device.kind} {device.address}"
        self._gone = asyncio.Event()
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()

    async def hear(self, codes: Mapping[int, int]) -> None:
        """A device that cannot be heard is told as an error; the others go on."""
        try:
            await self._listen(codes)
        except LINK_ERRORS as problem:
            self._told({"device": self._label, "error": f"{type(problem).__name__}: {problem}"})
        finally:
            self.ready.set()
            self.ended.set()

    async def _listen(self, codes: Mapping[int, int]) -> None:
        client = client_on(
            self._radio.client_backend,
            self._device.address,
            pair=self._device.security.encrypted,
            disconnected_callback=lambda _client: self._gone.set(),
        )
        async with client:
            await _subscribe(client, self._label, self._told)
            await _ask(client, self._device, codes)
            self.ready.set()
            waits = [asyncio.ensure_future(event.wait()) for event in (self._gone, self._over)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()


async def _subscribe(client: Any, label: str, told: Told) -> None:
    """Control points first, measurements last: some devices begin to tell at once."""

    def heard(characteristic: Any, value: bytearray) -> None:
        told({"device": label, "characteristic": _short(characteristic).upper(), "hex": value.hex()})

    wanted = [
        one
        for one in client.services.characteristics.values()
        if {"notify", "indicate"} & set(one.properties) and _short(one) != _SERVICE_CHANGED
    ]
    for characteristic in sorted(wanted, key=lambda one: _short(one) not in _CONTROL_POINTS):
        await client.start_notify(characteristic, heard)


async def _ask(client: Any, device: Peripheral, codes: Mapping[int, int]) -> None:
    """What the device waits for: the time, the users' codes, the request for its records."""
    moment = EPOCH.replace(year=2026, month=11, day=21, hour=8)
    for uuid, value in ((DATE_TIME, wire.date_time(moment)), (CURRENT_TIME, wire.current_time(moment, 1))):
        if client.services.get_characteristic(uuid) is not None and not device.faults.refuses_time:
            await client.write_gatt_char(uuid, value, response=True)
    if client.services.get_characteristic(USERS) is not None:
        for slot, code in codes.items():
            request = bytes((CONSENT, slot)) + wire.u16(code)
            await client.write_gatt_char(USERS, request, response=True)
    if client.services.get_characteristic(RECORDS) is not None:
        await client.write_gatt_char(RECORDS, bytes((REPORT, ALL)), response=True)


def _short(characteristic: Any) -> str:
    return str(characteristic.uuid)[4:8]
