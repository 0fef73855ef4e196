"""Comma-separated bytes to columns without an object per cell: cell borders, numbers and US wall clocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.files.clock_text import DAY, SECOND, Mask, civil_days
from ingest.series import Micros, Values

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

_COMMA: Final = ord(",")
_NEWLINE: Final = ord("\n")
_PAD: Final = bytes(40)
"""No clock is longer, so a cursor that runs off a cell stays inside the buffer."""
_MOST_DIGITS: Final = 18
_LONGEST_NUMBER: Final = 40


@dataclass(frozen=True, slots=True)
class Cells:
    """Borders of the cells of good rows. ``lines`` counts from 0 within the block; ``bad`` are the others."""

    buffer: Bytes
    starts: Ints
    ends: Ints
    lines: Ints
    bad: Ints

    def __len__(self) -> int:
        return len(self.starts)


def split(block: bytes, columns: int) -> Cells:
    """Cuts whole lines into cells; lines with another number of cells are bad, blank lines are nothing."""
    text = block.replace(b"\r\n", b"\n")
    if not text.endswith(b"\n"):
        text += b"\n"
    found = _borders(text, columns)
    if found is not None:
        buffer, starts, ends = found
        return Cells(buffer, starts, ends, np.arange(len(starts)), np.zeros(0, np.int64))
    lines = text.split(b"\n")
    good = [i for i, line in enumerate(lines) if line.count(b",") == columns - 1 and line.strip()]
    kept = set(good)
    bad = [i for i, line in enumerate(lines) if line.strip() and i not in kept]
    text = b"".join(lines[i] + b"\n" for i in good)
    again = _borders(text, columns)
    if again is None:
        nothing = np.zeros((0, columns), np.int64)
        again = np.zeros(len(_PAD), np.uint8), nothing, nothing
    buffer, starts, ends = again
    return Cells(buffer, starts, ends, np.array(good, np.int64), np.array(bad, np.int64))


def _borders(text: bytes, columns: int) -> tuple[Bytes, Ints, Ints] | None:
    """Starts and ends of the cells, when every line has exactly so many."""
    buffer = np.frombuffer(text + _PAD, np.uint8)
    marks = np.flatnonzero((buffer == _COMMA) | (buffer == _NEWLINE))
    if not len(marks) or len(marks) % columns:
        return None
    ends = marks.reshape(-1, columns)
    wanted = np.full(columns, _COMMA, np.uint8)
    wanted[-1] = _NEWLINE
    if not (buffer[ends] == wanted).all():
        return None
    starts = np.concatenate(([0], marks[:-1] + 1)).reshape(-1, columns)
    return buffer, starts, ends


def whole_numbers(cells: Cells, column: int) -> tuple[Ints, Mask]:
    """Cells of 1 to 18 digits, and which cells are such."""
    end = cells.ends[:, column]
    length = end - cells.starts[:, column]
    ok = (length >= 1) & (length <= _MOST_DIGITS)
    value = np.zeros(len(cells), np.int64)
    longest = int(np.where(ok, length, 0).max(initial=0))
    for place in range(longest):
        inside = ok & (place < length)
        digit = cells.buffer[np.maximum(end - 1 - place, 0)] - np.uint8(ord("0"))
        ok &= ~inside | (digit <= 9)
        value += np.where(inside, digit, 0).astype(np.int64) * 10**place
    return np.where(ok, value, 0), ok


def numbers(cells: Cells, column: int) -> Values:
    """Cells as decimal numbers; NaN for an empty cell or one that is no finite number."""
    whole, ok = whole_numbers(cells, column)
    values = np.where(ok, whole, np.nan).astype(np.float64)
    for row in np.flatnonzero(~ok).tolist():
        values[row] = _decimal(cell(cells, row, column))
    return values


def cell(cells: Cells, row: int, column: int) -> bytes:
    """The bytes of one cell, cut at a length that no number or word of a table has."""
    start, end = int(cells.starts[row, column]), int(cells.ends[row, column])
    return cells.buffer[start : min(end, start + _LONGEST_NUMBER)].tobytes()


def _decimal(text: bytes) -> float:
    try:
        fine = len(text) < _LONGEST_NUMBER and b"_" not in text
        value = float(text.decode("ascii")) if fine else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


class Cursor:
    """Reads the same pattern from the cells of a column, all rows in step; ``ok`` says which still fit."""

    def __init__(self, cells: Cells, column: int) -> None:
        self._buffer = cells.buffer
        self._position = cells.starts[:, column].copy()
        self._end = cells.ends[:, column]
        self._last = len(cells.buffer) - 1
        self.ok: Mask = np.ones(len(cells), np.bool_)

    def _here(self, ahead: int = 0) -> Bytes:
        here: Bytes = self._buffer[np.minimum(self._position + ahead, self._last)]
        return here

    def number(self, *, digits: int) -> Ints:
        """A number of exactly so many digits."""
        value = np.zeros(len(self.ok), np.int64)
        for place in range(digits):
            digit = self._here(place) - np.uint8(ord("0"))
            self.ok &= digit <= 9
            value = value * 10 + digit
        self._position += digits
        return value

    def short(self) -> Ints:
        """A number of one digit or two."""
        first = self._here() - np.uint8(ord("0"))
        second = self._here(1) - np.uint8(ord("0"))
        self.ok &= first <= 9
        two = second <= 9
        self._position += 1 + two
        return np.where(two, first.astype(np.int64) * 10 + second, first)

    def literal(self, text: str) -> None:
        """These characters."""
        for character in text.encode():
            self.ok &= self._here() == character
            self._position += 1

    def one_of(self, first: str, second: str) -> Mask:
        """One of two characters; true where it is the second."""
        here = self._here()
        chosen: Mask = here == ord(second)
        self.ok &= chosen | (here == ord(first))
        self._position += 1
        return chosen

    def finished(self) -> Mask:
        """Which rows fitted to the end of their cell."""
        done: Mask = self.ok & (self._position == self._end)
        return done


def us_days(cells: Cells, column: int) -> tuple[Ints, Mask]:
    """``M/D/YYYY`` to days since the epoch."""
    cursor = Cursor(cells, column)
    days, real = _us_date(cursor)
    return days, cursor.finished() & real


def us_clocks(cells: Cells, column: int) -> tuple[Micros, Mask]:
    """``M/D/YYYY h:mm:ss AM|PM`` to microseconds on that wall clock."""
    cursor = Cursor(cells, column)
    days, real = _us_date(cursor)
    cursor.literal(" ")
    hour = cursor.short()
    cursor.literal(":")
    minute = cursor.number(digits=2)
    cursor.literal(":")
    second = cursor.number(digits=2)
    cursor.literal(" ")
    afternoon = cursor.one_of("A", "P")
    cursor.literal("M")
    ok = cursor.finished() & real & (hour >= 1) & (hour <= 12) & (minute < 60) & (second < 60)
    hour = hour % 12 + np.where(afternoon, 12, 0)
    return days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND, ok


def _us_date(cursor: Cursor) -> tuple[Ints, Mask]:
    month = cursor.short()
    cursor.literal("/")
    day = cursor.short()
    cursor.literal("/")
    return civil_days(cursor.number(digits=4), month, day)


def iso_clocks(cells: Cells, column: int) -> tuple[Micros, Mask]:
    """``YYYY-MM-DD HH:MM:SS`` to microseconds on that wall clock."""
    cursor = Cursor(cells, column)
    year = cursor.number(digits=4)
    cursor.literal("-")
    month = cursor.number(digits=2)
    cursor.literal("-")
    days, real = civil_days(year, month, cursor.number(digits=2))
    cursor.literal(" ")
    hour = cursor.number(digits=2)
    cursor.literal(":")
    minute = cursor.number(digits=2)
    cursor.literal(":")
    second = cursor.number(digits=2)
    ok = cursor.finished() & real & (hour < 24) & (minute < 60) & (second < 60)
    return days * DAY + ((hour * 60 + minute) * 60 + second) * SECOND, ok
