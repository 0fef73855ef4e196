"""Lives a resident's days minute by minute: sleep, steps, heart rate and when the device was on the wrist."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from synthetic_data.people import Resident
from synthetic_data.population import habits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

DAY: Final = 1440
HOME_OFFSET: Final = 9 * 60
AWAKE, LIGHT, DEEP, REM = 0, 1, 2, 3
_EPOCH: Final = date(1970, 1, 1)
_BUSY: Final[Floats] = np.array(
    [
        0,
        0,
        0,
        0,
        0.1,
        0.6,
        1.4,
        2.2,
        2.0,
        1.5,
        1.5,
        1.4,
        1.7,
        1.3,
        1.2,
        1.3,
        1.6,
        2.2,
        2.0,
        1.2,
        0.8,
        0.5,
        0.25,
        0.1,
    ],
)
"""How walks spread over the hours of a local day."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """One sleep: minutes since the epoch (UTC), and its stages as (stage, first minute, end minute)."""

    start: int
    end: int
    nap: bool
    stages: list[tuple[int, int, int]]


@dataclass(slots=True)
class Life:
    """Minute arrays over all days (index 0 is local midnight of the first day) and one row per civil day."""

    first_day: date
    start: int
    offset: Ints
    steps: Ints
    heart: Floats
    worn: Mask
    sleeps: list[Sleep]
    resting: Floats
    hrv: Floats
    oxygen: Floats
    breaths: Floats
    skin: Floats
    nights_worn: Mask
    age: int
    walked: list[int] = field(default_factory=list)

    @property
    def days(self) -> int:
        """How many civil days."""
        return len(self.resting)

    def day(self, number: int) -> date:
        """The civil day of a row."""
        return self.first_day + timedelta(days=number)


def live(resident: Resident, usual: dict[str, float], end: date, days: int, own: np.random.Generator) -> Life:
    """The days up to and including ``end``."""
    first = end - timedelta(days=days - 1)
    start = (first - _EPOCH).days * DAY - HOME_OFFSET
    age = resident.age(end)
    offset = _offsets(resident, days, own)
    sleeps = _sleeps(resident, age, offset, start, days, first, own)
    asleep, stage = _asleep(sleeps, start, days * DAY)
    steps = _steps(resident, age, ~asleep, first, offset, own)
    resting = _resting(resident, usual, age, days, own)
    worn = _worn(resident, asleep, days, own)
    nights = np.array([worn[n * DAY + 120 : n * DAY + 240].mean() > 0.5 for n in range(days)])
    return Life(
        first_day=first,
        start=start,
        offset=offset,
        steps=steps,
        heart=_heart(resting, steps, asleep, stage, offset, age, own),
        worn=worn,
        sleeps=[sleep for sleep in sleeps if _is_worn(worn, sleep, start)],
        resting=resting,
        hrv=np.clip(58 - 0.45 * age + 8 * (resident.luck["fitness"] - 0.5) + own.normal(0, 5, days), 8, 120),
        oxygen=np.clip(own.normal(96.8, 0.6, days), 90, 99.5),
        breaths=np.clip(own.normal(15.2, 0.7, days), 10, 24),
        skin=own.normal(0, 0.35, days),
        nights_worn=nights,
        age=age,
        walked=steps.reshape(days, DAY).sum(axis=1).tolist(),
    )


def _offsets(resident: Resident, days: int, own: np.random.Generator) -> Ints:
    """Minutes east of UTC in each minute; a traveller spends some days in Honolulu."""
    offset = np.full(days * DAY, HOME_OFFSET, dtype=np.int64)
    if resident.fault == "travel" and days >= 3:
        leave = int(own.integers(1, max(2, days // 2)))
        stay = min(5, days - leave - 1)
        offset[leave * DAY + 720 : (leave + stay) * DAY + 720] = -10 * 60  # no summer time there
    return offset


def _sleeps(
    resident: Resident, age: int, offset: Ints, start: int, days: int, first: date, own: np.random.Generator
) -> list[Sleep]:
    """One night per day that ends in the morning, later at weekends, and now and then a nap."""
    usual_bed = (
        30 + 70 * (resident.luck["night"] - 0.5) - 0.9 * max(0, age - 45) - 60
    )  # minutes from midnight
    usual_length = 405 + 70 * (resident.luck["sleeper"] - 0.5) + (20 if age >= 70 else 0)
    found: list[Sleep] = []
    for n in range(days):
        weekend = (first + timedelta(days=n)).weekday() >= 5
        bed = usual_bed + (35 if weekend else 0) + own.normal(0, 22)
        length = int(np.clip(usual_length + (25 if weekend else 0) + own.normal(0, 38), 200, 640))
        # Local clock time becomes UTC with the offset that holds around noon of the day before.
        shift = HOME_OFFSET - int(offset[max(0, n * DAY - 1)])
        begin = start + n * DAY + int(bed) + shift
        if begin >= start and (not found or begin > found[-1].end + 60):
            found.append(Sleep(begin, begin + length, nap=False, stages=_stages(begin, length, own)))
        if age >= 60 and own.random() < 0.12:
            nap = start + n * DAY + int(own.integers(780, 860)) + HOME_OFFSET - int(offset[n * DAY + 800])
            found.append(Sleep(nap, nap + int(own.integers(30, 80)), nap=True, stages=[]))
    last = start + days * DAY
    return [sleep for sleep in found if sleep.end <= last]


def _stages(begin: int, length: int, own: np.random.Generator) -> list[tuple[int, int, int]]:
    """Cycles of about ninety minutes: deep sleep early in the night, REM late, short awakenings between."""
    stages: list[tuple[int, int, int]] = []
    at, end, cycle = begin, begin + length, 0
    while at < end:
        deep, rem = max(5, 38 - 9 * cycle), 10 + 7 * cycle
        plan = ((AWAKE, 4), (LIGHT, 22), (DEEP, deep), (LIGHT, 18), (REM, rem))
        for stage, minutes in plan:
            until = min(end, at + max(1, int(minutes * own.uniform(0.6, 1.4))))
            if until > at:
                stages.append((stage, at, until))
            at = until
        cycle += 1
    return stages


def _asleep(sleeps: list[Sleep], start: int, minutes: int) -> tuple[Mask, Ints]:
    asleep = np.zeros(minutes, dtype=np.bool_)
    stage = np.zeros(minutes, dtype=np.int64)
    for sleep in sleeps:
        asleep[max(0, sleep.start - start) : sleep.end - start] = True
        for kind, begin, end in sleep.stages:
            stage[max(0, begin - start) : end - start] = kind
    return asleep, stage


def _is_worn(worn: Mask, sleep: Sleep, start: int) -> bool:
    return bool(worn[sleep.start - start : sleep.end - start].mean() > 0.9)


def _daily_steps(resident: Resident, age: int, first: date, days: int, own: np.random.Generator) -> Floats:
    """The steps of each day: the person's mean, the weekday and chance."""
    spec = habits()["steps"]
    older = next((spec[f"factor_{limit}"] for limit in (85, 75, 65) if age >= limit), 1.0)
    spread = spec["spread_people"] * 3.4 * (resident.luck["active"] - 0.5)  # a uniform number of that spread
    usual = spec["female" if resident.female else "male"] * older
    mean = usual * float(np.exp(spread - spec["spread_people"] ** 2 / 2))
    weekday = np.array([spec["weekday"][(first + timedelta(days=n)).weekday()] for n in range(days)])
    noise = own.normal(0, spec["spread_days"], days)
    return np.asarray(np.clip(mean * weekday * np.exp(noise - spec["spread_days"] ** 2 / 2), 150, 38_000))


