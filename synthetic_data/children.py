"""Invents children of a city: who they are, how they grew, their vaccinations, and the days on which they brushed teeth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np

_STREAM: Final = 7_001
_OLDEST: Final = 10 * 365
_GIRLS: Final = ("はな", "ゆい", "さくら", "めい", "こはる")
_BOYS: Final = ("そら", "れん", "はると", "ゆう", "いつき")
_VISITS: Final = (0, 1, 4, 7, 10, 18, 24, 36, 48, 60, 72, 84, 96, 108)
"""Months at which somebody weighs and measures."""
_SHOTS: Final = (
    ("hepatitis-b", (2, 3, 8)),
    ("dpt-ipv-hib", (2, 3, 4, 18)),
    ("pneumococcal", (2, 3, 4, 13)),
    ("bcg", (6,)),
    ("measles-rubella", (13,)),
    ("varicella", (13, 20)),
)
"""Vaccines by the keys of public schedules, and the months at which most children have them."""
_MONTH: Final = 30.4375


@dataclass(frozen=True, slots=True)
class Child:
    """One invented child. measures: day, kg, cm. shots: vaccine, day. brushed: day, morning, evening."""

    number: int
    name: str
    female: bool
    birth_date: date
    weeks: int
    measures: tuple[tuple[date, float, float], ...]
    shots: tuple[tuple[str, date], ...]
    brushed: tuple[tuple[date, bool, bool], ...]
    school_class: str

    @property
    def id(self) -> str:
        """Stable text such as ``c-000012``."""
        return f"c-{self.number:06d}"

    def patient(self) -> dict[str, Any]:
        """The child as a FHIR Patient."""
        return {
            "resourceType": "Patient",
            "id": self.id,
            "name": [{"text": self.name}],
            "gender": "female" if self.female else "male",
            "birthDate": self.birth_date.isoformat(),
        }


def children(seed: int, count: int, today: date) -> list[Child]:
    """So many children; each is the same whatever the number of the others."""
    return [_child(np.random.default_rng([seed, number, _STREAM]), number, today) for number in range(count)]


def _child(dice: np.random.Generator, number: int, today: date) -> Child:
    female = bool(dice.random() < _EVEN)
    born = today - timedelta(days=int(dice.integers(20, _OLDEST)))
    weeks = int(np.clip(round(dice.normal(39, 1.6)), 28, 42))
    names = _GIRLS if female else _BOYS
    return Child(
        number,
        str(names[int(dice.integers(len(names)))]),
        female,
        born,
        weeks,
        _measures(dice, born, weeks, today, female=female),
        _shots(dice, born, today),
        _brushed(dice, born, today),
        f"class-{(today - born).days // 365}a",
    )


_EVEN: Final = 0.5


def _measures(
    dice: np.random.Generator, born: date, weeks: int, today: date, *, female: bool
) -> tuple[tuple[date, float, float], ...]:
    """A curve of its own that keeps its distance from the middle, with the error of home scales."""
    heavy, tall = dice.normal(0, 0.09), dice.normal(0, 0.035)
    early = max(0, 40 - weeks) * 7 / _MONTH
    found = []
    for month in _VISITS:
        day = born + timedelta(days=round(month * _MONTH + (float(dice.normal(0, 5)) if month else 0)))
        if not born <= day <= today:
            continue
        age = max(0.0, month - early * math.exp(-month / 12))
        small = 0.96 if female else 1.0
        start = 1 - 0.045 * max(0, 40 - weeks) * math.exp(-month / 4)
        weight = (3.05 + 4.6 * (1 - math.exp(-age / 4)) + 0.165 * age + 0.0006 * age**2) * small * start
        height = (49.2 + 22 * (1 - math.exp(-age / 6.5)) + 0.6 * age) * (0.99 if female else 1.0) * start**0.3
        found.append(
            (
                day,
                round(float(weight * math.exp(heavy) + dice.normal(0, 0.05)), 2),
                round(float(height * math.exp(tall) + dice.normal(0, 0.3)), 1),
            )
        )
    return tuple(found)


def _shots(dice: np.random.Generator, born: date, today: date) -> tuple[tuple[str, date], ...]:
    late = float(dice.exponential(0.5))  # months: a family that is late is late with all
    found = []
    for vaccine, months in _SHOTS:
        for month in months:
            day = born + timedelta(days=round((month + late) * _MONTH) + 3)
            if day <= today and dice.random() < _COVERED:
                found.append((vaccine, day))
            else:
                break  # the next dose waits for this one
    return tuple(found)


_COVERED: Final = 0.96


def _brushed(dice: np.random.Generator, born: date, today: date) -> tuple[tuple[date, bool, bool], ...]:
    """Ninety days of a child old enough to brush; some families like the game more than others."""
    if (today - born).days < _BRUSHES:
        return ()
    keen = float(dice.beta(5, 2))
    days = [today - timedelta(days=back) for back in range(90, 0, -1)]
    both = [(day, bool(dice.random() < keen * 0.8), bool(dice.random() < keen)) for day in days]
    return tuple(one for one in both if one[1] or one[2])


_BRUSHES: Final = 3 * 365
