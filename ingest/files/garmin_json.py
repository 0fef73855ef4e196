"""Reads JSON of Garmin Connect: answers of its wellness services, recorded or bare, and lists of them in an export.

Sources: the recorded answers of a public client (heart rate, sleep, variability, weight, steps, day summary); the
account export repeats the day summary and the sleep objects in lists. Times ending in GMT are UTC although no
zone is written; weights are grams, distances metres.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.clock_text import SECOND
from ingest.files.epoch_rows import NAN, EpochRows
from ingest.files.exported import JSON_LIMIT, Findings, Part, batches
from ingest.files.moments import days, when
from ingest.files.source import Entry
from ingest.series import Batch, Source

WATCH: Final = Source("garmin-connect|watch||passive", "Garmin", "garmin", "", "passive")
DERIVED: Final = Source("garmin-connect|derived||derived", "Garmin", "garmin", "", "derived")
DAY_TOTAL: Final = Source("garmin-connect|day||derived", "Garmin", "garmin", "", "derived")
SLEEP: Final = Source("garmin-connect|sleep||derived", "Garmin", "garmin", "", "derived")
SCALE: Final = Source("garmin-connect|scale||passive", "Garmin", "garmin", "", "passive")
TYPED: Final = Source("garmin-connect|typed||manual", "Garmin", "garmin", "", "manual")

_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_DAY_SECONDS: Final = 86_400.0
_DAY_SOURCES: Final = ("calendarDate", "summaryDate")
COVERAGE: Final = frozenset(
    {
        "8867-4", "40443-4", "93832-4", "spo2-day", "rr-day", "skin-temp-dev", "hrv-day", "hrv-rmssd", "29463-7",
        "39156-5", "41982-0", "41950-7", "41979-6", "55424-6", "55430-3", "floors",
    }
)  # fmt: skip
"""The vital keys that this reader delivers."""

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Into:
    """Where a rule puts what it reads."""

    zone: ZoneInfo
    rows: EpochRows
    found: Findings
    place: str


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip, one batch for each file; files of other formats are counted.

    Raises: BadPayload, naming the file and the place in it.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    if not entry.name.lower().endswith(".json"):
        raise NotOfThisFormat("no JSON file", field="file", file=entry.name)
    yield decode(entry.read(JSON_LIMIT), zone=zone, file=entry.name), entry.before + entry.size


def decode(payload: bytes, *, zone: ZoneInfo, file: str = "") -> Findings:
    """All answers of a document.

    Raises: BadPayload, when the bytes are no JSON; NotOfThisFormat, when they hold no answer of Garmin Connect.
    """
    try:
        document = msgspec.json.decode(payload)
    except _WRONG as error:
        raise BadPayload("not valid JSON", field="document", file=file) from error
    found, rows = Findings(), EpochRows()
    known = False
    for body, place in _bodies(document):
        known = True
        into = _Into(zone, rows, found, place)
        rules = [rule for told_by, rule in _RULES if told_by in body]
        for rule in rules:
            rule(body, into)
        if not rules:
            found.refuse("unsupported-type" if body else "no-value", "document")
    if not known:
        raise NotOfThisFormat("no Garmin Connect answer", field="document", file=file)
    rows.into(found)
    return found


def _bodies(document: object) -> Iterator[tuple[Body, str]]:
    """The objects of a document: each with its own rule, whether recorded, listed or bare."""
    for index, item in enumerate(document if isinstance(document, list) else [document]):
        if not isinstance(item, dict):
            continue
        recorded = "path" in item and "json" in item
        inner = (item["json"] or {}) if recorded else item
        for number, body in enumerate(inner if isinstance(inner, list) else [inner]):
            if isinstance(body, dict) and (recorded or body.keys() & _SIGNS):
                yield body, f"[{index}][{number}]" if isinstance(inner, list) else f"[{index}]"


def _number(value: object) -> float:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if fine and isinstance(value, int | float) else NAN


def _objects(value: object) -> list[Body]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _second(value: object) -> float:
    """Seconds since 1970 of milliseconds or of GMT text; NaN for neither, which is refused as a time."""
    if isinstance(value, str):
        times = when([value if value.endswith("Z") else value + "Z"], ZoneInfo("UTC"))
        return float(times.start[0] / SECOND) if times.good[0] else NAN
    return _number(value) / 1000


def _offset(gmt: object, local: object) -> int | None:
    """Seconds east, from the same moment told twice."""
    east = _second(local) - _second(gmt)
    return round(east) if abs(east) <= 18 * 3600 else None


def _put_day(
    body: Body, into: _Into, code: str, value: object, *, source: Source = DERIVED, whole: bool = False
) -> None:
    """A value of the civil day of an object; null is none."""
    if value is None:
        return
    day = next((text for name in _DAY_SOURCES if isinstance(text := body.get(name), str)), "")
    times = days([day], into.zone)
    if not times.good[0]:
        into.found.refuse("bad-time", into.place)
        return
    second, lasts = float(times.start[0] / SECOND), _DAY_SECONDS if whole else None
    into.rows.add(code, source, into.zone, second, _number(value), place=into.place, lasts=lasts)


def _heart(body: Body, into: _Into) -> None:
    """Readings as pairs of milliseconds and beats; null is a gap."""
    offset = _offset(body.get("startTimestampGMT"), body.get("startTimestampLocal"))
    values = body["heartRateValues"]
    for pair in values if isinstance(values, list) else []:
        if not isinstance(pair, list) or len(pair) < 2:
            into.found.refuse("bad-value", f"{into.place}.heartRateValues")
        elif pair[1] is not None:
            place = f"{into.place}.heartRateValues"
            second, beats = _second(pair[0]), _number(pair[1])
            into.rows.add("8867-4", WATCH, into.zone, second, beats, place=place, offset=offset)


def _resting(body: Body, into: _Into) -> None:
    """Of the day of the object; a night's answer repeats it without a day of its own."""
    if "dailySleepDTO" in body or "hrvSummary" in body:
        return
    _put_day(body, into, "40443-4", body["restingHeartRate"])


