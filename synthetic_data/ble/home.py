"""The devices of an invented home: two weeks of readings of two people, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from synthetic_data.ble.and_family import CUFF, THERMOMETER, AndCuff, AndThermometer
from synthetic_data.ble.blood_pressure import IRREGULAR_PULSE, BloodPressure
from synthetic_data.ble.clock import Now
from synthetic_data.ble.heart_rate import STRAP, Beat, HeartRateStrap
from synthetic_data.ble.peripheral import Peripheral
from synthetic_data.ble.scale import BEURER, UserScale
from synthetic_data.ble.temperature import ARMPIT, Temperature
from synthetic_data.ble.user_data import HIGHEST_CODE, Profile
from synthetic_data.ble.weight import Composition, Weighing

DAYS: Final = 14
BEATS: Final = 120
_MORNING: Final = time(6, 30)
_EVENING: Final = time(21, 0)
_LATE: Final = time(22, 0)
_USERS: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class Home:
    """What stands in the bathroom and what lies in the drawer."""

    cuff: AndCuff
    scale: UserScale
    thermometer: AndThermometer
    strap: HeartRateStrap
    consent_codes: dict[int, int]
    """Of the scale, by slot."""

    @property
    def devices(self) -> tuple[Peripheral, ...]:
        """All of them."""
        return (self.cuff, self.scale, self.thermometer, self.strap)


def home_devices(seed: int, day: date, zone: ZoneInfo) -> Home:
    """Readings of the two weeks up to ``day`` (its evening included), in local time of ``zone``."""
    dice = random.Random(seed)  # noqa: S311 - invented people, not secrets
    days = [day - timedelta(days=DAYS - 1 - number) for number in range(DAYS)]
    serial = str(seed)
    late = datetime.combine(day, _LATE, zone)

    def now() -> datetime:
        return late

    codes = {user: dice.randint(0, HIGHEST_CODE) for user in _USERS}
    return Home(
        cuff=AndCuff(_pressures(dice, days), identity=replace(CUFF, serial=serial), now=now),
        scale=_scale(dice, days, codes, serial, now),
        thermometer=AndThermometer(
            _temperatures(dice, days), identity=replace(THERMOMETER, serial=serial), now=now
        ),
        strap=HeartRateStrap(_beats(dice), identity=replace(STRAP, serial=serial)),
        consent_codes=codes,
    )


def _taken(dice: random.Random, day: date, about: time) -> datetime:
    return datetime.combine(day, about) + timedelta(seconds=dice.randint(-1200, 1200))


def _pressures(dice: random.Random, days: list[date]) -> list[BloodPressure]:
    systolic, diastolic, pulse = dice.gauss(134, 9), dice.gauss(82, 6), dice.gauss(67, 5)
    readings = []
    for day in days:
        for about, rise in ((_MORNING, 4), (_EVENING, -3)):
            high = round(dice.gauss(systolic + rise, 5))
            low = min(round(dice.gauss(diastolic + rise / 2, 4)), high - 20)
            status = IRREGULAR_PULSE if dice.random() < 0.03 else 0
            beats = round(dice.gauss(pulse, 4))
            readings.append(
                BloodPressure(
                    high, low, low + (high - low) // 3, beats, _taken(dice, day, about), status=status
                )
            )
    return readings


def _scale(dice: random.Random, days: list[date], codes: dict[int, int], serial: str, now: Now) -> UserScale:
    weighings: list[Weighing] = []
    profiles: dict[int, Profile] = {}
    for user, code in codes.items():
        height = round(dice.gauss(1.64, 0.08), 3)
        kilograms, fat = dice.gauss(23.5, 2.5) * height**2, dice.gauss(27, 5)
        born = date(days[-1].year - dice.randint(45, 79), dice.randint(1, 12), dice.randint(1, 28))
        profiles[user] = Profile(code, born, user - 1, round(height * 100))
        for day in days[::user]:
            kilograms += dice.gauss(0, 0.25)
            fat += dice.gauss(0, 0.2)
            weighings.append(_weighing(_taken(dice, day, _MORNING), user, kilograms, fat, height))
    weighings.sort(key=_when)
    return UserScale(weighings, profiles, identity=replace(BEURER, serial=serial), now=now)


def _when(weighing: Weighing) -> datetime:
    return weighing.time or datetime.min  # noqa: DTZ901 - a device has wall time only


def _weighing(taken: datetime, user: int, kilograms: float, fat: float, height: float) -> Weighing:
    weight = round(kilograms, 2)
    lean = round(weight * (100 - fat) / 100, 2)
    body = Composition(
        fat_percent=round(fat, 1),
        basal_kilojoule=round((370 + 21.6 * lean) * 4.184),  # Katch-McArdle, in kilocalories
        muscle_percent=round(lean * 0.55 / weight * 100, 1),
        water=round(lean * 0.73, 2),
        impedance_ohm=round(500 + (fat - 27) * 6, 1),
    )
    return Weighing(weight, taken, user, round(weight / height**2, 1), height, composition=body)


def _temperatures(dice: random.Random, days: list[date]) -> list[Temperature]:
    usual = dice.gauss(36.4, 0.15)
    return [
        Temperature(round(dice.gauss(usual, 0.12), 1), _taken(dice, day, _MORNING), ARMPIT) for day in days
    ]


def _beats(dice: random.Random) -> list[Beat]:
    """Two minutes of quiet sitting; the interval wanders around its mean."""
    usual = 60 / dice.gauss(70, 5)
    interval = usual
    beats = []
    for _ in range(BEATS):
        interval += 0.3 * (usual - interval) + dice.gauss(0, 0.02)
        beats.append(Beat(round(60 / interval), (round(interval, 4),), contact=True))
    return beats
