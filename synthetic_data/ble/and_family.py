"""A&D's cuff, scale and thermometer: five seconds to set the time and subscribe, then everything is told and the link ends."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final, Generic, TypeVar

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


Readable = TypeVar("Readable", BloodPressure, Weighing, Temperature)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the device waits for the time and the subscription."""

    encrypted_seconds: float = 5.0
    pairing_seconds: float = 30.0


PATIENT: Final = Patience()


class AndDevice(Peripheral, Generic[Readable]):
    """The behaviour of the family; a confirmed reading is not told again unless the central asks for all."""

    appearance_flags = 0x05  # limited discoverable: this family shows its pairing mode there
    service_uuid: ClassVar[int]
    measurement_uuid: ClassVar[int]
    model: ClassVar[Identity]
    prefix: ClassVar[str]

    def __init__(
        self,
        readings: Sequence[Readable],
        *,
        identity: Identity | None = None,
        name: str | None = None,
        faults: Faults = NONE,
        battery: int = 100,
        patience: Patience = PATIENT,
        now: Now | None = None,
    ) -> None:
        of = identity or self.model
        shown = name or f"{self.prefix}_{of.unit & 0xFFFFFF:06X}"
        super().__init__(of, shown, faults=faults, security=Security(encrypted=True), battery=battery)
        self._patience = patience
        self.clock = DeviceClock(faults, [reading.time for reading in readings], now)
        self._all = tuple(self.encode(reading, self.clock.stamp(reading.time)) for reading in readings)
        self.unsent = list(self._all)
        self._measurement: Any = None
        self._ready = asyncio.Event()
        self._time_came = False

    @abstractmethod
    def encode(self, reading: Readable, time: datetime | None) -> bytes:
        """A reading as this device sends it, with the time on its own clock."""

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


class AndCuff(AndDevice[BloodPressure]):
    """UA-651BLE: no user number."""

    kind = "blood-pressure"
    service_uuid = 0x1810
    measurement_uuid = 0x2A35
    model = CUFF
    prefix = "A&D_UA-651BLE"

    def encode(self, reading: BloodPressure, time: datetime | None) -> bytes:
        """Blood Pressure Measurement."""
        return blood_pressure.encode(replace(reading, time=time, user=None))

    def feature(self) -> list[Any]:
        """Blood Pressure Feature."""
        return [self.characteristic(0x2A49, "READ", blood_pressure.FEATURE)]


class AndScale(AndDevice[Weighing]):
    """UC-352BLE: weight only, no user number."""

    kind = "weight"
    service_uuid = 0x181D
    measurement_uuid = 0x2A9D
    model = SCALE
    prefix = "A&D_UC-352BLE"

    def encode(self, reading: Weighing, time: datetime | None) -> bytes:
        """Weight Measurement."""
        return weight.encode_weight(replace(reading, time=time, user=None))

    def feature(self) -> list[Any]:
        """Weight Scale Feature: timestamps, steps of 0.1 kg."""
        return [self.characteristic(0x2A9E, "READ", wire.u32(0x01 | 3 << 3))]


class AndThermometer(AndDevice[Temperature]):
    """UT-201BLE."""

    kind = "thermometer"
    service_uuid = 0x1809
    measurement_uuid = 0x2A1C
    model = THERMOMETER
    prefix = "A&D_UT201BLE"

    def encode(self, reading: Temperature, time: datetime | None) -> bytes:
        """Temperature Measurement."""
        return temperature.encode(replace(reading, time=time))
