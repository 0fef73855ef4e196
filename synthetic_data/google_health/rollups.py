"""Roll-ups of reconciled points: physical windows anchored at the request's start, and civil days."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np

from synthetic_data.google_health.bodies import HEART_ZONES, LEVELS, double
from synthetic_data.google_health.dice import Ints, Mask
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.people import DAY, Person
from synthetic_data.google_health.rows import Rows
from synthetic_data.wire_time import civil_date, timestamp

_AZM: Final = ("FatBurn", "Cardio", "Peak")


def _total(name: str) -> Callable[[Rows], str]:
    return lambda rows: f'"{name}":"{int(rows.value.sum())}"'


def _sum(name: str) -> Callable[[Rows], str]:
    return lambda rows: f'"{name}":{double(float(rows.value.sum()))}'


def _mean(name: str) -> Callable[[Rows], str]:
    return lambda rows: f'"{name}":{double(float(rows.value.mean()))}'


def _spread(average: str, highest: str, lowest: str) -> Callable[[Rows], str]:
    def show(rows: Rows) -> str:
        found = ((average, rows.value.mean()), (highest, rows.value.max()), (lowest, rows.value.min()))
        return ",".join(f'"{name}":{double(float(value))}' for name, value in found)

    return show


def _by_label(rows: Rows, count: int) -> list[float]:
    return [float(rows.value[rows.label == label].sum()) for label in range(count)]


def _zone_minutes(rows: Rows) -> str:
    """A zero sum is written too."""
    return ",".join(
        f'"sumIn{zone}HeartZone":"{int(value)}"' for zone, value in zip(_AZM, _by_label(rows, 3), strict=True)
    )


def _active(rows: Rows) -> str:
    listed = ",".join(
        f'{{"activityLevel":"{level}","activeMinutesSum":"{int(value)}"}}'
        for level, value in zip(LEVELS, _by_label(rows, 3), strict=True)
        if value
    )
    return f'"activeMinutesRollupByActivityLevel":[{listed}]'


def _zone_time(rows: Rows) -> str:
    listed = ",".join(
        f'{{"heartRateZone":"{zone}","duration":"{int(value)}s"}}'
        for zone, value in zip(HEART_ZONES, _by_label(rows, 4), strict=True)
        if value
    )
    return f'"timeInHeartRateZones":[{listed}]'


def _zone_energy(rows: Rows) -> str:
    listed = ",".join(
        f'{{"heartRateZone":"{zone}","kcal":{double(value)}}}'
        for zone, value in zip(HEART_ZONES, _by_label(rows, 4), strict=True)
        if value
    )
    return f'"caloriesInHeartRateZones":[{listed}]'


SUMMARIES: Final[dict[str, Callable[[Rows], str]]] = {
    "active-energy-burned": _sum("kcalSum"),
    "active-minutes": _active,
    "active-zone-minutes": _zone_minutes,
    "altitude": _total("gainMillimetersSum"),
    "blood-glucose": _mean("bloodGlucoseMilligramsPerDeciliterAvg"),
    "body-fat": _mean("bodyFatPercentageAvg"),
    "calories-in-heart-rate-zone": _zone_energy,
    "core-body-temperature": _spread(
        "temperatureCelsiusAvg", "temperatureCelsiusMax", "temperatureCelsiusMin"
    ),
    "distance": _total("millimetersSum"),
    "floors": _total("countSum"),
    "hydration-log": lambda rows: f'"amountConsumed":{{"millilitersSum":{double(float(rows.value.sum()))}}}',
    "heart-rate": _spread("beatsPerMinuteAvg", "beatsPerMinuteMax", "beatsPerMinuteMin"),
    "run-vo2-max": _spread("rateAvg", "rateMax", "rateMin"),
    "sedentary-period": lambda rows: f'"durationSum":"{int(rows.value.sum())}s"',
    "steps": _total("countSum"),
    "time-in-heart-rate-zone": _zone_time,
    "total-calories": _sum("kcalSum"),
    "weight": _mean("weightGramsAvg"),
}


def _groups(kind: Kind, rows: Rows, window: Ints, chosen: Mask) -> list[tuple[int, str]]:
    """(window, summary) of each window that has points, newest first; without points there is no window."""
    summary = SUMMARIES.get(kind.name)
    if summary is None or not chosen.any():
        return []
    rows, window = rows.take(chosen), window[chosen]
    order = np.argsort(-window, kind="stable")  # a journey over the date line repeats a civil day
    rows, window = rows.take(order), window[order]
    firsts = [0, *(np.flatnonzero(np.diff(window)) + 1).tolist(), len(window)]
    return [
        (int(window[first]), f'"{kind.member}":{{{summary(rows.take(slice(first, last)))}}}')
        for first, last in pairwise(firsts)
    ]


def physical(kind: Kind, rows: Rows, start: int, end: int, width: int) -> list[str]:
    """Windows of ``width`` seconds counted from ``start``, not from the hour or the day."""
    inside = (rows.start >= start) & (rows.start < end)
    return [
        f'{{"startTime":"{timestamp(start + n * width)}","endTime":"{timestamp(min(end, start + (n + 1) * width))}",'
        f"{text}}}"
        for n, text in _groups(kind, rows, (rows.start - start) // width, inside)
    ]


def civil_days(kind: Kind, rows: Rows, first: int, last: int, width: int) -> list[str]:
    """Windows of ``width`` civil days of the person, from the day ``first`` up to before ``last``."""
    day = (rows.start + rows.offset) // DAY
    inside = (day >= first) & (day < last)
    return [
        f'{{"civilStartTime":{_midnight(first + n * width)},'
        f'"civilEndTime":{_midnight(min(last, first + (n + 1) * width))},{text}}}'
        for n, text in _groups(kind, rows, (day - first) // width, inside)
    ]


def _midnight(day: int) -> str:
    return f'{{"date":{civil_date(day)},"time":{{}}}}'


def around(person: Person, first: int, last: int) -> tuple[int, int]:
    """Seconds in UTC that hold all civil days of the range, wherever the person was."""
    world = person.world
    return max(world.first, first * DAY - DAY), min(world.end + 1, last * DAY + DAY)
