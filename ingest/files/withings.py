"""Reads Withings data: the CSV files of "Download your data", and answers of the Withings API.

Sources: the README inside the export (units), public exports and importers of it (``weight.csv``, ``bp.csv``,
``height.csv``, ``sleep.csv``, ``aggregates_*.csv``, ``raw_*.csv`` with lists of durations and values); the
answers are those of the measure and sleep services of developer.withings.com.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.errors import NotOfThisFormat
from ingest.files.clock_text import DAY, SECOND
from ingest.files.exported import JSON_LIMIT, LONGEST, Findings, Part, Table, batches, numbers, tables
from ingest.files.moments import When, days, when
from ingest.files.source import Entry
from ingest.files.withings_api import ANSWERS, decode
from ingest.series import Batch, Source

__all__ = ["COVERAGE", "read"]

SCALE: Final = Source("withings|export|body|unknown", "Withings", "withings", "", "unknown")
TRACKER: Final = Source("withings|export|tracker|passive", "Withings", "withings", "", "passive")
DAY_TOTAL: Final = Source("withings|export|day|derived", "Withings", "withings", "", "derived")
"""Totals of whole days repeat the tracker's: a source of their own, so that nobody adds the two."""
SLEEP: Final = Source("withings|export|sleep|derived", "Withings", "withings", "", "derived")

_LIST: Final = msgspec.json.Decoder(list[float])
_MOST_ITEMS: Final = 100_000
"""A day has 86,400 seconds; longer lists in one cell are an attack on memory."""
_RAW: Final = {
    "hr": "8867-4",
    "steps": "55423-8",
    "distance": "55430-3",
    "calories-earned": "55424-6",
    "respiratory-rate": "9279-1",
}
_DAYS: Final = {
    "aggregates_steps": "41950-7",
    "aggregates_distance": "55430-3",
    "aggregates_calories_earned": "55424-6",
}
_POUND: Final = 0.45359237
_WEIGHTS: Final = {"Weight (kg)": 1.0, "Weight (lb)": _POUND, "Weight (lbs)": _POUND}
_HEIGHTS: Final = {"Height (m)": 100.0, "Height (cm)": 1.0}
_STAGES: Final = ("light (s)", "deep (s)", "rem (s)")
_RAW_NAME: Final = re.compile(r"raw_[a-z-]+_([a-z-]+)")
COVERAGE: Final = (
    frozenset({"29463-7", "8302-2", "85354-9", "8867-4", "93832-4"})
    | frozenset(_RAW.values())
    | frozenset(_DAYS.values())
    | ANSWERS
)
"""The vital keys that this reader delivers."""


@dataclass(frozen=True, slots=True)
class _Stretches:
    """Rows of ``start,duration,value`` laid out one after another."""

    times: When
    values: list[float]
    seconds: list[float]


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip; files of other formats are counted.

    Raises: BadPayload, naming the file and the place in it.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    name = PurePosixPath(entry.name)
    if name.suffix.lower() == ".json":
        yield decode(entry.read(JSON_LIMIT), zone=zone, file=entry.name), entry.before + entry.size
        return
    if name.suffix.lower() != ".csv":
        raise NotOfThisFormat("neither CSV nor JSON", field="file", file=entry.name)
    for table, found in tables(entry):
        _table(table, name.stem.lower(), zone, found, entry.name)
        yield found, table.done


def _table(table: Table, stem: str, zone: ZoneInfo, found: Findings, file: str) -> None:
    """One table; which one it is is told by its heading, and by its name where headings are alike."""
    heading = {name.lower() for name in table.heading}
    if heading & {name.lower() for name in _WEIGHTS}:
        _scaled(table, "29463-7", _WEIGHTS, zone, found)
    elif heading & {name.lower() for name in _HEIGHTS}:
        _scaled(table, "8302-2", _HEIGHTS, zone, found)
    elif {"date", "heart rate", "systolic", "diastolic"} <= heading:
        _pressure(table, zone, found)
    elif {"from", "to", *_STAGES} <= heading:
        _sleep(table, zone, found)
    elif heading == {"start", "duration", "value"} and (raw := _RAW_NAME.fullmatch(stem)):
        _raw(table, raw[1], zone, found)
    elif heading == {"date", "value"} and stem.startswith("aggregates_"):
        _daily(table, stem, zone, found)
    else:
        raise NotOfThisFormat("no Withings headings", field="line 1", file=file)


def _lower(table: Table) -> Table:
    return Table(tuple(name.lower() for name in table.heading), table.rows, table.lines, table.done)


def _scaled(table: Table, code: str, units: Mapping[str, float], zone: ZoneInfo, found: Findings) -> None:
    """A weight or a height in the unit of its heading; masses of fat, bone and water have no code of ours."""
    table = _lower(table)
    name, factor = next((name.lower(), each) for name, each in units.items() if name.lower() in table.heading)
    times = _clocks(table, "date", zone, found)
    values, wrong = numbers(table.column(name))
    used = found.add(code, SCALE, times, values * factor)
    found.refuse_rows(wrong, "bad-value", table.places(name))
    found.refuse_rows(times.good & ~used & ~wrong, "no-value", table.places(name))
    others = sum(cell.endswith(("(kg)", "(lb)", "(lbs)")) for cell in table.heading if cell != name)
    found.refuse("unsupported-column", "line 1", others)


