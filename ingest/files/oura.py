"""Reads Oura data: the CSV files of "Export data", the CSV of "Trends", and JSON of the API v2 or of a data export.

Sources: the field names of cloud.ouraring.com/v2/docs; public importers of the export (``App Data/*.csv``,
semicolons between cells, JSON inside some of them; ``sleepmodel.csv`` has the fields of the API's ``sleep``).
A row of a table and an object of the API have the same fields, so one rule reads both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.clock_text import SECOND
from ingest.files.epoch_rows import NAN, EpochRows
from ingest.files.exported import JSON_LIMIT, Findings, Part, Table, batches, number, tables
from ingest.files.moments import When, days, when
from ingest.files.source import Entry
from ingest.series import Batch, Source

RING: Final = Source("oura|ring||passive", "Oura", "oura", "", "passive")
DERIVED: Final = Source("oura|derived||derived", "Oura", "oura", "", "derived")
SLEEP: Final = Source("oura|sleep||derived", "Oura", "oura", "", "derived")
DAY_TOTAL: Final = Source("oura|day||derived", "Oura", "oura", "", "derived")

_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, UnicodeEncodeError, RecursionError)
_PHASES: Final = {"1": 3.0, "2": 2.0, "3": 4.0, "4": 1.0}
"""A digit of ``sleep_phase_5_min`` (1 deep, 2 light, 3 REM, 4 awake) -> our stage."""
_PHASE_SECONDS: Final = 300
_MOST_PHASES: Final = 288
_MAIN: Final = "long_sleep"
_NO_SLEEP: Final = frozenset({"deleted", "rest"})
"""Kinds of period that the ring took back: removed by the person, or found to be rest."""
_DAY_SECONDS: Final = 86_400.0
COVERAGE: Final = frozenset(
    {
        "8867-4", "hrv-rmssd", "hrv-day", "rr-day", "sleep-stage", "93832-4", "spo2-day", "skin-temp-dev",
        "41950-7", "41979-6", "55424-6", "vo2max",
    }
)  # fmt: skip
"""The vital keys that this reader delivers."""

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of object: the fields that tell it, and the rule that reads one, or all at once."""

    told_by: frozenset[str]
    add: Callable[[Fields, _Into], None] | None = None
    columns: Callable[[Iterator[tuple[Fields, str]], ZoneInfo, Findings], None] | None = None


@dataclass(frozen=True, slots=True)
class _Into:
    """Where a rule puts what it reads."""

    zone: ZoneInfo
    rows: EpochRows
    found: Findings
    place: str


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip; files of other formats are counted.

    Raises: BadPayload, naming the file and the place in it.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    suffix = PurePosixPath(entry.name).suffix.lower()
    if suffix == ".json":
        yield decode(entry.read(JSON_LIMIT), zone=zone, file=entry.name), entry.before + entry.size
    elif suffix == ".csv":
        yield from _csv(entry, zone)
    else:
        raise NotOfThisFormat("neither CSV nor JSON", field="file", file=entry.name)


