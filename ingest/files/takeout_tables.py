"""The files of a Fitbit Takeout that hold measurements: which metric, which columns, which unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from ingest.files.clock_text import SECOND

MINUTE: Final = 60 * SECOND
POUND: Final = 0.45359237
"""Kilograms, exactly (international pound)."""

Clock = Literal["stamp", "day"]


@dataclass(frozen=True, slots=True)
class Column:
    """A CSV column found by words of its heading. nothing: the number by which the device says none."""

    code: str
    words: tuple[str, ...]
    per: float = 1.0
    width: int = 0
    nothing: float | None = None


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A CSV file: its metric, how it tells time, its columns. Lower rank is preferred."""

    metric: str
    clock: Clock
    columns: tuple[Column, ...]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class SpanFile:
    """A CSV file whose rows last from an instant to another, with the offset of the place beside each."""

    metric: str
    start: str
    end: str
    value: str
    code: str
    rank: int = 0


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A JSON file of ``Global Export Data``: its metric; how it is read depends on the metric."""

    metric: str
    rank: int = 2


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not read, and why."""

    reason: str


Plan = CsvFile | JsonFile | SpanFile | Skipped

_GOOGLE: Final = (
    CsvFile("heart_rate", "stamp", (Column("8867-4", ("beats", "per", "minute")),)),
    CsvFile("steps", "stamp", (Column("55423-8", ("steps",), width=MINUTE),)),
    CsvFile("weight", "stamp", (Column("29463-7", ("weight", "grams"), per=1000.0),)),
    CsvFile(
        "body_fat",
        "stamp",
        (
            Column(
                "41982-0",
                ("body", "fat"),
            ),
        ),
    ),
    CsvFile("height", "stamp", (Column("8302-2", ("height", "millimeters"), per=10.0),)),
    CsvFile("distance", "stamp", (Column("55430-3", ("distance",), width=MINUTE),)),  # metres
    CsvFile("active_zone_minutes", "stamp", (Column("azm", ("total", "minutes"), width=MINUTE),)),
    CsvFile("core_body_temperature", "stamp", (Column("8310-5", ("temperature", "celsius")),)),
    CsvFile("daily_oxygen_saturation", "day", (Column("spo2-day", ("average",), nothing=50.0),)),
    CsvFile("daily_resting_heart_rate", "day", (Column("40443-4", ("beats", "per", "minute")),)),
    CsvFile("daily_heart_rate_variability", "day", (Column("hrv-day", ("average", "variability")),)),
    CsvFile("daily_respiratory_rate", "day", (Column("rr-day", ("breaths", "per", "minute")),)),
    CsvFile("oxygen_saturation", "stamp", (Column("59408-5", ("percentage",), nothing=50.0),)),
    CsvFile(
        "heart_rate_variability",
        "stamp",
        (Column("hrv-rmssd", ("root", "mean", "square")), Column("80404-7", ("standard", "deviation"))),
    ),
    CsvFile("respiratory_rate_sleep_summary", "stamp", (Column("9279-1", ("full", "breaths"), per=1000.0),)),
)
_FOLDERS: Final = (
    ("minute spo2", CsvFile("oxygen_saturation", "stamp", (Column("59408-5", ("value",), nothing=50.0),), 1)),
    (
        "daily spo2",
        CsvFile("daily_oxygen_saturation", "day", (Column("spo2-day", ("average",), nothing=50.0),), 1),
    ),
    (
        "daily heart rate variability summary",
        CsvFile("daily_heart_rate_variability", "day", (Column("hrv-day", ("rmssd",)),), 1),
    ),
    (
        "heart rate variability details",
        CsvFile("heart_rate_variability", "stamp", (Column("hrv-rmssd", ("rmssd",)),), 1),
    ),
    (
        "daily respiratory rate summary",
        CsvFile("daily_respiratory_rate", "day", (Column("rr-day", ("respiratory", "rate")),), 1),
    ),
    (
        "respiratory rate summary",
        CsvFile(
            "respiratory_rate_sleep_summary", "stamp", (Column("9279-1", ("full", "breathing", "rate")),), 1
        ),
    ),
    (
        "active zone minutes",
        CsvFile("active_zone_minutes", "stamp", (Column("azm", ("minutes",), width=MINUTE),), 1),
    ),
)
_SPANS: Final = {
    "usersleeps": SpanFile("sleep", "sleep_start", "sleep_end", "minutes_asleep", "93832-4"),
    "usersleepstages": SpanFile(
        "sleep", "sleep_stage_start", "sleep_stage_end", "sleep_stage_type", "sleep-stage"
    ),
}
"""Tables in UTC with offsets: the best source of sleep, so the JSON of the same nights is left out."""
JSON_METRICS: Final = {
    "heart_rate": ("8867-4",),
    "steps": ("55423-8",),
    "distance": ("55430-3",),
    "resting_heart_rate": ("40443-4",),
    "sleep": ("93832-4", "sleep-stage"),
    "weight": ("29463-7", "39156-5"),
    "demographic_vo2_max": ("vo2max",),
}
_SAME_METRIC: Final = {"resting_heart_rate": "daily_resting_heart_rate"}
COVERAGE: Final = frozenset(
    {column.code for file in _GOOGLE for column in file.columns}
    | {column.code for _, file in _FOLDERS for column in file.columns}
    | {code for codes in JSON_METRICS.values() for code in codes}
)

_BY_METRIC: Final = {file.metric: file for file in _GOOGLE}
_DATED: Final = re.compile(r"([A-Za-z_0-9 ]+?)(?:[-_ ]+\(?\d[\d()_-]*\)?)?\.(json|csv)")
# Some 81 % of the bytes of an export, and nothing that a person measures.
_NEVER: Final = ("useractivityprobabilities", "usersensorcompressiontoken")


def plan_of(name: str) -> Plan:
    """What to do with a file, by its name inside the export; Takeout's root folder may have any name.

    >>> plan_of("Takeout/Fitbit/Global Export Data/steps-2020-11-15.json")
    JsonFile(metric='steps', rank=2)
    """
    path = PurePosixPath(name)
    folder, file = path.parent.name.lower(), path.name.lower()
    if file.startswith(_NEVER):
        return Skipped("not-read")
    found = _DATED.fullmatch(file)
    stem = found[1].strip("_- ") if found else ""
    if file.endswith(".json") and folder == "global export data":
        return JsonFile(_SAME_METRIC.get(stem, stem)) if stem in JSON_METRICS else Skipped("unsupported-file")
    # Newer exports put a folder for each metric inside the folder of the data.
    if file.endswith(".csv") and any(part.lower().endswith("_googledata") for part in path.parts[:-1]):
        return _BY_METRIC.get(stem) or _SPANS.get(stem) or Skipped("unsupported-file")
    if file.endswith(".csv"):
        for start, plan in _FOLDERS:
            if file.startswith(start):
                return plan
    return Skipped("unsupported-file")
