"""Reads the CSV files of Samsung Health's "Download personal data", and the plainer ones of a phone's export.

Sources: the fixtures of a public importer (``start_time`` with an offset, one file for each type), and public
importers of the app's own export: a line with the type and versions above the heading, headings with or without
the type in front (``com.samsung.health.heart_rate.heart_rate``), instants in UTC beside a ``time_offset`` such
as ``UTC+0900``, days as milliseconds of UTC midnight, sleep stages 40001 to 40004.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.errors import NotOfThisFormat
from ingest.files.clock_text import DAY, SECOND
from ingest.files.columns import tidy
from ingest.files.exported import (
    LONGEST,
    Findings,
    Part,
    Sources,
    Table,
    batches,
    number,
    numbers,
    percent,
    tables,
)
from ingest.files.moments import When, days, when, with_offsets
from ingest.files.source import Entry
from ingest.series import Batch, Source, Values

_TYPE: Final = re.compile(r"com\.samsung\.s?health\.(?:tracker\.)?([a-z0-9_.]+?)(?:\.\d{4,})?")
_OFFSET: Final = re.compile(r"UTC([+-])(\d{2})(\d{2})")
_ISO_OFFSET: Final = re.compile(r"[+-]\d{2}:?\d{2}|Z")
_STAGES: Final = {
    "40001": 1.0,
    "40002": 2.0,
    "40003": 3.0,
    "40004": 4.0,
    "awake": 1.0,
    "light": 2.0,
    "deep": 3.0,
    "rem": 4.0,
    "asleep": 5.0,
}
_MASSES: Final = {"": 1.0, "kg": 1.0, "lb": 0.45359237, "lbs": 0.45359237}
MOST_DEVICES: Final = 100
"""Of one part of a file; the rows of further ones are refused."""
_ALL_SOURCES: Final = "-2"
"""``source_type`` of a day's row that already joins phone and watch; the others are its parts."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A type of file whose rows are one value each: heading, code, whether a row lasts until its end."""

    value: str
    code: str
    lasting: bool = False
    whole_day: bool = False


_KINDS: Final = {
    "heart_rate": _Kind("heart_rate", "8867-4"),
    "resting_heart_rate": _Kind("resting_heart_rate", "40443-4", whole_day=True),
    "oxygen_saturation": _Kind("oxygen_saturation", "59408-5"),
    "respiratory_rate": _Kind("respiratory_rate", "9279-1"),
    "step_count": _Kind("count", "55423-8", lasting=True),
    "pedometer_step_count": _Kind("count", "55423-8", lasting=True),
}
_OTHERS: Final = frozenset({"weight", "blood_pressure", "sleep", "sleep_stage", "step_daily_trend"})
_ALIASES: Final = {"spo2": "oxygen_saturation"}
COVERAGE: Final = frozenset({each.code for each in _KINDS.values()}) | frozenset(
    {"29463-7", "41982-0", "85354-9", "sleep-stage", "93832-4", "41950-7"}
)
"""The vital keys that this reader delivers."""


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip; files of other formats are counted.

    Raises: BadPayload, naming the file and the line.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    name = PurePosixPath(entry.name).name.lower()
    found_type = _TYPE.fullmatch(name.removesuffix(".csv"))
    if not name.endswith(".csv") or found_type is None:
        raise NotOfThisFormat("no Samsung Health file name", field="file", file=entry.name)
    kind = found_type[1].removesuffix(".raw")
    if kind not in _KINDS and kind not in _OTHERS:
        found = Findings()
        found.refuse("unsupported-file", "file")
        yield found, entry.before + entry.size
        return
    for table, found in tables(entry, above=_lines_above(entry)):
        plain = _plain(table)
        if "start_time" not in plain.heading and "day_time" not in plain.heading:
            raise NotOfThisFormat("no Samsung Health headings", field="line 1", file=entry.name)
        if plain.rows:
            _table(plain, kind, zone, found)
        yield found, table.done


def _lines_above(entry: Entry) -> int:
    """1, when the first line tells the type and its versions, as in the app's own export."""
    with entry.stream() as stream:
        first = stream.piece(4096).removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    cells = [cell.strip() for cell in first.split(b",")]
    versions = [cell for cell in cells[1:] if cell]
    return int(cells[0].startswith(b"com.samsung.") and all(cell.isdigit() for cell in versions))


def _plain(table: Table) -> Table:
    """The same table, its headings without the type in front; the first of two alike counts."""
    heading = tuple(_ALIASES.get(short := name.lower().rpartition(".")[2], short) for name in table.heading)
    return Table(heading, table.rows, table.lines, table.done)


def _table(table: Table, kind: str, zone: ZoneInfo, found: Findings) -> None:
    if kind == "step_daily_trend":
        _day_steps(table, zone, found)
        return
    times = _times(table, "start_time", zone)
    found.refuse_rows(~times.good, "bad-time", table.places("start_time"))
    if kind == "weight":
        _weights(table, times, found)
    elif kind == "blood_pressure":
        channels = {each: _numbers(table, each, found) for each in ("systolic", "diastolic", "pulse")}
        _add(table, "85354-9", times, channels, "systolic", found)
    elif kind == "sleep_stage" or (kind == "sleep" and "sleep_stage" in table.heading):
        _stages(table, times, zone, found)
    elif kind == "sleep":
        _nights(table, times, zone, found)
    else:
        _values(table, _KINDS[kind], times, zone, found)


def _times(table: Table, name: str, zone: ZoneInfo) -> When:
    """Instants of a column. Clock text without an offset is UTC when a ``time_offset`` stands in its row."""
    texts = [text.strip() for text in table.cells(name)]
    offsets = [_offset(cell) for cell in table.cells("time_offset")]
    marked = [
        text + "Z" if offset is not None and not _ISO_OFFSET.search(text[10:]) else text
        for text, offset in zip(texts, offsets, strict=True)
    ]
    return with_offsets(when(marked, zone), offsets)


