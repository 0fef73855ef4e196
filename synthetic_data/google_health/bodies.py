"""The payload fields of each data type after its time, as JSON text from a value and a label."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

ZONES: Final = ("FAT_BURN", "CARDIO", "PEAK")
LEVELS: Final = ("LIGHT", "MODERATE", "VIGOROUS")
HEART_ZONES: Final = ("LIGHT", "MODERATE", "VIGOROUS", "PEAK")
ACTIVITY: Final = ("SEDENTARY", "LIGHTLY_ACTIVE", "MODERATELY_ACTIVE", "VERY_ACTIVE")


def double(value: float) -> str:
    """A double as proto3 JSON: NaN is a string, and a whole number has no fraction."""
    if math.isnan(value):
        return '"NaN"'
    rounded = round(value, 4)
    return str(int(rounded)) if rounded == int(rounded) else repr(rounded)


def _whole(name: str) -> Callable[[float, int], str]:
    """An int64 is a string."""
    return lambda value, _label: f'"{name}":"{int(value)}"'


def _number(name: str, rest: str = "") -> Callable[[float, int], str]:
    return lambda value, _label: f'"{name}":{double(value)}{rest}'


def _azm(value: float, label: int) -> str:
    return f'"heartRateZone":"{ZONES[label]}","activeZoneMinutes":"{int(value)}"'


def _active(value: float, label: int) -> str:
    return f'"activeMinutesByActivityLevel":[{{"activityLevel":"{LEVELS[label]}","activeMinutes":"{int(value)}"}}]'


def _hrv(value: float, _label: int) -> str:
    return (
        f'"rootMeanSquareOfSuccessiveDifferencesMilliseconds":{double(value)},'
        f'"standardDeviationMilliseconds":{double(value * 1.2)}'
    )


def _breathing(value: float, _label: int) -> str:
    stages = (("deep", -0.4, 0.7), ("light", 0.2, 1.3), ("rem", 0.7, 1.6), ("full", 0.0, 1.1))
    return ",".join(
        f'"{stage}SleepStats":{{"breathsPerMinute":{double(value + more)},"standardDeviation":{double(spread)},'
        f'"signalToNoise":2.5}}'
        for stage, more, spread in stages
    )


def _resting(value: float, label: int) -> str:
    method = ("WITH_SLEEP", "ONLY_WITH_AWAKE_DATA")[label]
    return (
        f'"beatsPerMinute":"{int(value)}","dailyRestingHeartRateMetadata":{{"calculationMethod":"{method}"}}'
    )


def _hrv_day(value: float, _label: int) -> str:
    return (
        f'"averageHeartRateVariabilityMilliseconds":{double(value)},"nonRemHeartRateBeatsPerMinute":"58",'
        f'"entropy":2.4,"deepSleepRootMeanSquareOfSuccessiveDifferencesMilliseconds":{double(value * 0.93)}'
    )


def _oxygen_day(value: float, _label: int) -> str:
    low, high = value - 1.8, value if math.isnan(value) else min(100.0, value + 1.6)
    return (
        f'"averagePercentage":{double(value)},"lowerBoundPercentage":{double(low)},'
        f'"upperBoundPercentage":{double(high)}'
    )


def _temperature(value: float, label: int) -> str:
    baseline, spread = (math.nan, math.nan) if label else (33.9, 0.4)
    return (
        f'"nightlyTemperatureCelsius":{double(value)},"baselineTemperatureCelsius":{double(baseline)},'
        f'"relativeNightlyStddev30dCelsius":{double(spread)}'
    )


def _zones_day(value: float, _label: int) -> str:
    """Four zones up to 220; ``value`` is the highest rate expected at the age."""
    edges = [30, *(round(value * share) for share in (0.58, 0.73, 0.9)), 221]
    zones = ",".join(
        f'{{"heartRateZoneType":"{name}","minBeatsPerMinute":"{low}","maxBeatsPerMinute":"{high - 1}"}}'
        for name, low, high in zip(HEART_ZONES, edges[:-1], edges[1:], strict=True)
    )
    return f'"heartRateZones":[{zones}]'


def _glucose(value: float, _label: int) -> str:
    return (
        f'"bloodGlucoseMilligramsPerDeciliter":{double(value)},"measurementSource":"SELF_MONITORING_BLOOD_GLUCOSE",'
        '"measurementTiming":"FASTING","specimen":"CAPILLARY_BLOOD"'
    )


def _exercise(value: float, _label: int) -> str:
    """An evening run at ten kilometres an hour; ``value`` is its minutes."""
    minutes = int(value)
    return (
        f'"exerciseType":"RUNNING","displayName":"ランニング","activeDuration":"{minutes * 60}s",'
        f'"metricsSummary":{{"caloriesKcal":{minutes * 9},"distanceMillimeters":{minutes * 166_667},'
        f'"steps":"{minutes * 150}","averageHeartRateBeatsPerMinute":"128","activeZoneMinutes":"{minutes * 2}"}}'
    )


MEALS: Final = (
    ("BREAKFAST", "ごはんとみそ汁", 420, 14.2, 8.5, 69.1, 0.94, 4.1),
    ("LUNCH", "きつねうどん", 510, 17.9, 9.8, 84.4, 2.02, 4.6),
    ("SNACK", "まんじゅう", 130, 2.4, 0.3, 29.5, 0.02, 1.1),
    ("DINNER", "焼き魚と小鉢", 690, 31.0, 22.7, 78.8, 1.42, 6.3),
)
"""Invented foods: meal, name, kcal, and grams of protein, fat, carbohydrate, sodium and fibre of one helping."""


def _nutrition(value: float, label: int) -> str:
    """``value`` is the helpings of the food that the label names."""
    meal, name, kcal, *grams = MEALS[label]
    protein, fat, carbohydrate, sodium, fibre = (double(one * value) for one in grams)
    nutrients = ",".join(
        f'{{"nutrient":"{word}","quantity":{{"grams":{amount}}}}}'
        for word, amount in (("PROTEIN", protein), ("SODIUM", sodium), ("DIETARY_FIBER", fibre))
    )
    return (
        f'"nutrients":[{nutrients}],"energy":{{"kcal":{double(kcal * value)}}},'
        f'"totalCarbohydrate":{{"grams":{carbohydrate}}},"totalFat":{{"grams":{fat}}},"mealType":"{meal}",'
        f'"serving":{{"amount":{double(value)}}},"foodDisplayName":"{name}"'
    )


BODIES: Final[dict[str, Callable[[float, int], str]]] = {
    "active-energy-burned": _number("kcal"),
    "active-minutes": _active,
    "active-zone-minutes": _azm,
    "activity-level": lambda _value, label: f'"activityLevelType":"{ACTIVITY[label]}"',
    "altitude": _whole("gainMillimeters"),
    "blood-glucose": _glucose,
    "body-fat": _number("percentage"),
    "core-body-temperature": _number("temperatureCelsius", ',"measurementLocation":"ARMPIT"'),
    "daily-heart-rate-variability": _hrv_day,
    "daily-heart-rate-zones": _zones_day,
    "daily-oxygen-saturation": _oxygen_day,
    "daily-respiratory-rate": _number("breathsPerMinute"),
    "daily-resting-heart-rate": _resting,
    "daily-sleep-temperature-derivations": _temperature,
    "daily-vo2-max": _number(
        "vo2Max", ',"estimated":true,"cardioFitnessLevel":"GOOD","vo2MaxCovariance":4.1'
    ),
    "distance": _whole("millimeters"),
    "exercise": _exercise,
    "floors": _whole("count"),
    "heart-rate": _whole("beatsPerMinute"),
    "heart-rate-variability": _hrv,
    "height": _whole("heightMillimeters"),
    "hydration-log": lambda value, _label: f'"amountConsumed":{{"milliliters":{double(value)}}}',
    "nutrition-log": _nutrition,
    "oxygen-saturation": _number("percentage"),
    "respiratory-rate-sleep-summary": _breathing,
    "run-vo2-max": _number("runVo2Max"),
    "sedentary-period": lambda _value, _label: "",
    "steps": _whole("count"),
    "time-in-heart-rate-zone": lambda _value, label: f'"heartRateZoneType":"{HEART_ZONES[label]}"',
    "vo2-max": _number("vo2Max", ',"measurementMethod":"GOOGLE_DEMOGRAPHIC"'),
    "weight": _number("weightGrams"),
}
