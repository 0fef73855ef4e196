"""The bytes of the blood pressure service, and a cuff as the Omron family makes it: bond, users, own time service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from synthetic_data.ble import wire
from synthetic_data.ble.clock import DeviceClock, Now, current_time_service
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral

MOVED: Final = 1 << 0
LOOSE_CUFF: Final = 1 << 1
IRREGULAR_PULSE: Final = 1 << 2
UNKNOWN_USER: Final = 255
OMRON_COMPANY: Final = 0x020E

_KILOPASCAL, _TIME, _PULSE, _USER, _STATUS = (1 << bit for bit in range(5))
_FEATURES: Final = MOVED | LOOSE_CUFF | IRREGULAR_PULSE


@dataclass(frozen=True, slots=True)
class BloodPressure:
    """One reading; without values the measurement failed."""

    systolic: wire.Number
    diastolic: wire.Number
    mean: wire.Number = None
    pulse: wire.Number = None
    """``None`` leaves the field out; ``Special.NOT_A_NUMBER`` sends it empty."""
    time: datetime | None = None
    """Local wall time."""
    user: int | None = None
    status: int | None = None
    kilopascal: bool = False


def encode(reading: BloodPressure) -> bytes:
    """Blood Pressure Measurement 2A35."""
    decimals = 1 if reading.kilopascal else 0
    flags = _KILOPASCAL if reading.kilopascal else 0
    value = b"".join(
        wire.sfloat(part, decimals) for part in (reading.systolic, reading.diastolic, reading.mean)
    )
    if reading.time is not None:
        flags |= _TIME
        value += wire.date_time(reading.time)
    if reading.pulse is not None:
        flags |= _PULSE
        value += wire.sfloat(reading.pulse)
    if reading.user is not None:
        flags |= _USER
        value += wire.u8(reading.user)
    if reading.status is not None:
        flags |= _STATUS
        value += wire.u16(reading.status)
    return wire.u8(flags) + value


def encode_cuff_pressure(pressure: wire.Number) -> bytes:
    """Intermediate Cuff Pressure 2A36, in mmHg, while the cuff fills."""
    return wire.u8(0) + wire.sfloat(pressure) + wire.sfloat(None) + wire.sfloat(None)


FEATURE: Final = wire.u16(_FEATURES)

OMRON: Final = Identity("OMRON HEALTHCARE", "HEM-7146T2", organisation=0x005FBF)


class OmronCuff(Peripheral):
    """Needs a bond; tells what each user has not yet got, oldest first, and then leaves."""

    kind: ClassVar[str] = "blood-pressure-omron"

    def __init__(
        self,
        readings: Sequence[BloodPressure],
        *,
        users: int = 2,
        inflation: Sequence[int] = (),
        linger_seconds: float = 0.2,
        identity: Identity = OMRON,
        name: str | None = None,
        faults: Faults = NONE,
        passkey: int | None = None,
        battery: int = 100,
        now: Now | None = None,
    ) -> None:
        """``inflation``: pressures told on 2A36 beforehand; ``linger_seconds``: kept after the last reading."""
        unit = identity.unit.to_bytes(5, "big").hex().upper()
        super().__init__(
            identity,
            name or f"BLESmart_00000116{unit}",
            faults=faults,
            security=Security(encrypted=True, passkey=passkey),
            battery=battery,
        )
        self._clock = DeviceClock(faults, [reading.time for reading in readings], now)
        self._users = users
        self._inflation = tuple(inflation)
        self._linger_seconds = linger_seconds
        stamped = [replace(reading, time=self._clock.stamp(reading.time)) for reading in readings]
        self._taken = {user: sum(reading.user == user for reading in stamped) for user in range(1, users + 1)}
        self.unsent = [(reading.user, encode(reading)) for reading in stamped]
        self._measurement: Any = None
        self._cuff_pressure: Any = None

    @property
    def advertised(self) -> tuple[int, ...]:
        """Blood Pressure and Current Time."""
        return (0x1810, 0x1805)

    def manufacturer_data(self) -> bytes:
        """Type 1: users, whether the time is set, and for each user the last number and how many wait."""
        time_unset = 0 if self._clock.was_set or self.faults.clock == "right" else 1 << 2
        data = wire.u16(OMRON_COMPANY) + bytes((0x01, self._users - 1 | time_unset))
        for user, taken in self._taken.items():
            waiting = sum(owner == user for owner, _ in self.unsent)
            data += wire.u16(taken) + wire.u8(min(waiting, 255))
        return data

    def services(self) -> list[Any]:
        """1810 and 1805."""
        self._measurement = self.characteristic(0x2A35, "INDICATE", on_subscribe=self._subscribed)
        self._cuff_pressure = self.characteristic(0x2A36, "NOTIFY")
        feature = self.characteristic(0x2A49, "READ", FEATURE)
        return [
            self.service(0x1810, [self._measurement, self._cuff_pressure, feature]),
            current_time_service(self, self._clock),
        ]

    def _subscribed(self, link: Link) -> None:
        self.start(self._tell_waiting(link))

    async def _tell_waiting(self, link: Link) -> None:
        for pressure in self._inflation:
            await self.tell(link, self._cuff_pressure, encode_cuff_pressure(pressure))
        while self.unsent:
            await self.send(self._measurement, self.unsent[0][1])
            del self.unsent[0]
        await self.flush()
        await asyncio.sleep(self._linger_seconds)
        self.leave(link)
