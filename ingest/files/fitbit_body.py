"""The members of legacy Fitbit answers: one struct and one rule per kind of element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ingest.files.columns import tidy
from ingest.files.fitbit_sleep import SleepLog, add_sleep
from ingest.files.gather import Gathering
from ingest.series import MANUAL, Source

NAN: Final = float("nan")


class Wire(msgspec.Struct, gc=False, rename="camel"):
    """Base of the wire structs: camelCase members, unknown members ignored."""


class Tick(Wire):
    """One reading of an intraday set."""

    time: str
    value: float


class Intraday(Wire):
    """Readings of one day at a fixed distance."""

    dataset: list[Tick] = msgspec.field(default_factory=list)
    dataset_interval: int = 1
    dataset_type: str = "minute"


DERIVED: Final = Source("fitbit|web-api||derived", "Fitbit", "fitbit", "", "derived")
DAY_TOTAL: Final = Source("fitbit|web-api-day||derived", "Fitbit", "fitbit", "", "derived")
"""Totals of whole days repeat the intraday readings: a source of their own, so that nobody adds the two."""
TYPED: Final = Source("fitbit|web-api||manual", "Fitbit", "fitbit", "", "manual")

INTRADAY: Final = {
    "activities-heart-intraday": ("8867-4", 1.0),
    "activities-steps-intraday": ("55423-8", 1.0),
    "activities-distance-intraday": ("55430-3", 1000.0),  # kilometres
    "activities-floors-intraday": ("floors", 1.0),
    # With the basal part: no code of ours, and never to be read as active energy.
    "activities-calories-intraday": ("", 1.0),
}
"""Member -> code, factor to our unit."""

DAYS: Final = {
    "activities-steps": ("41950-7", DERIVED),
    "activities-calories": ("41979-6", DERIVED),
    "activities-distance": ("55430-3", DAY_TOTAL),
    "activities-floors": ("floors", DAY_TOTAL),
    "activities-activityCalories": ("55424-6", DAY_TOTAL),
}
"""Member -> code and source of a time series of days."""

NOT_DATA: Final = ("summary", "pagination", "goals", "meta", "activities")
"""Members that repeat or page; the workout list has no place in our vocabulary and is counted."""


class HeartDayValue(Wire):
    """Absent on some days."""

    resting_heart_rate: float = NAN


class HeartDay(Wire):
    """A day of the heart time series."""

    date_time: str
    value: HeartDayValue


class Weight(Wire):
    """Kilograms, the unit of a call without Accept-Language; an entry without a time says 23:59:59."""

    date: str
    time: str = "23:59:59"
    weight: float = NAN
    bmi: float | None = None
    fat: float | None = None
    source: str = ""


class Spo2Value(Wire):
    """Percent over the night."""

    avg: float = NAN


class Minute(Wire):
    """One reading of an oxygen or variability night."""

    minute: str
    value: Any


class Spo2(Wire):
    """A night's oxygen: a summary, readings, or neither."""

    date_time: str
    value: Spo2Value | None = None
    minutes: list[Any] | None = None


class HrvValue(Wire):
    """RMSSD of the day, or of five minutes."""

    daily_rmssd: float = NAN
    rmssd: float = NAN


class HrvMinute(Wire):
    """Five minutes of a night."""

    minute: str
    value: HrvValue


class Hrv(Wire):
    """A night's variability: a summary or readings."""

    date_time: str
    value: HrvValue | None = None
    minutes: list[HrvMinute] = msgspec.field(default_factory=list)


class Breaths(Wire):
    """Breaths per minute; -1 means none."""

    breathing_rate: float = -1.0


class BreathsValue(Wire):
    """The day, or the whole night of the detailed answer."""

    breathing_rate: float = -1.0
    full_sleep_summary: Breaths = msgspec.field(default_factory=Breaths)


class BreathingDay(Wire):
    """A night's breathing."""

    date_time: str
    value: BreathsValue


class SkinValue(Wire):
    """Against the person's baseline."""

    nightly_relative: float = NAN


class SkinDay(Wire):
    """A night's skin temperature."""

    date_time: str
    value: SkinValue


class CoreTemperature(Wire):
    """Typed in by the person."""

    date_time: str
    value: float


class CardioValue(Wire):
    """A number, or a range of a person who never ran with GPS."""

    vo2_max: str = ""


class CardioDay(Wire):
    """A day's cardio score."""

    date_time: str
    value: CardioValue


def add_heart_day(element: HeartDay, into: Gathering, place: str) -> None:
    """Resting heart rate."""
    into.add(
        "40443-4",
        DERIVED,
        "day",
        element.date_time,
        element.value.resting_heart_rate,
        place=f"{place}.value.restingHeartRate",
    )


