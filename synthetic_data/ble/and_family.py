"""A&D's cuff, scale and thermometer: five seconds to set the time and subscribe, then everything is told and the link ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from synthetic_data.ble import blood_pressure, temperature, weight, wire
from synthetic_data.ble.blood_pressure import BloodPressure
from synthetic_data.ble.clock import DeviceClock, Now, date_time
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral
from synthetic_data.ble.temperature import Temperature
from synthetic_data.ble.weight import Weighing

VENDOR_SERVICE: Final = "233BF000-5A34-1B6D-975C-000D5690ABE4"
VENDOR_COMMAND: Final = "233BF001-5A34-1B6D-975C-000D5690ABE4"
DISCONNECT: Final = bytes((0x02, 0x01, 0x03))
SEND_ALL: Final = bytes((0x02, 0x00, 0xE1))
_AND_ORGANISATION: Final = 0x091FF5


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the device waits for the time and the subscription."""

    encrypted_seconds: float = 5.0
    pairing_seconds: float = 30.0


class AndDevice(Peripheral):
    """The behaviour of the family; a confirmed reading is not told again unless the central asks for all."""

    appearance_flags = 0x05  # limited discoverable: this family shows its pairing mode there
    service_uuid: ClassVar[int]
    measurement_uuid: ClassVar[int]

    def __init__(
        self,
        identity: Identity,
        name: str,
        *,
        faults: Faults,
        battery: int,
        patience: Patience,
        times: Sequence[datetime | None],
        now: Now | None,
    ) -> None:
        super().__init__(identity, name, faults=faults, security=Security(encrypted=True), battery=battery)
        self._patience = patience
        self.clock = DeviceClock(faults, times, now)
        self._all: tuple[bytes, ...] = ()
        self.unsent: list[bytes] = []
        self._measurement: Any = None
        self._ready = asyncio.Event()
        self._time_came = False

    def store(self, values: Sequence[bytes]) -> None:
        """The encoded readings, oldest first."""
        self._all = tuple(values)
        self.unsent = list(values)

    def feature(self) -> list[Any]:
        """Further characteristics of the measurement service."""
        return []

    @property
    def advertised(self) -> tuple[int, ...]:
        """The measurement service."""
        return (self.service_uuid,)

    def services(self) -> list[Any]:
        """The measurement service with the clock inside, and the vendor's own commands."""
        self._measurement = self.characteristic(
            self.measurement_uuid, "INDICATE", on_subscribe=self._subscribed
        )
        clock = date_time(self, self.clock, self._time_written)
        command = self.characteristic(VENDOR_COMMAND, "READ,WRITE", on_write=self._command)
        return [
            self.service(self.service_uuid, [self._measurement, clock, *self.feature()]),
            self.service(VENDOR_SERVICE, [command]),
        ]

    def connected(self, link: Link) -> None:
        """The waiting begins: for encryption, then for the time and the subscription."""
        self._ready = asyncio.Event()
        self._time_came = False
        encrypted = asyncio.Event()
        link.on("connection_encryption_change", encrypted.set)
        self.start(self._serve(link, encrypted, self._ready))

    def _time_written(self, link: Link) -> None:
        self._time_came = True
        self._check(link)

    def _subscribed(self, link: Link) -> None:
        self._check(link)

    def _check(self, link: Link) -> None:
        if self._time_came and self.is_subscribed(link, self._measurement):
            self._ready.set()

    async def _command(self, link: Link, value: bytes) -> None:
        if value == DISCONNECT:
            self.leave(link)
        elif value == SEND_ALL:
            self.unsent = list(self._all)

    async def _serve(self, link: Link, encrypted: asyncio.Event, ready: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._patience.pairing_seconds):
                await encrypted.wait()
            async with asyncio.timeout(self._patience.encrypted_seconds):
                await ready.wait()
        except TimeoutError:
            self.leave(link)
            return
        while self.unsent:
            await self.send(self._measurement, self.unsent[0])
            del self.unsent[0]
        await self.flush()
        self.leave(link)


CUFF: Final = Identity("A&D", "UA-651BLE", organisation=_AND_ORGANISATION)
SCALE: Final = Identity("A&D", "UC-352BLE", organisation=_AND_ORGANISATION)
THERMOMETER: Final = Identity("A&D", "UT-201BLE", organisation=_AND_ORGANISATION)
PATIENT: Final = Patience()


def _name(identity: Identity, prefix: str) -> str:
    return f"{prefix}_{identity.unit & 0xFFFFFF:06X}"


class AndCuff(AndDevice):
    """UA-651BLE: no user number."""

    kind = "blood-pressure"
    service_uuid = 0x1810
    measurement_uuid = 0x2A35

    def __init__(
        self,
        readings: Sequence[BloodPressure],
        *,
        identity: Identity = CUFF,
        name: str | None = None,
        faults: Faults = NONE,
        battery: int = 100,
        patience: Patience = PATIENT,
        now: Now | None = None,
    ) -> None:
        times = [reading.time for reading in readings]
        super().__init__(
            identity, name or _name(identity, "A&D_UA-651BLE"),
            faults=faults, battery=battery, patience=patience, times=times, now=now,
        )  # fmt: skip
        self.store(
            [
                blood_pressure.encode(replace(reading, time=self.clock.stamp(reading.time), user=None))
                for reading in readings
            ]
        )

    def feature(self) -> list[Any]:
        """Blood Pressure Feature."""
        return [self.characteristic(0x2A49, "READ", blood_pressure.FEATURE)]


class AndScale(AndDevice):
    """UC-352BLE: weight only, no user number."""

    kind = "weight"
    service_uuid = 0x181D
    measurement_uuid = 0x2A9D

    def __init__(
        self,
        readings: Sequence[Weighing],
        *,
        identity: Identity = SCALE,
        name: str | None = None,
        faults: Faults = NONE,
        battery: int = 100,
        patience: Patience = PATIENT,
        now: Now | None = None,
    ) -> None:
        times = [reading.time for reading in readings]
        super().__init__(
            identity, name or _name(identity, "A&D_UC-352BLE"),
            faults=faults, battery=battery, patience=patience, times=times, now=now,
        )  # fmt: skip
        self.store(
            [
                weight.encode_weight(replace(reading, time=self.clock.stamp(reading.time), user=None))
                for reading in readings
            ]
        )

    def feature(self) -> list[Any]:
        """Weight Scale Feature: timestamps, steps of 0.1 kg."""
        return [self.characteristic(0x2A9E, "READ", wire.u32(0x01 | 3 << 3))]


class AndThermometer(AndDevice):
    """UT-201BLE."""

    kind = "thermometer"
    service_uuid = 0x1809
    measurement_uuid = 0x2A1C

    def __init__(
        self,
        readings: Sequence[Temperature],
        *,
        identity: Identity = THERMOMETER,
        name: str | None = None,
        faults: Faults = NONE,
        battery: int = 100,
        patience: Patience = PATIENT,
        now: Now | None = None,
    ) -> None:
        times = [reading.time for reading in readings]
        super().__init__(
            identity, name or _name(identity, "A&D_UT201BLE"),
            faults=faults, battery=battery, patience=patience, times=times, now=now,
        )  # fmt: skip
        self.store(
            [
                temperature.encode(replace(reading, time=self.clock.stamp(reading.time)))
                for reading in readings
            ]
        )
