"""Reads the public 2016 Fitbit tables: one person per Id, wall clocks without a zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.errors import BadPayload
from ingest.files.cells import (
    Cells,
    Ints,
    cell,
    iso_clocks,
    numbers,
    split,
    us_clocks,
    us_days,
    whole_numbers,
)
from ingest.files.clock_text import DAY, SECOND, Mask, to_utc
from ingest.files.columns import Rows, quality_of
from ingest.files.source import Entry, opened, resumed
from ingest.series import LOW_CONFIDENCE, Batch, Micros, Reject, Seconds, Series, Source, Values

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE


def _source(width: str, method: str) -> Source:
    """Tables of different width repeat the same readings: each is a source of its own, never added up."""
    return Source(f"fitbit-2016|{width}", "Fitbit 2016", "fitbit-2016", width, method)


SECONDS: Final = _source("seconds", "passive")
MINUTES: Final = _source("minute", "passive")
HOURS: Final = _source("hourly", "derived")
DAILY: Final = _source("daily", "derived")
SCALE: Final = _source("scale", "passive")
TYPED: Final = _source("typed", "manual")


@dataclass(frozen=True, slots=True)
class Output:
    """A column that becomes values of a code. width: the length of an interval; minutes_in: the column of it."""

    code: str
    column: str
    source: Source
    width: int = 0
    minutes_in: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table known by its leading columns. clock: how its second column tells time."""

    columns: tuple[str, ...]
    clock: str
    outputs: tuple[Output, ...] = ()
    wide: str = ""
    refused: str = ""


_WEIGHTS: Final = (
    Output("29463-7", "WeightKg", SCALE),
    Output("39156-5", "BMI", SCALE, optional=True),
    Output("41982-0", "Fat", SCALE, optional=True),
)
TABLES: Final = (
    Table(("Id", "Time", "Value"), "us", (Output("8867-4", "Value", SECONDS),)),
    Table(
        ("Id", "ActivityMinute", "HeartRate", "Intensity", "Steps"),
        "iso",
        (
            Output("8867-4", "HeartRate", MINUTES),
            Output("intensity", "Intensity", MINUTES, MINUTE),
            Output("55423-8", "Steps", MINUTES, MINUTE),
        ),
    ),
    Table(
        ("Id", "ActivityHour", *(f"Steps{m:02}" for m in range(60))),
        "us",
        (Output("55423-8", "Steps", MINUTES, MINUTE),),
        wide="Steps",
    ),
    Table(
        ("Id", "ActivityHour", *(f"Intensity{m:02}" for m in range(60))),
        "us",
        (Output("intensity", "Intensity", MINUTES, MINUTE),),
        wide="Intensity",
    ),
    Table(("Id", "ActivityHour", "StepTotal"), "us", (Output("55423-8", "StepTotal", HOURS, HOUR),)),
    Table(
        ("Id", "ActivityHour", "TotalIntensity", "AverageIntensity"),
        "us",
        (Output("intensity", "AverageIntensity", HOURS, HOUR),),
    ),
    # With the basal part: no code of ours for an hour of it, and never to be read as active energy.
    Table(("Id", "ActivityHour", "Calories"), "us", refused="unsupported-type"),
    Table(
        ("Id", "ActivityDate", "TotalSteps"),
        "day",
        (Output("41950-7", "TotalSteps", DAILY), Output("41979-6", "Calories", DAILY)),
    ),
    Table(("Id", "ActivityDay"), "day", refused="repeated-table"),
    # The table tells the day and the minutes, not when the night began.
    Table(
        ("Id", "SleepDay", "TotalSleepRecords", "TotalMinutesAsleep", "TotalTimeInBed"),
        "us",
        (Output("93832-4", "TotalMinutesAsleep", DAILY, minutes_in="TotalTimeInBed"),),
    ),
    Table(("Id", "Date", "WeightKg", "WeightPounds", "Fat", "BMI", "IsManualReport"), "us", _WEIGHTS),
)
COVERAGE: Final = frozenset(output.code for table in TABLES for output in table.outputs)
"""The vital keys that this reader delivers."""

_CLOCKS: Final[dict[str, Callable[[Cells, int], tuple[Micros, Mask]]]] = {
    "us": us_clocks,
    "iso": iso_clocks,
    "day": us_days,
}


