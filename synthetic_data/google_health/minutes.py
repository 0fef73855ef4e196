"""A UTC day of a person minute by minute: sleep, wear, steps, effort and pulse; all dense types come from it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from synthetic_data.google_health.dice import Floats, Ints, Mask, rolls
from synthetic_data.google_health.nights import nights
from synthetic_data.google_health.people import DAY, Person

MINUTES: Final = 1440
_BUSY: Final[Floats] = np.array(
    [0, 0, 0, 0, 0.02, 0.1, 0.2, 0.34, 0.3, 0.2, 0.2, 0.2, 0.26, 0.2, 0.18, 0.2, 0.24, 0.32, 0.3, 0.2, 0.12,
     0.08, 0.04, 0.02]
)  # fmt: skip
"""The chance that ten minutes of each local hour hold a walk."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """Arrays of 1440 minutes from UTC midnight."""

    start: Ints
    offset: Ints
    asleep: Mask
    worn: Mask
    carried: Mask
    steps: Ints
    effort: Ints
    """0 at rest, 1 light, 2 moderate, 3 vigorous, 4 peak."""
    pulse: Floats


@lru_cache(maxsize=256)
def minutes(person: Person, day: int) -> Minutes:
    """The day counted from 1970-01-01 in UTC."""
    minute = np.arange(day * MINUTES, (day + 1) * MINUTES, dtype=np.int64)
    offset = person.zones.at(minute * 60)
    local = minute + offset // 60
    asleep = np.zeros(MINUTES, dtype=bool)
    for sleep in nights(person):
        if sleep.end > minute[0] and sleep.start <= minute[-1]:
            asleep[max(0, sleep.start - int(minute[0])) : max(0, sleep.end - int(minute[0]))] = True
    worn = _worn(person, local)
    slot = minute // 10
    walking = (rolls(person.key("walk"), slot) < _BUSY[local % MINUTES // 60]) & ~asleep
    bout = _bout(person, local) & ~asleep
    pace = rolls(person.key("pace"), minute)
    steps = np.where(walking, 20 + pace * 90, np.where(pace < 0.04, 4 + pace * 200, 0)).astype(np.int64)
    steps = np.where(bout, 120 + pace * 40, steps).astype(np.int64)
    steps[asleep] = 0
    effort = np.select(
        [bout & (pace > 0.85), bout & (pace > 0.4), bout, steps >= 90, steps >= 20], [4, 3, 2, 2, 1], 0
    )
    rhythm = np.cos((local % MINUTES - 900) * (2 * np.pi / MINUTES))
    pulse = (
        person.resting
        + 8
        + 5 * rhythm
        + np.array([0, 14, 34, 62, 88])[effort]
        - 9 * asleep
        + 4 * (pace - 0.5)
    )
    carried = (rolls(person.key("phone"), minute // 30) < 0.6) & ~asleep
    return Minutes(minute * 60, offset, asleep, worn, carried, steps, effort.astype(np.int64), pulse)


def _worn(person: Person, local: Ints) -> Mask:
    """Off the wrist while it charges in the evening, and on one whole day in twenty."""
    day, clock = local // MINUTES, local % MINUTES
    charging = (clock >= 1200) & (
        clock < 1200 + 20 + (rolls(person.key("charge"), day) * 40).astype(np.int64)
    )
    return ~charging & (rolls(person.key("off"), day) >= 0.05)


def _bout(person: Person, local: Ints) -> Mask:
    """A run of half an hour or more on some evenings."""
    day, clock = local // MINUTES, local % MINUTES
    start, length = bout_of(person, day)
    return (clock >= start) & (clock < start + length)


def bout_of(person: Person, days: Ints) -> tuple[Ints, Ints]:
    """The first local minute and the length of the day's exercise; length 0 on a day without."""
    luck = rolls(person.key("bout"), days)
    length = np.where(luck < 0.3, 30 + (luck * 100).astype(np.int64), 0)
    return 1065 + (luck * 150).astype(np.int64), length


def usual_day(person: Person, day: int) -> tuple[int, int]:
    """The UTC instants at which a civil day begins and ends for the person."""
    begin = day * DAY - person.zones.of(day * DAY - person.zones.of(day * DAY))
    after = (day + 1) * DAY
    return begin, after - person.zones.of(after - person.zones.of(after))
