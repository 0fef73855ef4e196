"""The data types of Google Health v4: one struct per body and one table row per type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, Literal

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


Shape = Literal["sample", "interval", "day", "sleep"]


@dataclass(frozen=True, slots=True)
class Output:
    """A code that a type delivers: where its value stands, and by what it is divided to get our unit."""

    code: str
    path: str
    per: float = 1.0
    absent: str = "no-value"


@dataclass(frozen=True, slots=True)
class Kind:
    """One data type: its member of a point, how it carries time, its body, and what comes out."""

    member: str
    shape: Shape
    body: type[Wire]
    outputs: tuple[Output, ...]


_RMSSD = "root_mean_square_of_successive_differences_milliseconds"
_TABLE: Final = (
    Kind("heartRate", "sample", HeartRate, (Output("8867-4", "beats_per_minute"),)),
    Kind(
        "heartRateVariability",
        "sample",
        HeartRateVariability,
        (Output("hrv-rmssd", _RMSSD), Output("80404-7", "standard_deviation_milliseconds")),
    ),
    Kind("oxygenSaturation", "sample", Percentage, (Output("59408-5", "percentage"),)),
    Kind("bodyFat", "sample", Percentage, (Output("41982-0", "percentage"),)),
    Kind(
        "respiratoryRateSleepSummary",
        "sample",
        RespiratoryRate,
        (Output("9279-1", "full_sleep_stats.breaths_per_minute"),),
    ),
    Kind("weight", "sample", Weight, (Output("29463-7", "weight_grams", per=1000.0),)),
    Kind("height", "sample", Height, (Output("8302-2", "height_millimeters", per=10.0),)),
    Kind(
        "bloodGlucose", "sample", BloodGlucose, (Output("2339-0", "blood_glucose_milligrams_per_deciliter"),)
    ),
    Kind("coreBodyTemperature", "sample", CoreBodyTemperature, (Output("8310-5", "temperature_celsius"),)),
    Kind("vo2Max", "sample", Vo2Max, (Output("vo2max", "vo2_max"),)),
    Kind("runVo2Max", "sample", RunVo2Max, (Output("vo2max", "run_vo2_max"),)),
    Kind("steps", "interval", Count, (Output("55423-8", "count"),)),
    Kind("floors", "interval", Count, (Output("floors", "count"),)),
    Kind("distance", "interval", Distance, (Output("55430-3", "millimeters", per=1000.0),)),
    Kind("activeEnergyBurned", "interval", Energy, (Output("55424-6", "kcal"),)),
    Kind("activeZoneMinutes", "interval", ActiveZoneMinutes, (Output("azm", "active_zone_minutes"),)),
    Kind("activeMinutes", "interval", ActiveMinutes, (Output("active-minutes", "total"),)),
    Kind("activityLevel", "interval", ActivityLevel, (Output("intensity", "score", absent="unknown-code"),)),
    Kind("dailyRestingHeartRate", "day", DailyRestingHeartRate, (Output("40443-4", "beats_per_minute"),)),
    Kind(
        "dailyHeartRateVariability",
        "day",
        DailyHeartRateVariability,
        (Output("hrv-day", "average_heart_rate_variability_milliseconds"),),
    ),
    Kind("dailyOxygenSaturation", "day", DailyOxygenSaturation, (Output("spo2-day", "average_percentage"),)),
    Kind("dailyRespiratoryRate", "day", DailyRespiratoryRate, (Output("rr-day", "breaths_per_minute"),)),
    Kind(
        "dailySleepTemperatureDerivations",
        "day",
        DailySleepTemperatureDerivations,
        (Output("skin-temp-dev", "deviation"),),
    ),
    Kind("dailyVo2Max", "day", DailyVo2Max, (Output("vo2max", "vo2_max"),)),
    Kind("sleep", "sleep", Sleep, (Output("93832-4", "minutes"), Output("sleep-stage", "stages"))),
)
KINDS: Final = {kind.member: kind for kind in _TABLE}

NOT_CARRIED: Final = frozenset(
    {
        "altitude",
        "basalEnergyBurned",
        "caloriesInHeartRateZone",
        "dailyHeartRateZones",
        "electrocardiogram",
        "exercise",
        "hydrationLog",
        "irregularRhythmNotification",
        "nutritionLog",
        "sedentaryPeriod",
        "swimLengthsData",
        "timeInHeartRateZone",
    }
)
"""Known types without a place in our vocabulary: counted as unsupported, never as unknown."""