def _csv(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    with entry.stream() as stream:
        first = stream.piece(8192).split(b"\n", 1)[0]
    for table, found in tables(entry, delimiter=";" if b";" in first else ","):
        if "date" in table.heading and "Sleep Score" in table.heading:
            _trends(table, zone, found)
        else:
            kind = _kind_of(table.heading)
            if kind is None:
                raise NotOfThisFormat("no Oura headings", field="line 1", file=entry.name)
            objects = (dict(zip(table.heading, row, strict=False)) for row in table.rows)
            _objects(kind, zip(objects, (f"line {line}" for line in table.lines), strict=True), zone, found)
        yield found, table.done


def decode(payload: bytes, *, zone: ZoneInfo, file: str = "") -> Findings:
    """An answer of the API, a list of objects, or an export with a list for each kind.

    Raises: BadPayload, when the bytes are no JSON; NotOfThisFormat, when they hold nothing of Oura.
    """
    try:
        document = msgspec.json.decode(payload)
    except _WRONG as error:
        raise BadPayload("not valid JSON", field="document", file=file) from error
    lists = document if isinstance(document, dict) else {"document": document}
    found = Findings()
    known = False
    for member, items in lists.items():
        objects = (
            [(each, f"{member}[{n}]") for n, each in enumerate(items) if isinstance(each, dict)]
            if isinstance(items, list)
            else []
        )
        if not objects:
            continue
        kind = _kind_of(tuple(objects[0][0]))
        if kind is None:
            found.refuse("unknown-type", member if member in _MEMBERS else "document", len(objects))
            continue
        known = True
        _objects(kind, iter(objects), zone, found)
    if not known and not (isinstance(document, dict) and document.get("data") == []):
        raise NotOfThisFormat("no Oura objects", field="document", file=file)
    return found


def _kind_of(fields: Sequence[str]) -> _Kind | None:
    have = frozenset(fields)
    return next((kind for kind in _KINDS if kind.told_by <= have), None)


def _objects(kind: _Kind, objects: Iterator[tuple[Fields, str]], zone: ZoneInfo, found: Findings) -> None:
    if kind.columns is not None:
        kind.columns(objects, zone, found)
        return
    rows = EpochRows()
    for fields, place in objects:
        if kind.add is None:
            found.refuse("unsupported-type", "document")
        else:
            kind.add(fields, _Into(zone, rows, found, place))
    rows.into(found)


def _number(value: object) -> float:
    """A number, or text of one; NaN for none, also for a JSON null in a cell."""
    if isinstance(value, str):
        found = number(value.strip())
        return NAN if found is None else found
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12:
        return float(value)
    return NAN


def _inner(value: object) -> Any:
    """An object inside: as it is in an answer, as JSON text in a table."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value.encode())
    except _WRONG:
        return None


def _stated(value: object) -> bool:
    """Whether a field holds anything at all."""
    return value is not None and str(value).strip().lower() not in {"", "null", "none", "nan"}


def _moment(value: object, into: _Into) -> tuple[float, int] | None:
    """Seconds since 1970 and the offset of clock text; what is none is refused."""
    times = when([value if isinstance(value, str) else ""], into.zone)
    return _first(times, into)


def _first(times: When, into: _Into) -> tuple[float, int] | None:
    if not times.good[0]:
        into.found.refuse("bad-time", into.place)
        return None
    return float(times.start[0] / SECOND), int(times.offset[0])


def _midnight(fields: Fields, into: _Into) -> tuple[float, int] | None:
    day = fields.get("day")
    return _first(days([day if isinstance(day, str) else ""], into.zone), into)


def _put(
    into: _Into, code: str, source: Source, at: tuple[float, int], name: str, value: object, **how: Any
) -> None:
    """A value of a field; an empty field is no value and no refusal."""
    if not _stated(value):
        return
    found = _number(value)
    if math.isnan(found):
        into.found.refuse("bad-value", f"{into.place}: {name}")
        return
    into.rows.add(code, source, into.zone, at[0], found, place=f"{into.place}: {name}", offset=at[1], **how)


def _heart_rates(objects: Iterator[tuple[Fields, str]], zone: ZoneInfo, found: Findings) -> None:
    """Readings through the day, which are many, as columns; the offset written is UTC and names no place."""
    both = list(objects)
    texts = [text if isinstance(text := fields.get("timestamp"), str) else "" for fields, _ in both]
    values = np.array([_number(fields.get("bpm")) for fields, _ in both], np.float64)
    places = [place for _, place in both]
    times = when(texts, zone)
    found.add("8867-4", RING, times, values)
    found.refuse_rows(~times.good, "bad-time", places)
    found.refuse_rows(times.good & np.isnan(values), "no-value", places)


def _activity(fields: Fields, into: _Into) -> None:
    """Totals of a day; the walking distance is an equivalent of all movement, and so left out."""
    at = _midnight(fields, into)
    if at is None:
        return
    _put(into, "41950-7", DERIVED, at, "steps", fields.get("steps"))
    _put(into, "41979-6", DERIVED, at, "total_calories", fields.get("total_calories"))
    active = fields.get("active_calories")
    _put(into, "55424-6", DAY_TOTAL, at, "active_calories", active, lasts=_DAY_SECONDS)


def _oxygen(fields: Fields, into: _Into) -> None:
    """The mean of the night; 0 is the service's word for none."""
    at = _midnight(fields, into)
    inner = _inner(fields.get("spo2_percentage"))
    value = inner.get("average") if isinstance(inner, dict) else None
    if at is None:
        return
    if not _number(value) > 0:
        into.found.refuse("no-value", f"{into.place}: spo2_percentage")
        return
    _put(into, "spo2-day", DERIVED, at, "spo2_percentage", value)


def _readiness(fields: Fields, into: _Into) -> None:
    at = _midnight(fields, into)
    if at is not None:
        name = "temperature_deviation"
        _put(into, "skin-temp-dev", DERIVED, at, name, fields.get(name))


def _oxygen_uptake(fields: Fields, into: _Into) -> None:
    at = _midnight(fields, into)
    if at is not None:
        _put(into, "vo2max", DERIVED, at, "vo2_max", fields.get("vo2_max"))


def _sleep(fields: Fields, into: _Into) -> None:
    """A period: how long the person slept, its stages, its readings, and of the main one the means of the night."""
    if fields.get("type") in _NO_SLEEP:
        into.found.refuse("not-sleep", f"{into.place}: type")
        return
    begin, end = _moment(fields.get("bedtime_start"), into), _moment(fields.get("bedtime_end"), into)
    if begin is None or end is None:
        return
    asleep = _number(fields.get("total_sleep_duration"))
    name = f"{into.place}: total_sleep_duration"
    into.rows.add(
        "93832-4", SLEEP, into.zone, begin[0], asleep / 60, place=name, offset=begin[1], lasts=end[0] - begin[0]
    )  # fmt: skip
    _phases(fields.get("sleep_phase_5_min"), begin, end, into)
    _readings("8867-4", "heart_rate", fields, into)
    _readings("hrv-rmssd", "hrv", fields, into)
    at = _midnight(fields, into) if fields.get("type") == _MAIN else None
    if at is not None:
        _put(into, "rr-day", DERIVED, at, "average_breath", fields.get("average_breath"))
        _put(into, "hrv-day", DERIVED, at, "average_hrv", fields.get("average_hrv"))


def _phases(text: object, begin: tuple[float, int], end: tuple[float, int], into: _Into) -> None:
    """Five minutes for each digit, neighbours of one stage joined; the last one ends with the period."""
    digits = str(text).strip().strip('"') if _stated(text) else ""
    place = f"{into.place}: sleep_phase_5_min"
    if len(digits) > _MOST_PHASES:
        into.found.refuse("bad-value", place)
        return
    first = 0
    for n in range(1, len(digits) + 1):
        if n < len(digits) and digits[n] == digits[first]:
            continue
        stage = _PHASES.get(digits[first])
        start = begin[0] + first * _PHASE_SECONDS
        lasts = min(begin[0] + n * _PHASE_SECONDS, end[0]) - start
        if stage is None:
            into.found.refuse("unknown-code", place)
        elif lasts > 0:
            into.rows.add(
                "sleep-stage", SLEEP, into.zone, start, stage, place=place, offset=begin[1], lasts=lasts
            )  # fmt: skip
        first = n


def _readings(code: str, name: str, fields: Fields, into: _Into) -> None:
    """Readings at a fixed distance; null between them is a gap."""
    inner = _inner(fields.get(name))
    if not isinstance(inner, dict) or not isinstance(inner.get("items"), list) or not inner["items"]:
        return
    step = _number(inner.get("interval"))
    at = _moment(inner.get("timestamp", fields.get("bedtime_start")), into)
    if at is None:
        return
    if not 0 < step <= _DAY_SECONDS:
        into.found.refuse("bad-value", f"{into.place}: {name}", len(inner["items"]))
        return
    for n, value in enumerate(inner["items"]):
        _put(into, code, RING, (at[0] + n * step, at[1]), name, value)


_KINDS: Final = (
    _Kind(frozenset({"timestamp", "bpm"}), columns=_heart_rates),
    _Kind(frozenset({"bedtime_start", "bedtime_end", "total_sleep_duration"}), _sleep),
    _Kind(frozenset({"day", "spo2_percentage"}), _oxygen),
    _Kind(frozenset({"day", "steps"}), _activity),
    _Kind(frozenset({"day", "temperature_deviation"}), _readiness),
    _Kind(frozenset({"day", "vo2_max"}), _oxygen_uptake),
    # Scores, stress, sessions, workouts and tags: nothing that the vocabulary measures.
    _Kind(frozenset({"day", "id"})),
    _Kind(frozenset({"timestamp", "skin_temp"})),
)
_MEMBERS: Final = frozenset(
    {
        "data",
        "document",
        "sleep",
        "daily_sleep",
        "daily_activity",
        "daily_spo2",
        "daily_readiness",
        "heartrate",
    }
)
_TRENDS: Final = {
    "Average HRV": "hrv-day",
    "Respiratory Rate": "rr-day",
    "Temperature Deviation (°C)": "skin-temp-dev",
    "Steps": "41950-7",
    "Total Burn": "41979-6",
}
"""Heading of the trends table -> code of a day's value."""


def _trends(table: Table, zone: ZoneInfo, found: Findings) -> None:
    rows = EpochRows()
    for heading, code in _TRENDS.items():
        for day, cell, line in zip(table.column("date"), table.cells(heading), table.lines, strict=True):
            into = _Into(zone, rows, found, f"line {line}")
            at = _midnight({"day": day}, into) if _stated(cell) else None
            if at is not None:
                _put(into, code, DERIVED, at, heading, cell)
    rows.into(found)
