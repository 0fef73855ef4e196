"""Every kind of virtual device with a few readings, ready to be put on a radio."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from synthetic_data.ble.activity_monitor import ActivityMonitor
from synthetic_data.ble.and_family import AndCuff, AndScale, AndThermometer
from synthetic_data.ble.blood_pressure import BloodPressure, OmronCuff
from synthetic_data.ble.cgm import SensorReading
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.glucose import Context, GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import Beat, HeartRateStrap
from synthetic_data.ble.oximeter import ONGOING, Continuous, PulseOximeter, SpotCheck
from synthetic_data.ble.peripheral import Peripheral
from synthetic_data.ble.scale import UserScale
from synthetic_data.ble.sensor import GlucoseSensor
from synthetic_data.ble.temperature import ARMPIT, Temperature, Thermometer
from synthetic_data.ble.user_data import Profile
from synthetic_data.ble.weight import Composition, Weighing

MORNING: Final = datetime(2026, 11, 21, 7, 0)  # noqa: DTZ001 - a device has wall time only
CONSENT_CODE: Final = 1234
"""Of slot 1 of the scale."""

_PRESSURES: Final = (
    BloodPressure(128, 82, 97, 68, MORNING, 1),
    BloodPressure(122, 80, 94, 72, MORNING + timedelta(minutes=30), 1),
    BloodPressure(117, 74, 88, 64, MORNING + timedelta(hours=14), 2),
)
_BODY: Final = Composition(23.1, 6684, 35.4, 24.86, 54.015, 51.0, 39.5, 500.4, 70.24, 1.75)
_WEIGHINGS: Final = (
    Weighing(70.24, MORNING, 1, 22.9, 1.75, composition=_BODY),
    Weighing(70.1, MORNING + timedelta(days=1), 1, 22.9, 1.75, composition=_BODY),
)
_TEMPERATURES: Final = (
    Temperature(36.4, MORNING, ARMPIT),
    Temperature(36.7, MORNING + timedelta(hours=12), ARMPIT),
)
_GLUCOSE: Final = (
    GlucoseReading(5, MORNING, 95, offset_minutes=15, status=0, context=Context((1, 0.05), meal=1)),
    GlucoseReading(6, MORNING + timedelta(hours=5), 5.3, molar=True),
)


def _strap(faults: Faults) -> HeartRateStrap:
    beats = [Beat(75 + step, (0.8, 0.78125), contact=True) for step in (0, 1, 2, 1)]
    return HeartRateStrap(beats, per_second=4, faults=faults)


def _oximeter(faults: Faults) -> PulseOximeter:
    running = [Continuous(97, 72 + step % 3, status=ONGOING) for step in range(60)]
    return PulseOximeter([SpotCheck(97, 72, MORNING)], running, per_second=4, faults=faults)


def _sensor(faults: Faults) -> GlucoseSensor:
    stored = [SensorReading(5 * step, 110 + step, trend=0.2) for step in range(12)]
    live = [SensorReading(60 + 5 * step, 122 + step) for step in range(60)]
    return GlucoseSensor(
        stored, live=live, live_every_seconds=0.5, started=MORNING, checksum=True, faults=faults
    )


KINDS: Final[dict[str, Callable[[Faults], Peripheral]]] = {
    "heart-rate": _strap,
    "blood-pressure": lambda faults: AndCuff(_PRESSURES, faults=faults),
    "blood-pressure-omron": lambda faults: OmronCuff(_PRESSURES, faults=faults),
    "weight": lambda faults: AndScale(_WEIGHINGS, faults=faults),
    "scale": lambda faults: UserScale(_WEIGHINGS, {1: Profile(CONSENT_CODE)}, faults=faults),
    "thermometer": lambda faults: AndThermometer(_TEMPERATURES, faults=faults),
    "thermometer-plain": lambda faults: Thermometer(_TEMPERATURES, rising=(35.9, 36.2), faults=faults),
    "glucose": lambda faults: GlucoseMeter(_GLUCOSE, faults=faults),
    "cgm": _sensor,
    "oximeter": _oximeter,
    "activity": lambda faults: ActivityMonitor(faults=faults),
}