def _table_of(header: tuple[str, ...]) -> Table | None:
    fitting = [table for table in TABLES if header[: len(table.columns)] == table.columns]
    wanted = [table for table in fitting if all(o.column in header or table.wide for o in table.outputs)]
    return max(wanted, key=lambda table: len(table.columns), default=None)


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """All tables of a file, folder or zip; one batch per person and block of lines.

    Every row becomes samples or is counted with a reason.

    Raises: BadPayload, naming the file.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    with opened(path) as entries:
        total = sum(entry.size for entry in entries)
        for index, entry in enumerate(entries):
            other = len(entries) > 1 and not entry.name.lower().endswith(".csv")
            if other or index < skip_entry:
                continue
            for part, found in enumerate(_batches(entry, zone)):
                if index > skip_entry or part > skip_part:
                    yield Batch(
                        series=found.series,
                        rejects=found.rejects,
                        person_key=found.person_key,
                        mark=f"{index}:{part}",
                        done=found.done,
                        total=total,
                    )


def _batches(entry: Entry, zone: ZoneInfo) -> Iterator[Batch]:
    """The batches of one table."""
    header: tuple[str, ...] = ()
    table: Table | None = None
    line = 2
    for block, done in entry.blocks():
        body = block
        if not header:
            first, _, body = block.partition(b"\n")
            header = tuple(first.decode("utf-8", "replace").strip().split(","))
            if header == ("",):
                raise BadPayload("no header", field="line 1", file=entry.name)
            table = _table_of(header)
        if table is None or table.refused:
            rows = sum(1 for each in body.split(b"\n") if each.strip())
            reason = "unknown-table" if table is None else table.refused
            yield Batch(rejects=(Reject(reason, "line 1", max(rows, 1)),), done=done)
        else:
            yield from _block(body, table, header, zone, line, done)
        line += body.count(b"\n")
    if not header:
        raise BadPayload("empty", field="line 1", file=entry.name)


def _block(
    body: bytes, table: Table, header: tuple[str, ...], zone: ZoneInfo, line: int, done: int
) -> Iterator[Batch]:
    """One block of lines as a batch per person."""
    cells = split(body, len(header))
    person, known = whole_numbers(cells, 0)
    clock, timed = _CLOCKS[table.clock](cells, 1)
    good = known & timed
    is_day = table.clock == "day"
    start, offset = to_utc(clock * DAY if is_day else clock, zone)
    columns = [(output, *_values(cells, output, table, header)) for output in table.outputs]
    rejects = [
        *_refused(cells.bad, "bad-row", line),
        *_refused(cells.lines[~known], "bad-row", line),
        *_refused(cells.lines[known & ~timed], "bad-time", line),
    ]
    for output, values, _ in columns:
        empty = good[:, None] & ~np.isfinite(values if values.ndim == 2 else values[:, None])
        if not output.optional:
            rejects += _refused(np.repeat(cells.lines, empty.shape[1])[empty.ravel()], "bad-value", line)
    typed = _typed(cells, header)
    for each in dict.fromkeys(person[good].tolist()):
        rows = good & (person == each)
        series: list[Series] = []
        for output, values, duration in columns:
            for source, mask in ((TYPED, rows & typed), (output.source, rows & ~typed)):
                if mask.any():
                    part = (start[mask], offset[mask], values[mask])
                    series += _series(output, source, *part, duration, mask, is_day)
        yield Batch(series=tuple(series), rejects=tuple(rejects), person_key=str(each), done=done)
        rejects = []
    if rejects:
        yield Batch(rejects=tuple(rejects), done=done)


def _refused(lines: Ints, reason: str, first: int) -> list[Reject]:
    """One refusal for all lines that share a reason; it names the first."""
    return [Reject(reason, f"line {first + int(lines[0])}", len(lines))] if len(lines) else []


def _values(
    cells: Cells, output: Output, table: Table, header: tuple[str, ...]
) -> tuple[Values, Micros | None]:
    """The values of an output (one column per minute in a wide table) and the durations of its intervals."""
    n = len(cells)
    if table.wide:
        minutes = [numbers(cells, header.index(f"{table.wide}{minute:02}")) for minute in range(60)]
        return np.stack(minutes, axis=1), np.full(n, output.width, np.int64)
    values = numbers(cells, header.index(output.column))
    if output.minutes_in:
        minutes_in = numbers(cells, header.index(output.minutes_in))
        fine = (minutes_in >= 0) & (minutes_in <= 24 * 60)
        return np.where(fine, values, np.nan), (np.where(fine, minutes_in, 0) * MINUTE).astype(np.int64)
    return values, np.full(n, output.width, np.int64) if output.width else None


def _typed(cells: Cells, header: tuple[str, ...]) -> Mask:
    """Which rows a person typed in."""
    if "IsManualReport" not in header:
        return np.zeros(len(cells), np.bool_)
    column = header.index("IsManualReport")
    return np.array([cell(cells, row, column) == b"True" for row in range(len(cells))], np.bool_)


def _series(
    output: Output,
    source: Source,
    start: Micros,
    offset: Seconds,
    values: Values,
    duration: Micros | None,
    mask: Mask,
    is_day: bool,
) -> list[Series]:
    """One person's values of one output; a wide row spreads over the minutes of its hour."""
    lasting = None if duration is None else duration[mask]
    if values.ndim == 2:
        width = values.shape[1]
        start = (start[:, None] + np.arange(width) * MINUTE).ravel()
        offset, values = np.repeat(offset, width), values.ravel()
        lasting = None if lasting is None else np.repeat(lasting, width)
    quality = quality_of(source, len(start), zone_assumed=not is_day)
    if output.minutes_in:
        quality |= np.uint8(LOW_CONFIDENCE)
    rows = Rows(start, offset, quality, [source], None, lasting)
    return rows.series(output.code, {"value": values}, np.isfinite(values))
