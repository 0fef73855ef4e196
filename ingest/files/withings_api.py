"""Reads answers of the Withings API: groups of measurements, activities, and sleep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.clock_text import SECOND
from ingest.files.columns import tidy
from ingest.files.epoch_rows import NAN, PRESSURE, EpochRows
from ingest.files.exported import Findings
from ingest.files.moments import days, zone_named
from ingest.series import LOW_CONFIDENCE, MANUAL, Source

_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_TYPES: Final = {
    1: ("29463-7", 1.0),  # kg
    4: ("8302-2", 100.0),  # m
    6: ("41982-0", 1.0),  # %
    54: ("59408-5", 1.0),  # %
    71: ("8310-5", 1.0),  # degrees Celsius
    123: ("vo2max", 1.0),  # ml/min/kg
}
"""Type of a measure -> our code, factor to our unit."""
_PRESSURE: Final = {9: "diastolic", 10: "systolic", 11: "pulse"}
_SEGMENTED: Final = frozenset({1, 6})
"""Types that a body scan also gives for an arm or a leg, which are no weight of a person."""
_WHOLE_BODY: Final = (None, 7)
_DEVICE: Final = frozenset({0, 5, 7, 8, 15, 17})
_AMBIGUOUS: Final = 1
"""``attrib``: the scale could not tell which of its users stood on it."""
_TYPED: Final = {2: MANUAL, 4: MANUAL | LOW_CONFIDENCE}
"""``attrib``: typed in; typed in when the account was made, which may be a guess."""
_REAL: Final = 1
"""``category``: a measurement; 2 is a goal."""
_STATES: Final = {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0, 5: 5.0}
"""State of a sleep stretch -> our stage; 4 (typed in) names no stage."""
_NIGHT: Final = {"hr": "8867-4", "rr": "9279-1", "sdnn_1": "80404-7", "rmssd": "hrv-rmssd"}
_MINUTE: Final = {"steps": "55423-8", "distance": "55430-3", "calories": "55424-6"}
_DAY_SECONDS: Final = 86_400.0
ANSWERS: Final = (
    frozenset({"85354-9", "8867-4", "41950-7", "41979-6", "active-minutes", "sleep-stage", "93832-4"})
    | {code for code, _ in _TYPES.values()}
    | frozenset(_NIGHT.values())
    | frozenset(_MINUTE.values())
)
"""The vital keys that answers deliver."""


class _Wire(msgspec.Struct, gc=False):
    """Base: unknown members are ignored."""


class _Measure(_Wire):
    value: int
    type: int
    unit: int
    position: int | None = None


class _Group(_Wire):
    date: float
    category: int
    measures: list[_Measure]
    attrib: int = -1
    model: str | int | None = None


class _Activity(_Wire):
    date: str
    steps: float | None = None
    distance: float | None = None
    calories: float | None = None
    totalcalories: float | None = None
    active: float | None = None
    timezone: str | None = None


class _Minute(_Wire):
    duration: float
    steps: float | None = None
    distance: float | None = None
    calories: float | None = None


class _Stretch(_Wire):
    startdate: float
    enddate: float
    state: int
    hr: dict[str, float] = msgspec.field(default_factory=dict)
    rr: dict[str, float] = msgspec.field(default_factory=dict)
    sdnn_1: dict[str, float] = msgspec.field(default_factory=dict)
    rmssd: dict[str, float] = msgspec.field(default_factory=dict)


class _NightData(_Wire):
    total_sleep_time: float | None = None
    lightsleepduration: float = 0.0
    deepsleepduration: float = 0.0
    remsleepduration: float = 0.0


class _Night(_Wire):
    startdate: float
    enddate: float
    data: _NightData
    timezone: str | None = None


def decode(payload: bytes, *, zone: ZoneInfo, file: str = "") -> Findings:
    """One answer, its body, or a list of groups of measurements.

    Raises: BadPayload, when the bytes are no JSON; NotOfThisFormat, when they are no such answer.
    """
    try:
        document = msgspec.json.decode(payload)
    except _WRONG as error:
        raise BadPayload("not valid JSON", field="document", file=file) from error
    body = document.get("body", document) if isinstance(document, dict) else document
    if isinstance(body, list):
        body = {"measuregrps": body}
    if not isinstance(body, dict) or (isinstance(document, dict) and document.get("status", 0) != 0):
        raise NotOfThisFormat("no Withings answer with data", field="document", file=file)
    found = Findings()
    here = zone_named(_text(body.get("timezone"))) or zone
    gathered = EpochRows()
    kind = _kind(body)
    if kind is None:
        raise NotOfThisFormat("no Withings answer", field="document", file=file)
    member, element, add = kind
    for place, raw in _elements(body[member], member):
        try:
            item = msgspec.convert(raw, element, strict=True)
        except msgspec.ValidationError:
            found.refuse("bad-value", place)
        else:
            add(item, here, gathered, found, place)
    gathered.into(found)
    return found


_Add = Callable[[Any, ZoneInfo, EpochRows, Findings, str], None]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _elements(raw: object, member: str) -> list[tuple[str, object]]:
    if isinstance(raw, dict):
        return [
            (f"{member}[{index}]", {"epoch": key, "item": item})
            for index, (key, item) in enumerate(raw.items())
        ]
    return [(f"{member}[{index}]", item) for index, item in enumerate(raw)] if isinstance(raw, list) else []


class _Tick(_Wire):
    epoch: str
    item: _Minute


def _kind(body: Mapping[str, Any]) -> tuple[str, Any, _Add] | None:
    """Which service answered: member, element and rule."""
    if isinstance(body.get("measuregrps"), list) and all(_is_group(each) for each in body["measuregrps"][:1]):
        return "measuregrps", _Group, _add_group
    if isinstance(body.get("activities"), list):
        return "activities", _Activity, _add_activity
    series = body.get("series")
    if isinstance(series, dict):
        return "series", _Tick, _add_minute
    first = series[0] if isinstance(series, list) and series else None
    if isinstance(series, list) and not series:
        return "series", _Stretch, _add_stretch
    if isinstance(first, dict) and "startdate" in first:
        if "state" in first:
            return "series", _Stretch, _add_stretch
        if "category" in first:
            return "series", dict, _refuse_workout
        return "series", _Night, _add_night
    for member in ("devices", "goals"):
        if member in body:
            return member, dict, _refuse_workout
    return None


def _is_group(raw: object) -> bool:
    return isinstance(raw, dict) and "measures" in raw


def _refuse_workout(_: object, __: ZoneInfo, ___: EpochRows, found: Findings, place: str) -> None:
    """Workouts, devices and goals: nothing that the vocabulary measures."""
    found.refuse("unsupported-type", place.partition("[")[0])


def _source(kind: str, model: str | int | None, method: str) -> Source:
    name = tidy(str(model)) if model is not None else ""
    return Source(f"withings|{kind}|{name}|{method}", name or "Withings", "withings", name, method)


def _add_group(group: _Group, zone: ZoneInfo, into: EpochRows, found: Findings, place: str) -> None:
    """Measures taken together, of the person and of no goal."""
    if group.category != _REAL:
        found.refuse("goal", f"{place}.category")
    elif group.attrib == _AMBIGUOUS:
        found.refuse("ambiguous-person", f"{place}.attrib", len(group.measures))
    elif group.attrib not in _DEVICE and group.attrib not in _TYPED:
        found.refuse("unknown-code", f"{place}.attrib", len(group.measures))
    else:
        _add_measures(group, zone, into, found, place)


def _add_measures(group: _Group, zone: ZoneInfo, into: EpochRows, found: Findings, place: str) -> None:
    """The measures of a group. ``value`` is a whole number and ``unit`` its power of ten."""
    bits = _TYPED.get(group.attrib, 0)
    source = _source("api", group.model, "manual" if bits else "passive")
    pressure: dict[str, float] = {}
    for index, measure in enumerate(group.measures):
        where = f"{place}.measures[{index}]"
        if not -12 <= measure.unit <= 6 or abs(measure.value) > 10**12:
            found.refuse("bad-value", where)
        elif measure.type in _PRESSURE:
            channel = _PRESSURE[measure.type]
            value = _scaled(measure)
            # Two values of one channel are of one group only by mistake: none of them is taken.
            pressure[channel] = value if pressure.get(channel, value) == value else NAN
        elif measure.type not in _TYPES:
            found.refuse("unsupported-type", "measures")
        elif measure.type in _SEGMENTED and measure.position not in _WHOLE_BODY:
            found.refuse("part-of-the-body", where)
        else:
            code, factor = _TYPES[measure.type]
            into.add(code, source, zone, group.date, _scaled(measure) * factor, place=where, bits=bits)
    if pressure.keys() == {"pulse"}:
        into.add("8867-4", source, zone, group.date, pressure["pulse"], place=place, bits=bits)
    elif pressure:
        channels = tuple(pressure.get(name, NAN) for name in PRESSURE)
        into.add("85354-9", source, zone, group.date, channels, place=place, bits=bits)


def _scaled(measure: _Measure) -> float:
    """The value in the unit of the type; nothing of what is measured is ever 0, so 0 means none.

    A power of ten below zero divides, which keeps 86.999 what it is.
    """
    if measure.value == 0:
        return NAN
    if measure.unit < 0:
        return float(measure.value / 10 ** (-measure.unit))
    return float(measure.value * 10**measure.unit)


_ACTIVITY: Final = Source("withings|api-day||derived", "Withings", "withings", "", "derived")
_TRACKER: Final = Source("withings|api||passive", "Withings", "withings", "", "passive")
_SLEEP: Final = Source("withings|api-sleep||derived", "Withings", "withings", "", "derived")


def _add_activity(item: _Activity, zone: ZoneInfo, into: EpochRows, found: Findings, place: str) -> None:
    """Totals of a civil day where the person was; calories are the active ones, totalcalories all."""
    there = zone_named(item.timezone) or zone
    times = days([item.date], there)
    if not times.good.all():
        found.refuse("bad-time", f"{place}.date")
        return
    midnight = float(times.start[0] / SECOND)
    active = None if item.active is None else item.active / 60
    for code, value, length in (
        ("41950-7", item.steps, None),
        ("41979-6", item.totalcalories, None),
        ("55430-3", item.distance, _DAY_SECONDS),
        ("55424-6", item.calories, _DAY_SECONDS),
        ("active-minutes", active, _DAY_SECONDS),
    ):
        if value is not None:
            into.add(code, _ACTIVITY, there, midnight, value, place=place, lasts=length)


def _add_minute(tick: _Tick, zone: ZoneInfo, into: EpochRows, found: Findings, place: str) -> None:
    """Readings of some seconds; a stretch without any is a gap."""
    if not _is_epoch(tick.epoch):
        found.refuse("bad-time", place)
        return
    second = int(tick.epoch)
    for member, code in _MINUTE.items():
        value = getattr(tick.item, member)
        if value is not None:
            into.add(code, _TRACKER, zone, second, value, place=place, lasts=tick.item.duration)


def _add_stretch(item: _Stretch, zone: ZoneInfo, into: EpochRows, found: Findings, place: str) -> None:
    """A stretch of one stage, with the readings in it."""
    stage = _STATES.get(item.state)
    if stage is None:
        found.refuse("unknown-code", f"{place}.state")
    else:
        lasts = item.enddate - item.startdate
        into.add("sleep-stage", _SLEEP, zone, item.startdate, stage, place=place, lasts=lasts)
    for member, code in _NIGHT.items():
        for epoch, value in getattr(item, member).items():
            if _is_epoch(epoch):
                into.add(code, _SLEEP, zone, int(epoch), value, place=f"{place}.{member}")
            else:
                found.refuse("bad-time", f"{place}.{member}")


def _add_night(item: _Night, zone: ZoneInfo, into: EpochRows, _: Findings, place: str) -> None:
    """Minutes asleep of a night."""
    data = item.data
    asleep = data.total_sleep_time
    if asleep is None:
        asleep = data.lightsleepduration + data.deepsleepduration + data.remsleepduration
    there = zone_named(item.timezone) or zone
    lasts = item.enddate - item.startdate
    into.add("93832-4", _SLEEP, there, item.startdate, asleep / 60, place=place, lasts=lasts)


def _is_epoch(text: str) -> bool:
    return 0 < len(text) < 12 and text.isascii() and text.isdigit()
