"""Vitals as the pages name them: which stored codes they come from, and their daily values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from phr.domain.family.acting import PROXY, TYPED
from phr.services.charts import DaySamples, DayValue

Floats = npt.NDArray[np.float64]
Slot = Literal["morning", "evening", ""]

BLOOD_PRESSURE: Final = "85354-9"
SLEEP: Final = "93832-4"
WEIGHT: Final = "29463-7"
STEPS: Final = "55423-8"
MORNING_KEY: Final = "manual|morning"
EVENING_KEY: Final = "manual|evening"
PAPER: Final = "paper"
"""The source of what staff copied from a paper diary."""
LIMITS: Final = (135.0, 85.0)
"""Home blood pressure, JSH 2025."""
NEEDED: Final = 5
"""Days of a slot that an average needs (JSH)."""
_PAIR: Final = 2  # readings of one occasion that are averaged (JSH)


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a vital comes from: codes in the order in which they are preferred, and what a day's value is."""

    codes: tuple[str, ...]
    daily: Literal["mean", "total"]
    axis: tuple[float, float]
    category: str
    scale: float = 1.0


KINDS: Final[Mapping[str, Kind]] = {
    "blood-pressure": Kind((BLOOD_PRESSURE,), "mean", (90.0, 180.0), "blood-pressure"),
    "steps": Kind((STEPS, "41950-7"), "total", (0.0, 12_000.0), "activity"),
    "sleep": Kind((SLEEP,), "total", (3.0, 10.0), "sleep", 1 / 60),
    "weight": Kind((WEIGHT,), "mean", (30.0, 110.0), "body"),
    "heart-rate": Kind(("8867-4",), "mean", (40.0, 140.0), "heart"),
    "resting-heart-rate": Kind(("40443-4",), "mean", (40.0, 110.0), "heart"),
    "spo2": Kind(("59408-5", "spo2-day"), "mean", (85.0, 100.0), "oxygen"),
    "temperature": Kind(("8310-5",), "mean", (35.0, 40.0), "temperature"),
    "glucose": Kind(("2339-0", "99504-3"), "mean", (50.0, 250.0), "glucose"),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One blood pressure."""

    at: datetime
    slot: Slot
    day: date
    systolic: float
    diastolic: float
    source: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The value of a day, and the names of the sources that said so."""

    value: float
    sources: tuple[str, ...] = ()


def daily(kind: Kind, rows: Iterable[DayValue]) -> dict[date, float]:
    """One value a day: of the preferred code, of the source with the most samples. Sources are never added up."""
    return {day: one.value for day, one in told_daily(kind, rows).items()}


def told_daily(kind: Kind, rows: Iterable[DayValue]) -> dict[date, Told]:
    """The same with who said it."""
    best: dict[date, tuple[int, int, str, float, str]] = {}
    for row in rows:
        if row.code not in kind.codes:
            continue
        value = row.summary.total if kind.daily == "total" else row.summary.mean
        rank = (-kind.codes.index(row.code), row.summary.n, str(row.source), value * kind.scale, row.label)
        if row.day not in best or rank > best[row.day]:
            best[row.day] = rank
    return {day: Told(best[day][3], _names(best[day][4])) for day in sorted(best)}


def _names(*labels: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label for label in labels if label))


def readings(chunks: Iterable[DaySamples], zone: ZoneInfo) -> list[Reading]:
    """Blood pressures, oldest first, each in the slot that the person named or that the hour tells."""
    found = []
    for chunk in chunks:
        if chunk.code != BLOOD_PRESSURE:
            continue
        columns = chunk.columns
        pairs = zip(
            columns.start.tolist(),
            columns.channels["systolic"].tolist(),
            columns.channels["diastolic"].tolist(),
            strict=True,
        )
        for start, upper, lower in pairs:
            if upper == upper and lower == lower:  # noqa: PLR0124 - NaN is not itself
                at = moment(start)
                slot, day = slot_of(at.astimezone(zone), chunk.key)
                found.append(Reading(at, slot, day, upper, lower, chunk.label))
    return sorted(found, key=lambda one: one.at)


def slot_of(there: datetime, key: str = "") -> tuple[Slot, date]:
    """Morning, evening or neither; before four in the morning it is still the evening of the day before.

    >>> slot_of(datetime(2026, 11, 21, 6, 30))[0], slot_of(datetime(2026, 11, 21, 14, 0))[0]
    ('morning', '')
    >>> slot_of(datetime(2026, 11, 21, 0, 30))
    ('evening', datetime.date(2026, 11, 20))
    """
    named = key.partition("|")[2] if key.partition("|")[0] in {TYPED, PROXY, PAPER} else ""
    if named == "morning":
        return "morning", there.date()
    if named == "evening":
        return "evening", there.date() - timedelta(days=there.hour < 4)
    if there.hour < 4:
        return "evening", there.date() - timedelta(days=1)
    if there.hour < 12:
        return "morning", there.date()
    return ("evening" if there.hour >= 17 else ""), there.date()


def by_slot(found: Sequence[Reading]) -> dict[tuple[date, Slot], tuple[float, float]]:
    """The mean of the first two readings of each occasion, as JSH asks."""
    groups: dict[tuple[date, Slot], list[Reading]] = defaultdict(list)
    for one in found:
        groups[one.day, one.slot].append(one)
    return {
        place: (
            float(np.mean([one.systolic for one in group[:_PAIR]])),
            float(np.mean([one.diastolic for one in group[:_PAIR]])),
        )
        for place, group in groups.items()
    }


def pressure_columns(found: Sequence[Reading]) -> tuple[list[date], dict[str, Floats]]:
    """Days and the four lines of the chart; readings of midday stand with the evening's line of the chart."""
    slots = by_slot(found)
    days = sorted({day for day, _slot in slots})
    columns = {
        f"{slot}-{part}": np.full(len(days), np.nan)
        for slot in ("morning", "evening")
        for part in ("systolic", "diastolic")
    }
    for row, day in enumerate(days):
        pairs = {
            "morning": slots.get((day, "morning")),
            "evening": slots.get((day, "evening")) or slots.get((day, "")),
        }
        for slot, pair in pairs.items():
            if pair is not None:
                columns[f"{slot}-systolic"][row], columns[f"{slot}-diastolic"][row] = pair
    return days, columns


def pressure_sources(found: Sequence[Reading]) -> dict[date, tuple[str, ...]]:
    """Who said the readings of each day, each named once."""
    days: dict[date, list[str]] = defaultdict(list)
    for one in found:
        days[one.day].append(one.source)
    return {day: _names(*labels) for day, labels in days.items()}


def moment(at_us: int) -> datetime:
    """The instant of whole microseconds."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


def columns_of(values: Mapping[date, float]) -> tuple[list[date], Floats]:
    """Days and their values."""
    return list(values), np.fromiter(values.values(), np.float64, count=len(values))
