"""Reads the Fitbit part of a Google Takeout: zips or folders, each metric once."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.errors import BadPayload
from ingest.files.clock_text import Mask
from ingest.files.columns import Rows, tally, tidy
from ingest.files.fitbit_sleep import SleepLog, add_sleep
from ingest.files.gather import Gathering, placed
from ingest.files.source import Entry, opened, resumed
from ingest.files.takeout_sleep import spans
from ingest.files.takeout_tables import (
    COVERAGE,
    MINUTE,
    POUND,
    Column,
    CsvFile,
    JsonFile,
    Plan,
    Skipped,
    SpanFile,
    plan_of,
)
from ingest.series import LOW_CONFIDENCE, ZONE_ASSUMED, Batch, Micros, Reject, Seconds, Series, Source, Values

__all__ = ["COVERAGE", "read"]

DEVICE: Final = Source("fitbit-takeout|tracker||passive", "Fitbit", "fitbit", "", "passive")
DERIVED: Final = Source("fitbit-takeout|derived||derived", "Fitbit", "fitbit", "", "derived")
SCALE: Final = Source("fitbit-takeout|scale||unknown", "Fitbit", "fitbit", "", "unknown")
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
Found = tuple[list[Series], list[Reject]]


class _Wire(msgspec.Struct, gc=False, rename="camel"):
    """Base: unknown members ignored."""


class _Beat(_Wire):
    bpm: float
    confidence: int = 3


class _HeartRate(_Wire):
    date_time: str
    value: _Beat


class _Counted(_Wire):
    date_time: str
    value: float


class _Resting(_Wire):
    date: str | None = None
    value: float = 0.0


class _RestingDay(_Wire):
    value: _Resting


class _Oxygen(_Wire):
    demographic: float | None = msgspec.field(name="demographicVO2Max", default=None)
    filtered: float | None = msgspec.field(name="filteredDemographicVO2Max", default=None)


class _OxygenDay(_Wire):
    date_time: str
    value: _Oxygen


class _Weight(_Wire):
    date: str
    time: str
    weight: float
    bmi: float | None = None


def _iso(text: str) -> str:
    """``MM/DD/YY HH:MM:SS`` as ``20YY-MM-DDTHH:MM:SS``; "" for another form.

    >>> _iso("11/15/20 05:00:03")
    '2020-11-15T05:00:03'
    """
    if len(text) != 17 or text[2] != "/" or text[5] != "/" or text[8] != " ":
        return ""
    return f"20{text[6:8]}-{text[:2]}-{text[3:5]}T{text[9:]}"


def _add(metric: str, element: Any, into: Gathering, place: str) -> None:
    """One element of a JSON file.

    Whether the intraday files tell UTC or local time is disputed; UTC fits the CSV twins, so UTC is
    taken and the rows say that the zone is assumed. Sleep and weight are on the wall clock.
    """
    if metric == "sleep":
        add_sleep(element, into, place)
    elif metric == "weight":
        stamp = _iso(f"{element.date} {element.time}")
        into.add("29463-7", SCALE, "wall", stamp, element.weight * POUND, place=f"{place}.weight")
        if element.bmi is not None:
            into.add("39156-5", SCALE, "wall", stamp, element.bmi, place=f"{place}.bmi")
    elif metric == "daily_resting_heart_rate":
        day = element.value.date
        if day is None or not element.value.value:
            into.refuse("no-value", place)
        else:
            text = _iso(f"{day} 00:00:00")[:10]
            into.add("40443-4", DERIVED, "day", text, element.value.value, place=place)
    elif metric == "demographic_vo2_max":
        told = element.value.filtered if element.value.filtered is not None else element.value.demographic
        value = float("nan") if told is None else told
        into.add("vo2max", DERIVED, "wall", _iso(element.date_time), value, place=f"{place}.value")
    elif metric == "heart_rate":
        unsure = LOW_CONFIDENCE if element.value.confidence <= 0 else 0
        stamp, value = _iso(element.date_time) + "Z", element.value.bpm
        into.add("8867-4", DEVICE, "instant", stamp, value, place=place, quality=ZONE_ASSUMED | unsure)
    else:
        code, per = ("55423-8", 1.0) if metric == "steps" else ("55430-3", 100.0)  # centimetres
        into.add(
            code,
            DEVICE,
            "instant",
            _iso(element.date_time) + "Z",
            element.value / per,
            place=place,
            duration=MINUTE,
            quality=ZONE_ASSUMED,
        )


_ELEMENTS: Final = {
    metric: msgspec.json.Decoder(element, strict=False)
    for metric, element in {
        "sleep": SleepLog,
        "weight": _Weight,
        "daily_resting_heart_rate": _RestingDay,
        "demographic_vo2_max": _OxygenDay,
        "heart_rate": _HeartRate,
        "steps": _Counted,
        "distance": _Counted,
    }.items()
}


def decode_json(payload: bytes, metric: str, *, zone: ZoneInfo, file: str = "") -> Found:
    """A JSON file of one metric; a bad element is refused alone.

    Raises: BadPayload, when the bytes are no JSON list.
    """
    try:
        parts = _LIST.decode(payload)
    except _WRONG as error:
        broken = not isinstance(error, msgspec.ValidationError)
        problem = "not valid JSON" if broken else "of the wrong type"
        raise BadPayload(problem, field="document", file=file) from error
    gathering = Gathering(zone)
    decoder = _ELEMENTS[metric]
    for index, part in enumerate(parts):
        place = f"[{index}]"
        try:
            element = decoder.decode(part)
        except _WRONG:
            gathering.refuse("bad-value", place)
        else:
            _add(metric, element, gathering, place)
    return gathering.series(), gathering.rejects


def _number(text: str) -> float:
    try:
        return float(text) if len(text) < 40 and "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def _stamps(texts: Sequence[str], clock: str, zone: ZoneInfo) -> tuple[Micros, Seconds, Mask, Mask]:
    """Instants, offsets, which texts were readable, and which named no zone."""
    if clock == "day":
        start, offset, good = placed([text[:10] for text in texts], "day", zone)
        return start, offset, good, np.zeros(len(texts), np.bool_)
    full = [text + ":00" if len(text) == 16 else text for text in texts]
    start, offset, good = placed(full, "instant", zone)
    if good.all():
        return start, offset, good, np.zeros(len(texts), np.bool_)
    walls, wall_offset, wall_good = placed(full, "wall", zone)
    naive = ~good & wall_good
    return (
        np.where(naive, walls, start),
        np.where(naive, wall_offset, offset).astype(np.int32),
        good | wall_good,
        naive,
    )


def _sources(names: Sequence[str]) -> tuple[list[Source], Micros]:
    """The sources of a ``data source`` column and each row's index among them."""
    known: dict[str, int] = {}
    owner = np.fromiter((known.setdefault(name, len(known)) for name in names), np.int64, len(names))
    return [
        Source(f"fitbit-takeout|{tidy(name)}||unknown", tidy(name) or "Fitbit", "fitbit", tidy(name))
        for name in known
    ], owner


