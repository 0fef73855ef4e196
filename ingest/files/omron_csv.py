"""Reads the CSV files of the OMRON connect app: blood pressure and body composition, in Japanese and in English.

The shapes and where they were seen are in omron.toml; a file without those headings is refused.
"""

from __future__ import annotations

import io
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.errors import NotOfThisFormat
from ingest.files.clock_text import Mask
from ingest.files.columns import tidy
from ingest.files.exported import (
    Done,
    Findings,
    Part,
    Table,
    batches,
    number,
    numbers,
    plain_bytes,
    rows_under_heading,
)
from ingest.files.moments import When, when, zone_named
from ingest.files.source import MEGABYTE, Entry
from ingest.series import LOW_CONFIDENCE, WRIST, Batch, Source, Values

COVERAGE: Final = frozenset({"85354-9", "8867-4", "29463-7", "41982-0", "39156-5"})
"""The vital keys that this reader delivers."""
MAX_BYTES: Final = 64 * MEGABYTE
ENCODINGS: Final = ("utf-8-sig", "cp932")

MOST_ZONES: Final = 24
MOST_DEVICES: Final = 100
"""Of one part of a file; a person has few, and each one costs time."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BODY: Final = {"weight": "29463-7", "fat": "41982-0", "bmi": "39156-5"}
_HEADING: Final = re.compile(r"(?P<name>[^()]+)(?:\((?P<unit>[^()]*)\))?")


@dataclass(frozen=True, slots=True)
class _Shape:
    """omron.toml, checked. names: heading -> role; units: role -> unit -> factor."""

    names: Mapping[str, str]
    units: Mapping[str, Mapping[str, float]]
    moved: frozenset[str]
    wrist: re.Pattern[str]


def load(text: str) -> _Shape:
    """The headings of an omron.toml; ValueError or KeyError names what is wrong with it."""
    raw: dict[str, Any] = tomllib.loads(text)
    names = {name: role for role, each in raw["columns"].items() for name in each}
    if len(names) != sum(len(each) for each in raw["columns"].values()):
        raise ValueError("omron.toml: a heading has two roles")
    if set(raw["units"]) - set(raw["columns"]):
        raise ValueError("omron.toml: units of a column that is none")
    return _Shape(names, raw["units"], frozenset(raw["words"]["moved"]), re.compile(raw["models"]["wrist"]))


SHAPE: Final = load(resources.files("ingest.files").joinpath("omron.toml").read_text("utf-8"))


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """The measurements of a file, folder or zip; files of other formats are counted.

    Raises: BadPayload, naming the file and the line.
    """
    return batches(path, lambda entry: _decode(entry, zone), mark=mark)


def _text(entry: Entry) -> str:
    """The file as text: UTF-8 with or without mark, else cp932, the encoding of Japanese Windows."""
    raw = plain_bytes(entry, MAX_BYTES)
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotOfThisFormat("is neither UTF-8 nor cp932", field="file", file=entry.name)


def _decode(entry: Entry, zone: ZoneInfo) -> Iterator[Part]:
    done = entry.before + entry.size
    lines = io.StringIO(_text(entry), newline="")
    for table, found in rows_under_heading(lines, entry.name, Done(done)):
        columns, unknown = _roles(table.heading)
        if not columns.keys() & {"moment", "day"} or not columns.keys() & {"systolic", *_BODY}:
            raise NotOfThisFormat("no OMRON connect headings", field="line 1", file=entry.name)
        for heading in unknown:
            found.refuse("unknown-unit", f"line 1: {columns_of(heading)}", len(table.rows))
        if table.rows:
            _measured(table, columns, zone, found)
        yield found, done


def columns_of(heading: str) -> str:
    """The name of a heading without its unit, as omron.toml writes it.

    >>> columns_of("SYS (mmHg)"), columns_of("最高血圧（mmHg）")
    ('sys', '最高血圧')
    """
    found = _HEADING.fullmatch(_plain(heading))
    return found["name"] if found else ""


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _roles(heading: tuple[str, ...]) -> tuple[dict[str, tuple[str, float]], list[str]]:
    """Role -> heading and factor; and the headings of values in a unit that is not known."""
    roles: dict[str, tuple[str, float]] = {}
    unknown: list[str] = []
    for text in heading:
        found = _HEADING.fullmatch(_plain(text))
        role = SHAPE.names.get(found["name"]) if found else None
        if found is None or role is None:
            continue
        factor = SHAPE.units[role].get(found["unit"] or "") if role in SHAPE.units else 1.0
        if factor is None:
            unknown.append(text)
        else:
            roles.setdefault(role, (text, factor))
    return roles, unknown


def _measured(
    table: Table, columns: Mapping[str, tuple[str, float]], zone: ZoneInfo, found: Findings
) -> None:
    """Rows as series, one source for each model of device."""
    times = _times(table, columns, zone)
    place = columns["moment" if "moment" in columns else "day"][0]
    found.refuse_rows(~times.good, "bad-time", table.places(place))
    models = [tidy(cell) for cell in _cells(table, columns, "device")]
    moved = [_plain(cell) in SHAPE.moved for cell in _cells(table, columns, "movement")]
    values = {
        role: _values(table, columns, role, found) for role in ("systolic", "diastolic", "pulse", *_BODY)
    }
    used = np.zeros(len(table.rows), np.bool_)
    known = list(dict.fromkeys(models))
    strange = np.isin(models, known[MOST_DEVICES:])
    found.refuse_rows(times.good & strange, "too-many-devices", table.places(place))
    times = When(times.start, times.offset, times.good & ~strange, times.assumed)
    for model in known[:MOST_DEVICES]:
        mine = np.array([each == model for each in models])
        source = Source(f"omron|connect|{model}|unknown", model or "OMRON connect", "omron", model)
        wrist = WRIST if SHAPE.wrist.match(model) else 0
        quality = [wrist | (LOW_CONFIDENCE if each else 0) for each in moved]
        here = When(times.start, times.offset, times.good & mine, times.assumed)
        used |= _of_one_device(here, values, source, quality, found)
    found.refuse_rows(times.good & ~used, "no-value", table.places(place))


def _of_one_device(
    times: When, values: Mapping[str, Values], source: Source, quality: list[int], found: Findings
) -> Mask:
    """Blood pressure with its pulse, a pulse alone, and the body; says which rows gave something."""
    pressure = {name: values[name] for name in ("systolic", "diastolic", "pulse")}
    used = found.add("85354-9", source, times, pressure, quality=quality)
    alone = np.where(np.isnan(values["systolic"]) & np.isnan(values["diastolic"]), values["pulse"], np.nan)
    used |= found.add("8867-4", source, times, alone)
    for role, code in _BODY.items():
        used |= found.add(code, source, times, values[role])
    return used


def _cells(table: Table, columns: Mapping[str, tuple[str, float]], role: str) -> list[str]:
    return table.cells(columns[role][0]) if role in columns else [""] * len(table.rows)


def _values(table: Table, columns: Mapping[str, tuple[str, float]], role: str, found: Findings) -> Values:
    if role not in columns:
        return np.full(len(table.rows), np.nan)
    heading, factor = columns[role]
    values, wrong = numbers(table.column(heading))
    found.refuse_rows(wrong, "bad-value", table.places(heading))
    return values * factor


def _times(table: Table, columns: Mapping[str, tuple[str, float]], zone: ZoneInfo) -> When:
    """The moments of the rows, each on the wall clock of the zone that stands beside it."""
    if "moment" in columns:
        texts = _cells(table, columns, "moment")
    else:
        days, clocks = _cells(table, columns, "day"), _cells(table, columns, "time")
        texts = [f"{_us_day(day)} {clock.strip()}" for day, clock in zip(days, clocks, strict=True)]
    names = [cell.strip() for cell in _cells(table, columns, "zone")]
    times = when(texts, zone)
    for name in list(dict.fromkeys(names))[:MOST_ZONES]:
        named = zone_named(name)
        if named is None:
            continue
        rows = np.array([each == name for each in names])
        there = when([text for text, mine in zip(texts, rows.tolist(), strict=True) if mine], named)
        times.start[rows], times.offset[rows] = there.start, there.offset
        times.assumed[rows] = False
    return times


def _us_day(text: str) -> str:
    """``Jan 12 2025`` as ``2025-01-12``; other text as it is.

    >>> _us_day("Jan 6 2025"), _us_day("2025/01/06")
    ('2025-01-06', '2025/01/06')
    """
    parts = text.replace(",", " ").split()
    if len(parts) != 3 or parts[0].lower() not in _MONTHS:
        return text
    day, year = number(parts[1]), number(parts[2])
    try:
        return date(int(year or 0), _MONTHS.index(parts[0].lower()) + 1, int(day or 0)).isoformat()
    except (ValueError, OverflowError):
        return ""
