"""The bytes of the health thermometer service, and a plain thermometer that tells its stored readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Final

from synthetic_data.ble import wire
from synthetic_data.ble.clock import DeviceClock, Now, current_time_service
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import OPEN, Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral

ARMPIT, BODY, EAR, FINGER, GUT, MOUTH, RECTUM, TOE, TYMPANUM = range(1, 10)

_FAHRENHEIT, _TIME, _TYPE = (1 << bit for bit in range(3))
DEGREES: Final = Identity("Virtual Sensors", "TH-1")


@dataclass(frozen=True, slots=True)
class Temperature:
    """One reading, to a tenth of a degree."""

    value: wire.Number
    time: datetime | None = None
    site: int | None = None
    """Where it was taken, if the reading says so; else the device's own fixed type counts."""
    fahrenheit: bool = False


def encode(reading: Temperature) -> bytes:
    """Temperature Measurement 2A1C and Intermediate Temperature 2A1E."""
    flags = _FAHRENHEIT if reading.fahrenheit else 0
    value = wire.float32(reading.value, 1)
    if reading.time is not None:
        flags |= _TIME
        value += wire.date_time(reading.time)
    if reading.site is not None:
        flags |= _TYPE
        value += wire.u8(reading.site)
    return wire.u8(flags) + value


class Thermometer(Peripheral):
    """Several indications in one link without any request; shows the rising value first if told to."""

    kind: ClassVar[str] = "thermometer-plain"

    def __init__(
        self,
        readings: Sequence[Temperature],
        *,
        rising: Sequence[float] = (),
        site: int = ARMPIT,
        identity: Identity = DEGREES,
        name: str = "Virtual Thermometer",
        faults: Faults = NONE,
        security: Security = OPEN,
        battery: int = 100,
        now: Now | None = None,
    ) -> None:
        """``rising``: values told on 2A1E beforehand; ``site``: the fixed type 2A1D."""
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._clock = DeviceClock(faults, [reading.time for reading in readings], now)
        self._rising = tuple(rising)
        self._site = site
        self.unsent = [encode(replace(one, time=self._clock.stamp(one.time))) for one in readings]
        self._measurement: Any = None
        self._intermediate: Any = None

    @property
    def advertised(self) -> tuple[int, ...]:
        """Health Thermometer."""
        return (0x1809,)

    def services(self) -> list[Any]:
        """1809 and 1805."""
        self._measurement = self.characteristic(0x2A1C, "INDICATE", on_subscribe=self._subscribed)
        self._intermediate = self.characteristic(0x2A1E, "NOTIFY")
        kind = self.characteristic(0x2A1D, "READ", wire.u8(self._site))
        interval = self.characteristic(0x2A21, "READ", wire.u16(0))
        return [
            self.service(0x1809, [self._measurement, self._intermediate, kind, interval]),
            current_time_service(self, self._clock),
        ]

    def _subscribed(self, link: Link) -> None:
        self.start(self._tell_waiting(link))

    async def _tell_waiting(self, link: Link) -> None:
        for value in self._rising:
            await self.tell(link, self._intermediate, encode(Temperature(value)))
        while self.unsent:
            await self.send(self._measurement, self.unsent[0])
            del self.unsent[0]
        await self.flush()
