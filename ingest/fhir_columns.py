"""Sorts the rows read from Observations into series: times parsed at once, panels put together again."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest import fhir_times, phd
from ingest.fhir_runs import Run
from ingest.fhir_shape import Fixed
from ingest.series import ZONE_ASSUMED, Flags, Micros, Reject, Seconds, Series, Source, Values

Row = tuple[int, int, str, str, int, float]
"""Line number, group, start text, end text, quality bits, value; several components: their place in a list."""
Components = list[tuple[float, ...]]
Named = dict[int, tuple[int, int]]
"""Line number -> the device's own time in its identifier: seconds since 2000, and quarters of an hour east of UTC."""
Lines = npt.NDArray[np.int64]
_WIDEST: Final = 1e15  # beyond, a float no longer holds every whole number and rounding says nothing


class Part(NamedTuple):
    """One series of one subject; ``lines`` are the line numbers of its rows.

    ``lines`` has one entry, None, but for a panel, where each channel has its own and -1 means no line.
    """

    subject: str
    series: Series
    lines: Mapping[str | None, Lines]


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows as series, the lines that a column cannot hold after all, and the refused ones."""

    parts: list[Part] = field(default_factory=list)
    richer: list[int] = field(default_factory=list)
    rejects: list[tuple[int, Reject]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The rows of one group."""

    line: Lines
    start: Micros
    end: Micros
    offset: Seconds
    quality: Flags
    values: npt.NDArray[np.float64]

    def take(self, rows: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> _Columns:
        return _Columns(
            self.line[rows],
            self.start[rows],
            self.end[rows],
            self.offset[rows],
            self.quality[rows],
            self.values[rows],
        )


class _Read(NamedTuple):
    """Rows and runs as columns, one after another."""

    line: Lines
    group: npt.NDArray[np.int64]
    starts: list[str]
    ends: list[str]
    bits: Flags
    values: npt.NDArray[np.float64]


def _together(rows: list[Row], runs: list[Run]) -> _Read:
    lines, groups, starts, ends, bits, values = map(list, zip(*rows, strict=True)) if rows else ([],) * 6
    times = [run.starts() for run in runs]
    counts = [len(run.lines) for run in runs]
    starts = list(itertools.chain(starts, *times))
    return _Read(
        np.concatenate([np.array(part, np.int64) for part in (lines, *(run.lines for run in runs))]),
        np.concatenate(
            [np.array(groups, np.int64), np.repeat(np.array([run.group for run in runs], np.int64), counts)]
        ),
        starts,
        [*ends, *starts[len(ends) :]],
        np.concatenate(
            [np.array(bits, np.uint8), np.repeat(np.array([run.bits for run in runs], np.uint8), counts)]
        ),
        np.concatenate([np.array(values, np.float64), *(run.values() for run in runs)]),
    )


def sort_rows(
    rows: list[Row],
    runs: list[Run],
    components: Components,
    groups: list[Fixed],
    zone: ZoneInfo,
    named: Named,
) -> Sorted:
    """The series of the rows and runs; ``groups`` says what the group numbers mean."""
    result = Sorted()
    line, group, starts, ends, bits, values = _together(rows, runs)
    if not len(line):
        return result
    begin = fhir_times.parse(starts, zone)
    intervals = np.array([fixed.vital.kind == "interval" for fixed in groups])[group]
    finish = _ends(ends, begin, np.flatnonzero(intervals), zone)
    kind_day = np.array([fixed.vital.kind == "day" for fixed in groups])[group]
    fits = _fitting(begin.state, finish.state, kind_day)
    _sort_out(result, line, begin, finish, fits, intervals)
    columns = _Columns(
        line,
        begin.start,
        finish.start,
        begin.offset,
        bits | np.where(begin.state == fhir_times.ASSUMED, ZONE_ASSUMED, 0).astype(np.uint8),
        values,
    )
    kept = np.flatnonzero(fits & (finish.start >= begin.start))
    kept = kept[np.lexsort((line[kept], group[kept]))]
    ids, firsts = np.unique(group[kept], return_index=True)
    pieces = zip(ids.tolist(), np.split(kept, firsts)[1:], strict=True)
    parts = [(groups[number], columns.take(piece)) for number, piece in pieces]
    _place([(of, _as_named(of, part, named, result)) for of, part in parts], components, result)
    return result


def _ends(
    texts: list[str], begin: fhir_times.Times, rows: npt.NDArray[np.intp], zone: ZoneInfo
) -> fhir_times.Times:
    """The ends of intervals; what is no interval ends when it starts."""
    finish = fhir_times.Times(begin.start.copy(), begin.offset, begin.state.copy())
    if len(rows):
        parsed = fhir_times.parse([texts[row] for row in rows.tolist()], zone)
        finish.start[rows] = parsed.start
        finish.state[rows] = parsed.state
    return finish


def _fitting(
    begin: npt.NDArray[np.uint8], finish: npt.NDArray[np.uint8], day: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Where the precision of the times is that of the vital: a date for days, an instant for the rest."""
    instants = (begin <= fhir_times.ASSUMED) & (finish <= fhir_times.ASSUMED)
    return np.where(day, begin == fhir_times.DAY, instants).astype(np.bool_)


def _sort_out(
    result: Sorted,
    line: Lines,
    begin: fhir_times.Times,
    finish: fhir_times.Times,
    fits: npt.NDArray[np.bool_],
    intervals: npt.NDArray[np.bool_],
) -> None:
    """Refuses bad times, and leaves those of another precision to documents."""
    bad_start = begin.state == fhir_times.BAD
    bad_end = ~bad_start & ((finish.state == fhir_times.BAD) | (fits & (finish.start < begin.start)))
    for row in np.flatnonzero(bad_start | bad_end).tolist():
        place = "effectivePeriod" if intervals[row] else "effective[x]"
        if intervals[row]:
            place += ".start" if bad_start[row] else ".end"
        result.rejects.append((int(line[row]), Reject("bad-time", f"line {line[row]}: {place}")))
    result.richer.extend(line[~fits & ~bad_start & ~bad_end].tolist())


def _place(pieces: list[tuple[Fixed, _Columns]], components: Components, result: Sorted) -> None:
    panels: dict[tuple[str, str, str], list[tuple[Fixed, _Columns]]] = defaultdict(list)
    together = np.array(components, np.float64)
    for fixed, single in pieces:
        several = fixed.channel is None and len(fixed.vital.channels) > 1
        columns = replace(
            single,
            values=together[single.values.astype(np.intp)] if several else single.values[:, np.newaxis],
        )
        kept = _as_precise(fixed, columns, result)
        if not len(kept.line):
            continue
        if fixed.channel is not None:
            panels[fixed.subject, fixed.vital.key, fixed.source.key].append((fixed, kept))
            continue
        vital = fixed.vital
        channels = {c.name: np.ascontiguousarray(kept.values[:, n]) for n, c in enumerate(vital.channels)}
        duration = kept.end - kept.start if vital.kind == "interval" else None
        series = _series(vital.key, fixed.source, kept, channels, duration)
        result.parts.append(Part(fixed.subject, series, {None: kept.line}))
    result.parts.extend(_panel(parts) for parts in panels.values())


def _as_named(fixed: Fixed, columns: _Columns, named: Named, result: Sorted) -> _Columns:
    """The rows whose identifiers the columns write again as they came; the others are documents."""
    if not fixed.source.phd:
        return columns
    given = np.array([named[line] for line in columns.line.tolist()], np.int64)
    holds = phd.holds(fixed.source.phd, given[:, 0], given[:, 1], columns.start, columns.offset)
    result.richer.extend(columns.line[~holds].tolist())
    return columns.take(holds)


def _as_precise(fixed: Fixed, columns: _Columns, result: Sorted) -> _Columns:
    """The rows whose values the channels hold as they are; the others are documents."""
    channels = (fixed.channel,) if fixed.channel else fixed.vital.channels
    holds = np.ones(len(columns.line), np.bool_)
    for number, channel in enumerate(channels):
        value = columns.values[:, number]
        narrow = np.where(np.abs(value) < _WIDEST, value, np.nan)
        holds &= np.isnan(value) | (np.round(narrow, channel.decimals) == narrow)
    if holds.all():
        return columns
    result.richer.extend(columns.line[~holds].tolist())
    return columns.take(holds)


def _series(
    key: str,
    source: Source,
    columns: _Columns,
    channels: Mapping[str, Values],
    duration: Micros | None = None,
) -> Series:
    return Series(
        code=key,
        source=source,
        start=columns.start,
        channels=channels,
        offset=columns.offset,
        quality=columns.quality,
        duration=duration,
    )


def _panel(parts: list[tuple[Fixed, _Columns]]) -> Part:
    """One row for each day (and each repeat of an item on it), a column for each item that occurs."""
    places: dict[tuple[int, int, int, int], int] = {}
    rows: list[tuple[_Columns, int]] = []
    cells: list[tuple[str, int, float, int]] = []
    for fixed, columns in parts:
        name = fixed.channel.name if fixed.channel else ""
        seen: dict[tuple[int, int, int], int] = defaultdict(int)
        keys = zip(columns.start.tolist(), columns.offset.tolist(), columns.quality.tolist(), strict=True)
        for index, key in enumerate(keys):
            place = places.setdefault((*key, seen[key]), len(places))
            seen[key] += 1
            if place == len(rows):
                rows.append((columns, index))
            cells.append((name, place, float(columns.values[index, 0]), int(columns.line[index])))
    channels: dict[str, Values] = {}
    lines: dict[str | None, Lines] = {}
    for name, place, value, line in cells:
        channels.setdefault(name, np.full(len(rows), np.nan))[place] = value
        lines.setdefault(name, np.full(len(rows), -1, np.int64))[place] = line
    fixed = parts[0][0]
    firsts = _Columns(
        np.array([columns.line[index] for columns, index in rows], np.int64),
        np.array([columns.start[index] for columns, index in rows], np.int64),
        np.array([columns.end[index] for columns, index in rows], np.int64),
        np.array([columns.offset[index] for columns, index in rows], np.int32),
        np.array([columns.quality[index] for columns, index in rows], np.uint8),
        np.empty((len(rows), 0)),
    )
    return Part(fixed.subject, _series(fixed.vital.key, fixed.source, firsts, channels), lines)