def _csv_rows(rows: list[list[str]], header: list[str], plan: CsvFile, zone: ZoneInfo, line: int) -> Found:
    """Rows of a CSV file as columns."""
    n = len(rows)
    start, offset, good, naive = _stamps([row[0].strip() for row in rows], plan.clock, zone)
    last = header.index("data source") if "data source" in header else -1
    sources, owner = _sources([row[last] for row in rows] if last > 0 else [""] * n)
    quality = np.where(naive, ZONE_ASSUMED, 0).astype(np.uint8)
    rejects = _counted(~good, "bad-time", line)
    series: list[Series] = []
    some = np.zeros(n, np.bool_)
    for column in plan.columns:
        place = _find(header, column)
        if place < 0:
            continue
        values = _values([row[place] for row in rows], column)
        present = np.isfinite(values)
        some |= present
        duration = np.full(n, column.width, np.int64) if column.width else None
        table = Rows(start, offset, quality, sources, owner, duration)
        series += table.series(column.code, {"value": values}, good & present)
    return series, rejects + _counted(good & ~some, "no-value", line)


def _values(texts: list[str], column: Column) -> Values:
    values = np.fromiter(map(_number, texts), np.float64, len(texts))
    if column.nothing is not None:
        values[values == column.nothing] = np.nan
    return values / column.per