def _sleep_answer(body: Body, into: _Into) -> None:
    """A night with what was measured through it."""
    night = body["dailySleepDTO"]
    if not isinstance(night, dict):
        into.found.refuse("no-value", f"{into.place}.dailySleepDTO")
        return
    _sleep(night, into)
    _put_day(night, into, "skin-temp-dev", body.get("avgSkinTempDeviationC"))
    if body.get("sleepLevels"):
        into.found.refuse("unsupported-type", f"{into.place}.sleepLevels")


def _sleep(night: Body, into: _Into) -> None:
    """Minutes asleep; a night that the watch could not tell has no times."""
    begin, end = night.get("sleepStartTimestampGMT"), night.get("sleepEndTimestampGMT")
    if begin is None or end is None:
        into.found.refuse("no-value", f"{into.place}.sleepStartTimestampGMT")
        return
    stages = [_number(night.get(f"{name}SleepSeconds")) for name in ("deep", "light", "rem")]
    told = _number(night.get("sleepTimeSeconds"))
    asleep = sum(each for each in stages if not math.isnan(each)) if math.isnan(told) else told
    first, last = _second(begin), _second(end)
    offset = _offset(begin, night.get("sleepStartTimestampLocal"))
    place = f"{into.place}.sleepTimeSeconds"
    into.rows.add(
        "93832-4", SLEEP, into.zone, first, asleep / 60, place=place, lasts=last - first, offset=offset
    )  # fmt: skip
    _put_day(night, into, "spo2-day", night.get("averageSpO2Value"))
    _put_day(night, into, "rr-day", night.get("averageRespirationValue"))


def _variability(body: Body, into: _Into) -> None:
    """Means of nights."""
    summaries = body.get("hrvSummaries", [body.get("hrvSummary")])
    for summary in _objects(summaries):
        _put_day(summary, into, "hrv-day", summary.get("lastNightAvg"))


def _variability_readings(body: Body, into: _Into) -> None:
    """RMSSD of five minutes each."""
    offset = _offset(body.get("startTimestampGMT"), body.get("startTimestampLocal"))
    for reading in _objects(body["hrvReadings"]):
        second, value = _second(reading.get("readingTimeGMT")), _number(reading.get("hrvValue"))
        place = f"{into.place}.hrvReadings"
        into.rows.add("hrv-rmssd", DERIVED, into.zone, second, value, place=place, offset=offset)


def _weight_summaries(body: Body, into: _Into) -> None:
    for summary in _objects(body["dailyWeightSummaries"]):
        for weighing in _objects(summary.get("allWeightMetrics")):
            _weighing(weighing, into)


def _weight_day(body: Body, into: _Into) -> None:
    for weighing in _objects(body["dateWeightList"]):
        _weighing(weighing, into)


def _weighing(weighing: Body, into: _Into) -> None:
    """Grams, with the body mass index and the fat of the same weighing."""
    second = _second(weighing.get("timestampGMT"))
    offset = _offset(weighing.get("timestampGMT"), weighing.get("date"))
    source = TYPED if weighing.get("sourceType") == "MANUAL" else SCALE
    for code, name, per in (
        ("29463-7", "weight", 1000.0),
        ("39156-5", "bmi", 1.0),
        ("41982-0", "bodyFat", 1.0),
    ):
        if weighing.get(name) is not None:
            value, place = _number(weighing[name]) / per, f"{into.place}.{name}"
            into.rows.add(code, source, into.zone, second, value, place=place, offset=offset)


def _day_totals(body: Body, into: _Into) -> None:
    """Totals of a day, which repeat what the watch told through it."""
    _put_day(body, into, "41950-7", body["totalSteps"])
    _put_day(body, into, "41979-6", body.get("totalKilocalories"))
    metres = body.get("totalDistanceMeters", body.get("totalDistance"))
    _put_day(body, into, "55430-3", metres, source=DAY_TOTAL, whole=True)
    _put_day(body, into, "55424-6", body.get("activeKilocalories"), source=DAY_TOTAL, whole=True)
    _put_day(body, into, "floors", body.get("floorsAscended"), source=DAY_TOTAL, whole=True)


_RULES: Final[tuple[tuple[str, Callable[[Body, _Into], None]], ...]] = (
    ("heartRateValues", _heart),
    ("dailySleepDTO", _sleep_answer),
    ("sleepStartTimestampGMT", _sleep),
    ("hrvSummaries", _variability),
    ("hrvSummary", _variability),
    ("hrvReadings", _variability_readings),
    ("dailyWeightSummaries", _weight_summaries),
    ("dateWeightList", _weight_day),
    ("totalSteps", _day_totals),
    ("restingHeartRate", _resting),
)
"""Member that tells an object -> the rule that reads it."""
_SIGNS: Final = frozenset(member for member, _ in _RULES) | {"calendarDate"}
