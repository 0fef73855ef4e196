"""Every kind of virtual device with a few readings, ready to be put on a radio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from synthetic_data.ble.activity_monitor import TRACKER, ActivityMonitor
from synthetic_data.ble.and_family import CUFF, SCALE, THERMOMETER, AndCuff, AndScale, AndThermometer
from synthetic_data.ble.blood_pressure import OMRON, BloodPressure, OmronCuff
from synthetic_data.ble.cgm import SensorReading
from synthetic_data.ble.faults import Faults
from synthetic_data.ble.glucose import ROCHE, Context, GlucoseMeter, GlucoseReading
from synthetic_data.ble.heart_rate import STRAP, Beat, HeartRateStrap
from synthetic_data.ble.oximeter import NONIN, ONGOING, Continuous, PulseOximeter, SpotCheck
from synthetic_data.ble.peripheral import Peripheral
from synthetic_data.ble.scale import BEURER, UserScale
from synthetic_data.ble.sensor import CGM, GlucoseSensor
from synthetic_data.ble.temperature import ARMPIT, DEGREES, Temperature, Thermometer
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


def _strap(faults: Faults, serial: str) -> HeartRateStrap:
    beats = [Beat(75 + step, (0.8, 0.78125), contact=True) for step in (0, 1, 2, 1)]
    return HeartRateStrap(beats, per_second=4, faults=faults, identity=replace(STRAP, serial=serial))


def _cuff(faults: Faults, serial: str) -> AndCuff:
    return AndCuff(_PRESSURES, name="A&D_UA-651BLE", faults=faults, identity=replace(CUFF, serial=serial))


def _omron(faults: Faults, serial: str) -> OmronCuff:
    return OmronCuff(
        _PRESSURES, name="BLESmart_00000116", faults=faults, identity=replace(OMRON, serial=serial)
    )


def _weight(faults: Faults, serial: str) -> AndScale:
    return AndScale(_WEIGHINGS, name="A&D_UC-352BLE", faults=faults, identity=replace(SCALE, serial=serial))


def _scale(faults: Faults, serial: str) -> UserScale:
    profiles = {1: Profile(CONSENT_CODE)}
    return UserScale(_WEIGHINGS, profiles, faults=faults, identity=replace(BEURER, serial=serial))


def _and_thermometer(faults: Faults, serial: str) -> AndThermometer:
    identity = replace(THERMOMETER, serial=serial)
    return AndThermometer(_TEMPERATURES, name="A&D_UT201BLE", faults=faults, identity=identity)


def _thermometer(faults: Faults, serial: str) -> Thermometer:
    identity = replace(DEGREES, serial=serial)
    return Thermometer(_TEMPERATURES, rising=(35.9, 36.2), faults=faults, identity=identity)


def _glucose(faults: Faults, serial: str) -> GlucoseMeter:
    return GlucoseMeter(_GLUCOSE, faults=faults, identity=replace(ROCHE, serial=serial))


def _oximeter(faults: Faults, serial: str) -> PulseOximeter:
    running = [Continuous(97, 72 + step % 3, status=ONGOING) for step in range(60)]
    spots = [SpotCheck(97, 72, MORNING)]
    return PulseOximeter(spots, running, per_second=4, faults=faults, identity=replace(NONIN, serial=serial))


def _sensor(faults: Faults, serial: str) -> GlucoseSensor:
    stored = [SensorReading(5 * step, 110 + step, trend=0.2) for step in range(12)]
    live = [SensorReading(60 + 5 * step, 122 + step) for step in range(60)]
    return GlucoseSensor(
        stored, live=live, live_every_seconds=0.5, started=MORNING, checksum=True, faults=faults,
        identity=replace(CGM, serial=serial),
    )  # fmt: skip


def _activity(faults: Faults, serial: str) -> ActivityMonitor:
    return ActivityMonitor(faults=faults, identity=replace(TRACKER, serial=serial))


KINDS: Final[dict[str, Callable[[Faults, str], Peripheral]]] = {
    "heart-rate": _strap,
    "blood-pressure": _cuff,
    "blood-pressure-omron": _omron,
    "weight": _weight,
    "scale": _scale,
    "thermometer": _and_thermometer,
    "thermometer-plain": _thermometer,
    "glucose": _glucose,
    "cgm": _sensor,
    "oximeter": _oximeter,
    "activity": _activity,
}
"""By name: a device with these faults and this serial number; two serial numbers give two addresses, one name."""