def add_weight(element: Weight, into: Gathering, place: str) -> None:
    """Weight with the body mass index and the fat of the same weighing."""
    scale = tidy(element.source)
    method = "passive" if scale.startswith(("Aria", "Withings")) else "unknown"
    source = Source(f"fitbit|{scale}||{method}", scale or "Fitbit", "fitbit", scale, method)
    typed = MANUAL if element.time == "23:59:59" else 0
    stamp = f"{element.date}T{element.time}"
    if element.weight == element.weight:
        into.add("29463-7", source, "wall", stamp, element.weight, place=f"{place}.weight", quality=typed)
    for code, value, leaf in (("39156-5", element.bmi, "bmi"), ("41982-0", element.fat, "fat")):
        if value is not None:
            into.add(code, source, "wall", stamp, value, place=f"{place}.{leaf}", quality=typed)


def add_spo2(element: Spo2, into: Gathering, prefix: str) -> None:
    """The mean of the night, or its readings; a day without either has no value."""
    if element.value is not None:
        into.add("spo2-day", DERIVED, "day", element.date_time, element.value.avg, place=f"{prefix}value.avg")
    elif not element.minutes:
        into.refuse("no-value", f"{prefix}value")
    for index, each in enumerate(element.minutes or ()):
        place = f"{prefix}minutes[{index}]"
        try:
            tick = msgspec.convert(each, Minute)
            value = msgspec.convert(tick.value, float, strict=False)
        except msgspec.ValidationError:
            into.refuse("bad-value", place)
        else:
            into.add("59408-5", DERIVED, "wall", tick.minute, value, place=place)


def add_hrv(element: Hrv, into: Gathering, place: str) -> None:
    """RMSSD of the day, or of each five minutes."""
    if element.value is not None:
        value = element.value.daily_rmssd
        into.add("hrv-day", DERIVED, "day", element.date_time, value, place=f"{place}.value.dailyRmssd")
    elif not element.minutes:
        into.refuse("no-value", f"{place}.value")
    for index, each in enumerate(element.minutes):
        where = f"{place}.minutes[{index}].value.rmssd"
        into.add("hrv-rmssd", DERIVED, "wall", each.minute, each.value.rmssd, place=where)


def add_breathing(element: BreathingDay, into: Gathering, place: str) -> None:
    """Breaths per minute of the night; -1 is the service's word for none."""
    rate = element.value.breathing_rate
    if rate == -1:
        rate = element.value.full_sleep_summary.breathing_rate
    value = NAN if rate == -1 else rate
    into.add("rr-day", DERIVED, "day", element.date_time, value, place=f"{place}.value.breathingRate")


def add_skin(element: SkinDay, into: Gathering, place: str) -> None:
    """Deviation of the night from the baseline."""
    value = element.value.nightly_relative
    into.add(
        "skin-temp-dev", DERIVED, "day", element.date_time, value, place=f"{place}.value.nightlyRelative"
    )


def add_core(element: CoreTemperature, into: Gathering, place: str) -> None:
    """Body temperature."""
    into.add("8310-5", TYPED, "wall", element.date_time, element.value, place=place)


def add_cardio(element: CardioDay, into: Gathering, place: str) -> None:
    """A single number; a range such as 40-44 names no value."""
    where = f"{place}.value.vo2Max"
    try:
        value = float(element.value.vo2_max)
    except ValueError:
        into.refuse("ambiguous", where)
        return
    into.add("vo2max", DERIVED, "wall", f"{element.date_time}T00:00:00", value, place=where)


@dataclass(frozen=True, slots=True)
class Body:
    """A list member: its element, the rule that adds one, and the codes that may come out."""

    element: type[msgspec.Struct]
    add: Callable[[Any, Gathering, str], None]
    codes: tuple[str, ...]


BODIES: Final = {
    "activities-heart": Body(HeartDay, add_heart_day, ("40443-4",)),
    "sleep": Body(SleepLog, add_sleep, ("93832-4", "sleep-stage")),
    "weight": Body(Weight, add_weight, ("29463-7", "39156-5", "41982-0")),
    "fat": Body(Weight, add_weight, ("41982-0",)),
    "hrv": Body(Hrv, add_hrv, ("hrv-day", "hrv-rmssd")),
    "br": Body(BreathingDay, add_breathing, ("rr-day",)),
    "tempSkin": Body(SkinDay, add_skin, ("skin-temp-dev",)),
    "tempCore": Body(CoreTemperature, add_core, ("8310-5",)),
    "cardioScore": Body(CardioDay, add_cardio, ("vo2max",)),
}
