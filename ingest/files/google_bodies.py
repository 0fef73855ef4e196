"""The bodies of Google Health v4 data points: one struct for each type, as it stands on the wire."""

from __future__ import annotations

from typing import Annotated, Final
from zlib import crc32

import msgspec

Small = Annotated[int, msgspec.Meta(ge=0, le=9999)]
"""A part of a civil date or time."""
NAN: Final = float("nan")


class Wire(msgspec.Struct, gc=False, rename="camel"):
    """Base of the wire structs: camelCase members, unknown members ignored, no garbage collector.

    proto3 omits a zero scalar, so a member whose zero is a real value defaults to 0, and one whose zero
    cannot be one (a heart rate) defaults to NaN.
    """


class SampleTime(Wire):
    """``ObservationSampleTime``; its civil time repeats the other two."""

    physical_time: str
    utc_offset: str = ""


class Interval(Wire):
    """``ObservationTimeInterval`` and ``SessionTimeInterval``."""

    start_time: str
    end_time: str
    start_utc_offset: str = ""
    end_utc_offset: str = ""


class Date(Wire):
    """``google.type.Date``."""

    year: Small = 0
    month: Small = 0
    day: Small = 0


class TimeOfDay(Wire):
    """``google.type.TimeOfDay``."""

    hours: Small = 0
    minutes: Small = 0
    seconds: Small = 0


class CivilTime(Wire):
    """``google.type.DateTime`` as the roll-ups use it; an empty time is midnight."""

    date: Date
    time: TimeOfDay = msgspec.field(default_factory=TimeOfDay)


class HeartRate(Wire):
    """Beats per minute."""

    sample_time: SampleTime
    beats_per_minute: float = NAN


class HeartRateVariability(Wire):
    """RMSSD and SDNN in milliseconds."""

    sample_time: SampleTime
    root_mean_square_of_successive_differences_milliseconds: float = NAN
    standard_deviation_milliseconds: float = NAN


class Percentage(Wire):
    """Oxygen saturation or body fat, 0 to 100."""

    sample_time: SampleTime
    percentage: float = NAN


class BreathStats(Wire):
    """Breathing in one part of the night."""

    breaths_per_minute: float = NAN


class RespiratoryRate(Wire):
    """Breathing over the night; only the whole night is always there."""

    sample_time: SampleTime
    full_sleep_stats: BreathStats = msgspec.field(default_factory=BreathStats)


class Weight(Wire):
    """Grams, as a double."""

    sample_time: SampleTime
    weight_grams: float = NAN


class Height(Wire):
    """Millimetres, as an int64."""

    sample_time: SampleTime
    height_millimeters: float = NAN


class BloodGlucose(Wire):
    """Always mg/dL, whatever the account shows."""

    sample_time: SampleTime
    blood_glucose_milligrams_per_deciliter: float = NAN


class CoreBodyTemperature(Wire):
    """Degrees Celsius."""

    sample_time: SampleTime
    temperature_celsius: float = NAN


class Vo2Max(Wire):
    """mL/kg/min, estimated from demographics or measured."""

    sample_time: SampleTime
    vo2_max: float = NAN


class RunVo2Max(Wire):
    """mL/kg/min, from a run."""

    sample_time: SampleTime
    run_vo2_max: float = NAN


class Count(Wire):
    """Steps or floors."""

    interval: Interval
    count: float = 0.0


class Distance(Wire):
    """Millimetres."""

    interval: Interval
    millimeters: float = 0.0


class Energy(Wire):
    """Active energy in kcal, without the basal part."""

    interval: Interval
    kcal: float = 0.0


class ActiveZoneMinutes(Wire):
    """Already weighted: a minute of cardio or peak counts 2."""

    interval: Interval
    active_zone_minutes: float = 0.0


class LevelMinutes(Wire):
    """Minutes at one level."""

    active_minutes: float = 0.0


class ActiveMinutes(Wire):
    """Minutes of activity, split by level."""

    interval: Interval
    active_minutes_by_activity_level: list[LevelMinutes] = msgspec.field(default_factory=list)

    @property
    def total(self) -> float:
        """Minutes at any level."""
        return sum(level.active_minutes for level in self.active_minutes_by_activity_level)


LEVELS: Final = {"SEDENTARY": 0.0, "LIGHTLY_ACTIVE": 1.0, "MODERATELY_ACTIVE": 2.0, "VERY_ACTIVE": 3.0}