def _steps(
    resident: Resident, age: int, awake: Mask, first: date, offset: Ints, own: np.random.Generator
) -> Ints:
    """Walks spread over the waking hours, scaled to the steps of each day."""
    days = len(awake) // DAY
    target = _daily_steps(resident, age, first, days, own)
    walks = int(days * (14 + 8 * resident.luck["active"]))
    local = (np.arange(len(awake)) + offset - HOME_OFFSET) % DAY
    likely = np.cumsum(_BUSY[local // 60] * awake)
    begins = np.searchsorted(likely, own.random(walks) * likely[-1])
    lengths = own.geometric(1 / 11, walks)
    cadence = np.clip(own.normal(62, 30, walks), 8, 122)
    rate = np.zeros(len(awake))
    for begin, length, pace in zip(begins.tolist(), lengths.tolist(), cadence.tolist(), strict=True):
        rate[begin : begin + length] = pace
    rate *= awake * own.uniform(0.75, 1.2, len(awake))
    daily = rate.reshape(days, DAY)
    scale = target / np.maximum(daily.sum(axis=1), 1)
    counts: Ints = np.clip((daily * scale[:, None]).reshape(-1), 0, 138).round().astype(np.int64)
    return counts


def _resting(
    resident: Resident, usual: dict[str, float], age: int, days: int, own: np.random.Generator
) -> Floats:
    fitness = 12 * (0.5 - resident.luck["fitness"]) + 0.35 * (usual["bmi"] - 23)
    smoking = 3.0 if usual["smoking"] == 1 else 0.0
    base = np.clip((64 if not resident.female else 66) + fitness + smoking - 0.03 * (age - 50), 46, 92)
    return np.asarray(np.clip(base + own.normal(0, 1.3, days), 42, 98))


def _decay(values: Floats, memory: float) -> Floats:
    """Each minute's trailing exponential mean, as a body warms up and cools down."""
    kernel = np.exp(-np.arange(int(memory * 5)) / memory)
    return np.convolve(values, kernel / kernel.sum())[: len(values)]


def _heart(
    resting: Floats, steps: Ints, asleep: Mask, stage: Ints, offset: Ints, age: int, own: np.random.Generator
) -> Floats:
    """Beats per minute: a daily rhythm, lower in sleep, higher with steps, never above 208 - 0.7 x age."""
    minutes = len(steps)
    local = (np.arange(minutes) + offset - HOME_OFFSET) % DAY
    rhythm = 7 - 4 * np.cos(2 * np.pi * (local - 240) / DAY)
    effort = _decay(steps.astype(np.float64), 2.5) * 0.42
    sway = _decay(own.normal(0, 1, minutes), 12) * 14
    sleeping = np.where(stage == REM, 1.5, np.where(stage == DEEP, -4.0, -2.0))
    base = np.repeat(resting, DAY)
    heart = np.where(asleep, base + sleeping + 0.35 * sway, base + rhythm + effort + sway)
    return np.clip(heart, 38, 208 - 0.7 * age)


def _worn(resident: Resident, asleep: Mask, days: int, own: np.random.Generator) -> Mask:
    """On the wrist but for charging, some nights, and the planted gaps."""
    worn = np.ones(days * DAY, dtype=np.bool_)
    for n in range(days):
        if own.random() < 0.3:
            begin = n * DAY + int(own.integers(1100, 1290))
            worn[begin : begin + int(own.integers(40, 130))] = False
        if own.random() < 0.08:
            worn[n * DAY : n * DAY + 400] &= ~asleep[n * DAY : n * DAY + 400]
    if resident.fault == "days-not-worn":
        worn[DAY : DAY * max(2, min(5, days - 1))] = False
    if resident.fault == "battery-empty":
        flat = (days // 2) * DAY + 860
        worn[flat : flat + 1500] = False
    return worn
