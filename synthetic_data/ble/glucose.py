"""A blood glucose meter: numbered records with meals, told through its record access control point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from synthetic_data.ble import wire
from synthetic_data.ble.clock import DeviceClock, Now, date_time
from synthetic_data.ble.faults import NONE, Faults
from synthetic_data.ble.identity import Identity, Security
from synthetic_data.ble.peripheral import Link, Peripheral
from synthetic_data.ble.records import Record, RecordAccess

CAPILLARY_WHOLE_BLOOD: Final = 1
CAPILLARY_PLASMA: Final = 2
CONTROL_SOLUTION: Final = 10
FINGER: Final = 1
CONTROL_LOCATION: Final = 4
BATTERY_LOW: Final = 1 << 0
TOO_HIGH: Final = 1 << 5
TOO_LOW: Final = 1 << 6

_OFFSET, _CONCENTRATION, _MOLAR, _STATUS, _CONTEXT = (1 << bit for bit in range(5))
_CARBOHYDRATE, _MEAL, _TESTER, _EXERCISE, _MEDICATION, _LITRE, _HBA1C = (1 << bit for bit in range(7))
_FEATURES: Final = 0x0001 | 0x0020

ROCHE: Final = Identity("Roche", "Accu-Chek Guide", organisation=0x006019)


@dataclass(frozen=True, slots=True)
class Context:
    """What the person told the meter: amounts in kilograms, or in litres for liquid medication."""

    carbohydrate: tuple[int, float] | None = None
    meal: int | None = None
    tester: int | None = None
    health: int = 15
    exercise: tuple[int, int] | None = None
    """Seconds and percent."""
    medication: tuple[int, float] | None = None
    medication_in_litres: bool = False
    hba1c_percent: float | None = None


@dataclass(frozen=True, slots=True)
class GlucoseReading:
    """One record; mg/dL, or mmol/L if ``molar``."""

    sequence: int
    time: datetime
    """Base time, on the device's own clock."""
    value: float | None
    molar: bool = False
    offset_minutes: int | None = None
    sample: int = CAPILLARY_WHOLE_BLOOD
    location: int = FINGER
    status: int | None = None
    context: Context | None = None


def encode(reading: GlucoseReading) -> bytes:
    """Glucose Measurement 2A18."""
    flags = _CONTEXT if reading.context is not None else 0
    value = wire.u16(reading.sequence) + wire.date_time(reading.time)
    if reading.offset_minutes is not None:
        flags |= _OFFSET
        value += wire.i16(reading.offset_minutes)
    if reading.value is not None:
        flags |= _CONCENTRATION | (_MOLAR if reading.molar else 0)
        value += _concentration(reading.value, molar=reading.molar)
        value += wire.u8(reading.location << 4 | reading.sample)
    if reading.status is not None:
        flags |= _STATUS
        value += wire.u16(reading.status)
    return wire.u8(flags) + value


def _concentration(value: float, *, molar: bool) -> bytes:
    """mol/L of a value in mmol/L with one decimal; kg/L of a whole value in mg/dL."""
    exact = Decimal(str(value))
    return wire.sfloat(exact.scaleb(-3), 4) if molar else wire.sfloat(exact.scaleb(-5), 5)


def encode_context(sequence: int, context: Context) -> bytes:
    """Glucose Measurement Context 2A34."""
    flags = 0
    value = wire.u16(sequence)
    if context.carbohydrate is not None:
        flags |= _CARBOHYDRATE
        value += wire.u8(context.carbohydrate[0]) + wire.sfloat(context.carbohydrate[1], 3)
    if context.meal is not None:
        flags |= _MEAL
        value += wire.u8(context.meal)
    if context.tester is not None:
        flags |= _TESTER
        value += wire.u8(context.health << 4 | context.tester)
    if context.exercise is not None:
        flags |= _EXERCISE
        value += wire.u16(context.exercise[0]) + wire.u8(context.exercise[1])
    if context.medication is not None:
        flags |= _MEDICATION | (_LITRE if context.medication_in_litres else 0)
        decimals = 5 if context.medication_in_litres else 6
        value += wire.u8(context.medication[0]) + wire.sfloat(context.medication[1], decimals)
    if context.hba1c_percent is not None:
        flags |= _HBA1C
        value += wire.sfloat(context.hba1c_percent, 1)
    return wire.u8(flags) + value


class GlucoseMeter(Peripheral):
    """Needs a bond; keeps every record, told as often as it is asked for."""

    kind: ClassVar[str] = "glucose"

    def __init__(
        self,
        readings: Sequence[GlucoseReading],
        *,
        identity: Identity = ROCHE,
        name: str = "meter+00000001",
        faults: Faults = NONE,
        passkey: int | None = None,
        battery: int = 100,
        now: Now | None = None,
    ) -> None:
        security = Security(encrypted=True, passkey=passkey)
        super().__init__(identity, name, faults=faults, security=security, battery=battery)
        self._clock = DeviceClock(faults, [one.time for one in readings], now)
        self._readings = [self._as_stored(one) for one in readings]
        self._records: RecordAccess | None = None
        self._measurement: Any = None
        self._context: Any = None

    def _as_stored(self, reading: GlucoseReading) -> GlucoseReading:
        status = reading.status
        if self.faults.battery_low:
            status = (status or 0) | BATTERY_LOW
        stamp = self._clock.stamp(reading.time) or reading.time
        return replace(reading, time=stamp, status=status)

    @property
    def advertised(self) -> tuple[int, ...]:
        """Glucose."""
        return (0x1808,)

    def services(self) -> list[Any]:
        """1808, with the clock inside."""
        self._measurement = self.characteristic(0x2A18, "NOTIFY")
        self._context = self.characteristic(0x2A34, "NOTIFY")
        feature = self.characteristic(0x2A51, "READ", wire.u16(_FEATURES))
        self._records = RecordAccess(self, self._stored)
        parts = [self._measurement, self._context, feature, self._records.characteristic]
        return [self.service(0x1808, [*parts, date_time(self, self._clock)])]

    def connected(self, _link: Link) -> None:
        """No procedure survives a link."""
        if self._records is not None:
            self._records.reset()

    def _stored(self) -> list[Record]:
        return [Record(one.sequence, tuple(self._values(one))) for one in self._readings]

    def _values(self, reading: GlucoseReading) -> list[tuple[Any, bytes]]:
        values = [(self._measurement, encode(reading))]
        if reading.context is not None:
            values.append((self._context, encode_context(reading.sequence, reading.context)))
        return values