def _clocks(table: Table, name: str, zone: ZoneInfo, found: Findings) -> When:
    times = when(table.cells(name), zone)
    found.refuse_rows(~times.good, "bad-time", table.places(name))
    return times


def _pressure(table: Table, zone: ZoneInfo, found: Findings) -> None:
    """Blood pressure with its pulse, or a pulse alone, which a scale writes here too."""
    table = _lower(table)
    times = _clocks(table, "date", zone, found)
    channels = {}
    for channel, name in (("systolic", "systolic"), ("diastolic", "diastolic"), ("pulse", "heart rate")):
        channels[channel], wrong = numbers(table.column(name))
        found.refuse_rows(wrong, "bad-value", table.places(name))
    used = found.add("85354-9", SCALE, times, channels)
    without = np.isnan(channels["systolic"]) & np.isnan(channels["diastolic"])
    used |= found.add("8867-4", SCALE, times, np.where(without, channels["pulse"], np.nan))
    found.refuse_rows(times.good & ~used, "no-value", table.places("systolic"))


def _sleep(table: Table, zone: ZoneInfo, found: Findings) -> None:
    """Minutes asleep between going to bed and getting up."""
    table = _lower(table)
    times, until = _clocks(table, "from", zone, found), _clocks(table, "to", zone, found)
    minutes = np.zeros(len(table.rows))
    for name in _STAGES:
        seconds, wrong = numbers(table.column(name))
        found.refuse_rows(wrong, "bad-value", table.places(name))
        minutes += np.where(wrong, np.nan, np.nan_to_num(seconds)) / 60
    length = np.where(until.good, until.start - times.start, -1)
    used = found.add("93832-4", SLEEP, times, minutes, duration=length)
    late = times.good & until.good & ((length < 0) | (length > LONGEST))
    found.refuse_rows(late & ~used, "bad-time", table.places("to"))


def _daily(table: Table, stem: str, zone: ZoneInfo, found: Findings) -> None:
    """A total for each civil day."""
    table = _lower(table)
    code = _DAYS.get(stem.replace("-", "_"))
    if code is None:
        found.refuse("unsupported-type", "line 1", len(table.rows))
        return
    times = days(table.column("date"), zone)
    found.refuse_rows(~times.good, "bad-time", table.places("date"))
    values, wrong = numbers(table.column("value"))
    found.refuse_rows(wrong, "bad-value", table.places("value"))
    length = None if code == "41950-7" else np.full(len(values), DAY)
    used = found.add(code, DAY_TOTAL, times, values, duration=length)
    found.refuse_rows(times.good & ~used & ~wrong, "no-value", table.places("value"))


def _raw(table: Table, kind: str, zone: ZoneInfo, found: Findings) -> None:
    """Lists of durations in seconds and of values, one after another from a start."""
    table = _lower(table)
    if kind not in _RAW:
        found.refuse("unsupported-type", "line 1", len(table.rows))
        return
    code = _RAW[kind]
    laid = _laid_out(table, zone, found)
    length = (
        None
        if kind in {"hr", "respiratory-rate"}
        else np.rint(np.array(laid.seconds) * SECOND).astype(np.int64)
    )
    used = found.add(code, TRACKER, laid.times, np.array(laid.values, np.float64), duration=length)
    found.refuse("bad-value", "value", int((laid.times.good & ~used).sum()))


def _laid_out(table: Table, zone: ZoneInfo, found: Findings) -> _Stretches:
    times = _clocks(table, "start", zone, found)
    rows: list[int] = []
    later: list[float] = []
    values: list[float] = []
    seconds: list[float] = []
    cells = zip(table.column("duration"), table.column("value"), strict=True)
    for row, (length_cell, value_cell) in enumerate(cells):
        lengths, items = _items(length_cell), _items(value_cell)
        if lengths is None or items is None or len(lengths) != len(items):
            found.refuse("bad-value", f"line {table.lines[row]}: value")
            continue
        begin = 0.0
        for length, item in zip(lengths, items, strict=True):
            rows.append(row)
            later.append(begin)
            values.append(item)
            seconds.append(length)
            begin += length
    picked = np.array(rows, np.int64)
    shift = np.rint(np.array(later, np.float64) * SECOND).astype(np.int64)
    moved = When(times.start[picked] + shift, times.offset[picked], times.good[picked], times.assumed[picked])
    return _Stretches(moved, values, seconds)


def _items(cell: str) -> list[float] | None:
    """The numbers of a list in a cell; the durations must be those of a day at most."""
    try:
        items = _LIST.decode(cell.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    bounded = len(items) <= _MOST_ITEMS and all(0 <= abs(item) < 1e6 for item in items)
    return items if bounded else None