class ActivityLevel(Wire):
    """The level of a stretch of time."""

    interval: Interval
    activity_level_type: str = ""

    @property
    def score(self) -> float:
        """0 to 3; a level that this table does not know has none."""
        return LEVELS.get(self.activity_level_type, NAN)


SALT_OF_SODIUM: Final = 2.54
"""Grams of salt (食塩相当量) for each gram of sodium: 58.44 / 22.99, rounded as food labels and the intake standards do."""


class Grams(Wire):
    """A mass; a present one without a number is none."""

    grams: float = 0.0


class FoodEnergy(Wire):
    """Kilocalories; a present one without a number is none."""

    kcal: float = 0.0


class Nutrient(Wire):
    """One of the 39 nutrients of a food, always grams."""

    nutrient: str = ""
    quantity: Grams = msgspec.field(default_factory=Grams)


class NutritionLog(Wire):
    """A food that was eaten. Its name is read to tell foods of one meal apart, and is not kept."""

    interval: Interval
    energy: FoodEnergy | None = None
    total_fat: Grams | None = None
    total_carbohydrate: Grams | None = None
    nutrients: list[Nutrient] = msgspec.field(default_factory=list)
    meal_type: str = ""
    food: str = ""
    food_display_name: str = ""

    @property
    def kcal(self) -> float:
        """Energy."""
        return NAN if self.energy is None else self.energy.kcal

    @property
    def fat(self) -> float:
        """Grams of fat."""
        return NAN if self.total_fat is None else self.total_fat.grams

    @property
    def carbohydrate(self) -> float:
        """Grams of carbohydrate."""
        return NAN if self.total_carbohydrate is None else self.total_carbohydrate.grams

    @property
    def protein(self) -> float:
        """Grams of protein."""
        return self._of("PROTEIN")

    @property
    def salt(self) -> float:
        """Grams of salt, from sodium."""
        return self._of("SODIUM") * SALT_OF_SODIUM

    @property
    def fibre(self) -> float:
        """Grams of dietary fibre."""
        return self._of("DIETARY_FIBER")

    @property
    def apart(self) -> int:
        """Microseconds below a second that tell the foods of one meal apart: they begin at one and the same instant."""
        if not (self.food or self.food_display_name):
            return 0
        return crc32(f"{self.food}\n{self.food_display_name}\n{self.meal_type}".encode()) % 1_000_000

    def _of(self, name: str) -> float:
        return next((one.quantity.grams for one in self.nutrients if one.nutrient == name), NAN)


class Volume(Wire):
    """Millilitres."""

    milliliters: float = NAN


class HydrationLog(Wire):
    """What was drunk."""

    interval: Interval
    amount_consumed: Volume = msgspec.field(default_factory=Volume)


class DailyRestingHeartRate(Wire):
    """Beats per minute."""

    date: Date
    beats_per_minute: float = NAN


class DailyHeartRateVariability(Wire):
    """RMSSD in milliseconds."""

    date: Date
    average_heart_rate_variability_milliseconds: float = NAN


class DailyOxygenSaturation(Wire):
    """Mean of the night; the bounds are a confidence interval and not the extremes."""

    date: Date
    average_percentage: float = NAN


class DailyRespiratoryRate(Wire):
    """Breaths per minute."""

    date: Date
    breaths_per_minute: float = NAN


class DailySleepTemperatureDerivations(Wire):
    """Skin temperature of the night and its 30-day median; the first nights say NaN."""

    date: Date
    nightly_temperature_celsius: float = NAN
    baseline_temperature_celsius: float = NAN

    @property
    def deviation(self) -> float:
        """The night against its baseline, which the API leaves to the reader."""
        return round(self.nightly_temperature_celsius - self.baseline_temperature_celsius, 6)


class DailyVo2Max(Wire):
    """mL/kg/min."""

    date: Date
    vo2_max: float = NAN


class Stage(Wire):
    """A stretch of one sleep stage."""

    start_time: str
    end_time: str
    start_utc_offset: str = ""
    type: str = ""


class SleepMetadata(Wire):
    """``processed`` is false while the stages are still computed."""

    processed: bool | None = None


class SleepSummary(Wire):
    """Minutes asleep of the session."""

    minutes_asleep: float = NAN


class Sleep(Wire):
    """A night or a nap."""

    interval: Interval
    stages: list[Stage] = msgspec.field(default_factory=list)
    metadata: SleepMetadata = msgspec.field(default_factory=SleepMetadata)
    summary: SleepSummary = msgspec.field(default_factory=SleepSummary)