def _offset(cell: str) -> int | None:
    """``UTC+0900`` in seconds east.

    >>> _offset("UTC+0900"), _offset("UTC-0330"), _offset("JST")
    (32400, -12600, None)
    """
    found = _OFFSET.fullmatch(cell.strip())
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds


def _numbers(table: Table, name: str, found: Findings) -> Values:
    values, wrong = numbers(table.cells(name))
    found.refuse_rows(wrong, "bad-value", table.places(name))
    # Nothing of what is measured here is ever 0; only steps may be.
    return values if name == "count" else np.where(values == 0, np.nan, values)


def _sources(table: Table) -> Sources:
    """A source for each device, so that the steps of a phone and of a watch are never added.

    The export tells devices apart by a random identifier, of which a short hash is enough for us.
    """
    names = [tidy(name) for name in table.cells("source_name")]
    devices = [cell.strip() for cell in table.cells("deviceuuid")]
    keys = [f"{name} {_hashed(device)}".strip() for name, device in zip(names, devices, strict=True)]
    known = list(dict.fromkeys(keys))[:MOST_DEVICES]
    places = {key: place for place, key in enumerate(known)}
    return Sources(
        [Source(f"samsung|health|{key}|unknown", key or "Samsung Health", "samsung", key) for key in known],
        np.array([places.get(key, -1) for key in keys], np.int64),
    )


def _hashed(device: str) -> str:
    return hashlib.sha256(device.encode("utf-8", "replace")).hexdigest()[:8] if device else ""


def _add(
    table: Table,
    code: str,
    times: When,
    values: Values | Mapping[str, Values],
    name: str,
    found: Findings,
    until: When | None = None,
) -> None:
    """Rows of one code; a row whose end is no time, or before its start, is refused."""
    length = None
    if until is not None:
        length = np.where(until.good, until.start - times.start, -1)
        bad = times.good & ((length < 0) | (length > LONGEST))
        found.refuse_rows(bad, "bad-time", table.places("end_time"))
    sources = _sources(table)
    found.refuse_rows(times.good & (sources.owner < 0), "too-many-devices", table.places("source_name"))
    used = found.add(code, sources, times, values, duration=length)
    column = values["systolic"] if isinstance(values, Mapping) else values
    found.refuse_rows(times.good & ~used & np.isnan(column), "no-value", table.places(name))


def _values(table: Table, kind: _Kind, times: When, zone: ZoneInfo, found: Findings) -> None:
    values = _numbers(table, kind.value, found)
    if kind.code == "59408-5":
        values = percent(values)
    if kind.whole_day:
        east = times.offset.astype(np.int64) * SECOND
        midnight = times.start - (times.start + east) % DAY
        times = When(midnight, times.offset, times.good, times.assumed)
    until = _times(table, "end_time", zone) if kind.lasting else None
    _add(table, kind.code, times, values, kind.value, found, until)


def _weights(table: Table, times: When, found: Findings) -> None:
    """Kilograms unless a unit stands beside; with the fat of the same weighing."""
    units = [cell.strip().lower() for cell in table.cells("unit")]
    factors = np.array([_MASSES.get(unit, np.nan) for unit in units])
    found.refuse_rows(np.isnan(factors), "unknown-unit", table.places("unit"))
    known = When(times.start, times.offset, times.good & ~np.isnan(factors), times.assumed)
    _add(table, "29463-7", known, _numbers(table, "weight", found) * factors, "weight", found)
    if "body_fat" in table.heading:
        found.add("41982-0", _sources(table), times, _numbers(table, "body_fat", found))


def _stages(table: Table, times: When, zone: ZoneInfo, found: Findings) -> None:
    name = "stage" if "stage" in table.heading else "sleep_stage"
    words = [cell.strip().lower() for cell in table.cells(name)]
    values = np.array([_STAGES.get(word, np.nan) for word in words])
    found.refuse_rows(np.isnan(values), "unknown-code", table.places(name))
    known = When(times.start, times.offset, times.good & ~np.isnan(values), times.assumed)
    _add(table, "sleep-stage", known, values, name, found, _times(table, "end_time", zone))


def _nights(table: Table, times: When, zone: ZoneInfo, found: Findings) -> None:
    """A session tells how long it was; the minutes asleep are told only where a column does."""
    values = _numbers(table, "sleep_duration", found)
    _add(table, "93832-4", times, values, "sleep_duration", found, _times(table, "end_time", zone))


def _day_steps(table: Table, zone: ZoneInfo, found: Findings) -> None:
    """Steps of civil days: the row that joins all devices, never the sum of the rows."""
    joined = np.array([cell.strip() == _ALL_SOURCES for cell in table.cells("source_type")])
    found.refuse("part-of-a-total", "source_type", int((~joined).sum()))
    times = days([_day(cell) for cell in table.cells("day_time")], zone)
    times = When(times.start, times.offset, times.good & joined, times.assumed)
    found.refuse_rows(~times.good & joined, "bad-time", table.places("day_time"))
    _add(table, "41950-7", times, _numbers(table, "count", found), "count", found)


def _day(cell: str) -> str:
    """Milliseconds of UTC midnight, or clock text, as a civil day.

    >>> _day("1790812800000"), _day("2018-11-28 00:00:00.000")
    ('2026-10-01', '2018-11-28')
    """
    millis = number(cell.strip())
    if millis is None:
        return cell.strip()[:10]
    if not 0 <= millis < 7e12:
        return ""
    return str(np.datetime64(int(millis), "ms").astype("datetime64[D]"))
