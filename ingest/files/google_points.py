"""The data types of Google Health v4: which body each has, how it carries time, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ingest.files.google_bodies import (
    ActiveMinutes,
    ActiveZoneMinutes,
    ActivityLevel,
    BloodGlucose,
    CoreBodyTemperature,
    Count,
    DailyHeartRateVariability,
    DailyOxygenSaturation,
    DailyRespiratoryRate,
    DailyRestingHeartRate,
    DailySleepTemperatureDerivations,
    DailyVo2Max,
    Distance,
    Energy,
    HeartRate,
    HeartRateVariability,
    Height,
    HydrationLog,
    NutritionLog,
    Percentage,
    RespiratoryRate,
    RunVo2Max,
    Sleep,
    Vo2Max,
    Weight,
    Wire,
)

Shape = Literal["sample", "interval", "day", "sleep"]


@dataclass(frozen=True, slots=True)
class Output:
    """A code that a type delivers: where its value stands, and by what it is divided to get our unit."""

    code: str
    path: str
    per: float = 1.0
    absent: str = "no-value"
    channel: str = "value"


@dataclass(frozen=True, slots=True)
class Kind:
    """One data type: its member of a point, how it carries time, its body, and what comes out.

    apart: the property of a body that tells points of one instant apart, in microseconds below a second.
    """

    member: str
    shape: Shape
    body: type[Wire]
    outputs: tuple[Output, ...]
    apart: str = ""


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
    Kind(
        "nutritionLog",
        "interval",
        NutritionLog,
        (
            Output("meal", "kcal", channel="energy"),
            Output("meal", "protein", channel="protein"),
            Output("meal", "fat", channel="fat"),
            Output("meal", "carbohydrate", channel="carbohydrate"),
            Output("meal", "salt", channel="salt"),
            Output("meal", "fibre", channel="fibre"),
        ),
        apart="apart",
    ),
    Kind("hydrationLog", "interval", HydrationLog, (Output("8999-5", "amount_consumed.milliliters"),)),
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
        "irregularRhythmNotification",
        "sedentaryPeriod",
        "swimLengthsData",
        "timeInHeartRateZone",
    }
)
"""Known types without a place in our vocabulary: counted as unsupported, never as unknown."""