def _counted(mask: Mask, reason: str, line: int) -> list[Reject]:
    rows = np.flatnonzero(mask)
    return [Reject(reason, f"line {line + int(rows[0])}", len(rows))] if len(rows) else []


def _find(header: list[str], column: Column) -> int:
    """The place of a column; the first heading that holds all its words."""
    for place, heading in enumerate(header[1:], 1):
        if all(word in heading for word in column.words):
            return place
    return -1


def _csv_batches(entry: Entry, plan: CsvFile, zone: ZoneInfo) -> Iterator[tuple[Found, int]]:
    """The blocks of a CSV file."""
    header: list[str] = []
    line = 1
    for block, done in entry.blocks():
        try:
            rows = list(csv.reader(block.decode("utf-8").splitlines()))
        except csv.Error as error:
            raise BadPayload("not a CSV file", field=f"line {line}", file=entry.name) from error
        first = line
        line += len(rows)
        if not header and rows:
            header, rows, first = [cell.strip().lower() for cell in rows[0]], rows[1:], first + 1
            if all(_find(header, column) < 0 for column in plan.columns):
                yield ([], [Reject("unknown-table", "line 1", max(len(rows), 1))]), done
                return
        good = [row for row in rows if len(row) >= len(header)]
        bad = sum(1 for row in rows if row and len(row) < len(header))
        series, rejects = _csv_rows(good, header, plan, zone, first) if good else ([], [])
        if bad:
            rejects.append(Reject("bad-row", f"line {first}", bad))
        yield (series, rejects), done


def _best(plans: list[Plan]) -> dict[str, int]:
    """The best rank present of each metric: every metric stands twice in an export."""
    best: dict[str, int] = {}
    for plan in plans:
        if not isinstance(plan, Skipped):
            best[plan.metric] = min(best.get(plan.metric, plan.rank), plan.rank)
    return best


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """All measurements of an export, one batch per file or block of lines; skipped files are counted.

    Raises: BadPayload, naming the file.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    with opened(path) as entries:
        total = sum(entry.size for entry in entries)
        plans = [plan_of(entry.name) for entry in entries]
        best = _best(plans)
        if not best:
            raise BadPayload("no Fitbit export", field="file", file=path.name)
        if not mark:
            yield Batch(rejects=tuple(_skipped(plans, best)), mark="0:0", total=total)
        for index, (entry, plan) in enumerate(zip(entries, plans, strict=True)):
            if isinstance(plan, Skipped) or plan.rank != best[plan.metric] or index < skip_entry:
                continue
            for part, ((series, rejects), done) in enumerate(_read_one(entry, plan, zone), 1):
                if index > skip_entry or part > skip_part:
                    yield Batch(
                        series=tuple(series),
                        rejects=tuple(tally(rejects)),
                        mark=f"{index}:{part}",
                        done=done,
                        total=total,
                    )


def _read_one(
    entry: Entry, plan: CsvFile | JsonFile | SpanFile, zone: ZoneInfo
) -> Iterator[tuple[Found, int]]:
    if isinstance(plan, SpanFile):
        yield from spans(entry, plan, zone)
    elif isinstance(plan, CsvFile):
        yield from _csv_batches(entry, plan, zone)
    else:
        found = decode_json(entry.read(), plan.metric, zone=zone, file=entry.name)
        yield found, entry.before + entry.size


def _skipped(plans: list[Plan], best: dict[str, int]) -> list[Reject]:
    """How many files are not read, and why."""
    reasons = [
        plan.reason if isinstance(plan, Skipped) else "repeated-metric"
        for plan in plans
        if isinstance(plan, Skipped) or plan.rank != best[plan.metric]
    ]
    return tally(Reject(reason, "file") for reason in reasons)
