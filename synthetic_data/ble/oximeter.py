"""A pulse oximeter: spot checks from its memory, and a continuous reading while a finger is in it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from synthetic_data.ble import wire
from synthetic_data.ble.clock import DeviceClock, Now, current_time_service
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import OPEN, Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral
from synthetic_data.ble.records import Record, RecordAccess

ONGOING: Final = 1 << 5
QUALIFIED: Final = 1 << 8
FROM_STORAGE: Final = 1 << 9
LOW_PERFUSION: Final = 1 << 5

_TIME, _STATUS, _DEVICE, _INDEX, _NO_CLOCK = (1 << bit for bit in range(5))
_FAST, _SLOW, _C_STATUS, _C_DEVICE, _C_INDEX = (1 << bit for bit in range(5))
_FEATURES: Final = 0x7F
_STATUS_SUPPORT: Final = ONGOING | QUALIFIED | FROM_STORAGE

NONIN: Final = Identity("Nonin Medical, Inc.", "3230")
Pair = tuple[wire.Number, wire.Number]
"""Oxygen saturation in percent, pulse rate per minute."""


@dataclass(frozen=True, slots=True)
class SpotCheck:
    """One finished reading."""

    saturation: wire.Number
    pulse: wire.Number
    time: datetime | None = None
    status: int | None = None
    device_status: int | None = None
    amplitude_percent: float | None = None
    clock_not_set: bool = False


@dataclass(frozen=True, slots=True)
class Continuous:
    """One second of a running reading."""

    saturation: wire.Number
    pulse: wire.Number
    fast: Pair | None = None
    slow: Pair | None = None
    status: int | None = None
    device_status: int | None = None
    amplitude_percent: float | None = None


def encode_spot(reading: SpotCheck) -> bytes:
    """PLX Spot-Check Measurement 2A5E."""
    flags = _NO_CLOCK if reading.clock_not_set else 0
    value = wire.sfloat(reading.saturation) + wire.sfloat(reading.pulse)
    if reading.time is not None:
        flags |= _TIME
        value += wire.date_time(reading.time)
    if reading.status is not None:
        flags |= _STATUS
        value += wire.u16(reading.status)
    if reading.device_status is not None:
        flags |= _DEVICE
        value += wire.u24(reading.device_status)
    if reading.amplitude_percent is not None:
        flags |= _INDEX
        value += wire.sfloat(reading.amplitude_percent, 1)
    return wire.u8(flags) + value


def encode_continuous(reading: Continuous) -> bytes:
    """PLX Continuous Measurement 2A5F."""
    flags = 0
    value = wire.sfloat(reading.saturation) + wire.sfloat(reading.pulse)
    for bit, pair in ((_FAST, reading.fast), (_SLOW, reading.slow)):
        if pair is not None:
            flags |= bit
            value += wire.sfloat(pair[0]) + wire.sfloat(pair[1])
    if reading.status is not None:
        flags |= _C_STATUS
        value += wire.u16(reading.status)
    if reading.device_status is not None:
        flags |= _C_DEVICE
        value += wire.u24(reading.device_status)
    if reading.amplitude_percent is not None:
        flags |= _C_INDEX
        value += wire.sfloat(reading.amplitude_percent, 1)
    return wire.u8(flags) + value


class PulseOximeter(Peripheral):
    """Stored spot checks through 2A52, the continuous reading on subscription."""

    kind: ClassVar[str] = "oximeter"

    def __init__(
        self,
        spots: Sequence[SpotCheck] = (),
        running: Sequence[Continuous] = (),
        *,
        per_second: float = 1.0,
        identity: Identity = NONIN,
        name: str = "Nonin3230_1",
        faults: Faults = NONE,
        security: Security = OPEN,
        battery: int = 100,
        now: Now | None = None,
    ) -> None:
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._clock = DeviceClock(faults, [one.time for one in spots], now)
        self._spots = [self._as_stored(one) for one in spots]
        self._running = tuple(running)
        self._per_second = per_second
        self._records: RecordAccess | None = None
        self._spot: Any = None
        self._continuous: Any = None

    def _as_stored(self, spot: SpotCheck) -> SpotCheck:
        unset = spot.clock_not_set or self.faults.clock == "reset"
        return replace(spot, time=self._clock.stamp(spot.time), clock_not_set=unset)

    @property
    def advertised(self) -> tuple[int, ...]:
        """Pulse Oximeter."""
        return (0x1822,)

    def services(self) -> list[Any]:
        """1822 and 1805."""
        self._spot = self.characteristic(0x2A5E, "INDICATE")
        self._continuous = self.characteristic(0x2A5F, "NOTIFY", on_subscribe=self._subscribed)
        features = wire.u16(_FEATURES) + wire.u16(_STATUS_SUPPORT) + wire.u24(LOW_PERFUSION)
        feature = self.characteristic(0x2A60, "READ", features)
        self._records = RecordAccess(self, self._stored)
        parts = [self._spot, self._continuous, feature, self._records.characteristic]
        return [self.service(0x1822, parts), current_time_service(self, self._clock)]

    def connected(self, _link: Link) -> None:
        """No procedure survives a link."""
        if self._records is not None:
            self._records.reset()

    def _stored(self) -> list[Record]:
        return [
            Record(number, ((self._spot, encode_spot(spot)),))
            for number, spot in enumerate(self._spots, start=1)
        ]

    def _subscribed(self, _link: Link) -> None:
        self.start(self._stream())

    async def _stream(self) -> None:
        for reading in self._running:
            await self.send(self._continuous, encode_continuous(reading))
            await asyncio.sleep(1 / self._per_second)
        await self.flush()
