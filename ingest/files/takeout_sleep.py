"""Reads the sleep tables of a Takeout, whose rows tell begin and end in UTC with the offset of the place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.files.exported import LONGEST, Findings, Table, numbers, tables
from ingest.files.fitbit_sleep import SLEEP
from ingest.files.moments import When, when, with_offsets
from ingest.files.source import Entry
from ingest.files.takeout_tables import SpanFile
from ingest.series import Reject, Series, Values

_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})")
_ZONED: Final = re.compile(r"Z$|[+-]\d{2}:?\d{2}$")
_STAGES: Final = {
    "wake": 1.0,
    "awake": 1.0,
    "light": 2.0,
    "deep": 3.0,
    "rem": 4.0,
    "asleep": 5.0,
    "restless": 6.0,
}


def spans(
    entry: Entry, plan: SpanFile, zone: ZoneInfo
) -> Iterator[tuple[tuple[list[Series], list[Reject]], int]]:
    """The parts of a table; one without the columns of its plan is counted.

    Raises: BadPayload, when the file is no table.
    """
    for table, found in tables(entry):
        heading = tuple(name.lower().removesuffix("(utc)").strip() for name in table.heading)
        plain = Table(heading, table.rows, table.lines, table.done)
        if not {plan.start, plan.end, plan.value} <= set(heading):
            found.refuse("unknown-table", "line 1", max(len(table.rows), 1))
        elif table.rows:
            _rows(plain, plan, zone, found)
        yield (found.series, found.rejects), table.done


def _rows(table: Table, plan: SpanFile, zone: ZoneInfo, found: Findings) -> None:
    times, until = _instants(table, plan.start, zone, found), _instants(table, plan.end, zone, found)
    times = with_offsets(times, [_offset(cell) for cell in table.cells("start_utc_offset")])
    length = np.where(until.good, until.start - times.start, -1)
    values = _values(table, plan, found)
    used = found.add(plan.code, SLEEP, times, values, duration=length)
    both = times.good & until.good
    found.refuse_rows(both & ((length < 0) | (length > LONGEST)), "bad-time", table.places(plan.end))
    found.refuse_rows(both & ~used & np.isnan(values), "no-value", table.places(plan.value))


def _values(table: Table, plan: SpanFile, found: Findings) -> Values:
    """Minutes, or stages by their names."""
    cells = table.cells(plan.value)
    if plan.code == "sleep-stage":
        return np.array([_STAGES.get(cell.strip().lower(), np.nan) for cell in cells])
    values, wrong = numbers(cells)
    found.refuse_rows(wrong, "bad-value", table.places(plan.value))
    return values


def _instants(table: Table, name: str, zone: ZoneInfo, found: Findings) -> When:
    """Instants of a column in UTC, whether or not it says so."""
    texts = [cell.strip() for cell in table.cells(name)]
    times = when([text if _ZONED.search(text, 10) else text + "Z" for text in texts], zone)
    found.refuse_rows(~times.good, "bad-time", table.places(name))
    return times


def _offset(cell: str) -> int | None:
    """``+05:30`` in seconds east; None for other text.

    >>> _offset("+05:30"), _offset("-04:00"), _offset("")
    (19800, -14400, None)
    """
    found = _OFFSET.fullmatch(cell.strip())
    if found is None or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return -seconds if found[1] == "-" else seconds
