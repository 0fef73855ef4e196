"""Reads columns of FHIR dateTime texts at once: instants, offsets, and what is the matter with the others."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.series import Micros, Seconds

OK: Final = 0
ASSUMED: Final = 1
"""A time without zone: the given zone was used."""
DAY: Final = 2
"""A bare date: the start is midnight in the given zone."""
RICHER: Final = 3
"""A valid time that no column holds as it is: a year, a month, or a fraction finer than microseconds."""
BAD: Final = 4

_WIDTH: Final = 36  # 2026-06-10T06:42:00.123456789+09:00 and one to see that it is too long
_YEARS: Final = (1900, 2199)  # no measurement of a living person lies outside
_SECOND: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - local wall clock, the zone is applied afterwards
_Codes = npt.NDArray[np.uint8]
"""Characters less "0": one row for each column of the texts, so that a digit is below 10."""
_Whole = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]
_DASH, _COLON, _DOT, _PLUS, _T, _Z = (np.uint8((ord(mark) - 48) % 256) for mark in "-:.+TZ")
_ZERO: Final = (1970 - _YEARS[0]) * 12
_FIRST_DAYS: Final = (
    np.arange(f"{_YEARS[0]}-01", f"{_YEARS[1] + 1}-02", dtype="datetime64[M]")
    .astype("datetime64[D]")
    .astype(np.int64)
)
"""The first day of each month, in days since 1970."""


class Times(NamedTuple):
    """One row for each text; start and offset mean something in the states OK, ASSUMED and DAY."""

    start: Micros
    offset: Seconds
    state: npt.NDArray[np.uint8]


def _number(codes: _Codes, first: int, count: int) -> _Whole:
    value: _Whole = codes[first].astype(np.int64)
    for column in range(first + 1, first + count):
        value = value * 10 + codes[column]
    return value


def _digits(codes: _Codes, *columns: int) -> _Mask:
    good: _Mask = codes[columns[0]] < 10
    for column in columns[1:]:
        good &= codes[column] < 10
    return good


def _days(codes: _Codes) -> tuple[_Whole, _Mask]:
    """Days since 1970 of the leading YYYY-MM-DD, and which of them are dates."""
    good = _digits(codes, 0, 1, 2, 3, 5, 6, 8, 9) & (codes[4] == _DASH) & (codes[7] == _DASH)
    year, month, day = _number(codes, 0, 4), _number(codes, 5, 2), _number(codes, 8, 2)
    good &= (year >= _YEARS[0]) & (year <= _YEARS[1]) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    return _FIRST_DAYS[months + _ZERO] + day - 1, good & (
        day <= _FIRST_DAYS[months + _ZERO + 1] - _FIRST_DAYS[months + _ZERO]
    )


def _clock(codes: _Codes) -> tuple[_Whole, _Mask]:
    """Seconds of the day of THH:MM:SS at column 10, and which of them are times."""
    good = _digits(codes, 11, 12, 14, 15, 17, 18) & (codes[10] == _T)
    good &= (codes[13] == _COLON) & (codes[16] == _COLON)
    hour, minute, second = _number(codes, 11, 2), _number(codes, 14, 2), _number(codes, 17, 2)
    return hour * 3600 + minute * 60 + second, good & (hour < 24) & (minute < 60) & (second < 60)


def _zone(codes: _Codes, length: int) -> tuple[_Whole, _Mask, _Whole]:
    """The offset in seconds, where one is written, and the length without the zone."""
    zulu = codes[length - 1] == _Z
    if length < 25:
        return np.zeros(codes.shape[1], np.int64), zulu, np.where(zulu, length - 1, length)
    minus = codes[length - 6] == _DASH
    hour, minute = _number(codes, length - 5, 2), _number(codes, length - 2, 2)
    written = (minus | (codes[length - 6] == _PLUS)) & (codes[length - 3] == _COLON)
    written &= _digits(codes, length - 5, length - 4, length - 2, length - 1)
    written &= (minute < 60) & (hour * 60 + minute <= 14 * 60)
    seconds = np.where(minus, -1, 1) * (hour * 3600 + minute * 60)
    rest = np.where(written, length - 6, np.where(zulu, length - 1, length))
    return np.where(written, seconds, 0), written | zulu, rest


def _fraction(codes: _Codes, end: _Whole) -> tuple[_Whole, _Mask, _Mask]:
    """Microseconds of the fraction between column 19 and ``end``, where it is right, and where it is too fine."""
    micros = np.zeros(len(end), np.int64)
    good = end == 19
    fine = np.zeros(len(end), np.bool_)
    if good.all():
        return micros, good, fine
    for stop in np.unique(end[end > 20]).tolist():
        rows = np.flatnonzero(end == stop)
        part = codes[:, rows]
        count = stop - 20
        good[rows] = (part[19] == _DOT) & _digits(part, *range(20, stop))
        micros[rows] = _number(part, 20, min(count, 6)) * 10 ** max(0, 6 - count)
        fine[rows] = count > 6
    return micros, good, fine & good


def _assume(local: int, zone: ZoneInfo) -> int:
    """Offset in seconds of a wall clock time (microseconds since 1970, local) in the zone."""
    found = (_EPOCH + timedelta(microseconds=local)).replace(tzinfo=zone).utcoffset()
    return 0 if found is None else int(found.total_seconds())


def _partial(text: str) -> bool:
    """Whether the text is a year or a month, which FHIR allows as a dateTime."""
    year, _, month = text.partition("-")
    written = len(year) == 4 and year.isascii() and year.isdigit() and _YEARS[0] <= int(year) <= _YEARS[1]
    if not month:
        return written and len(text) == 4
    return written and len(month) == 2 and month.isascii() and month.isdigit() and 1 <= int(month) <= 12


def _codes(texts: list[str], rows: npt.NDArray[np.intp], length: int) -> _Codes:
    """The characters of the rows, all of that length; what is no ASCII becomes a question mark."""
    chosen = texts if len(rows) == len(texts) else [texts[row] for row in rows.tolist()]
    flat = np.frombuffer("".join(chosen).encode("ascii", "replace"), np.uint8)
    return np.ascontiguousarray(flat.reshape(len(rows), length).T) - np.uint8(48)


def parse(texts: list[str], zone: ZoneInfo) -> Times:
    """The instants of FHIR dateTime texts; never raises for a text, its ``state`` says what it is."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    times = Times(
        np.zeros(len(texts), np.int64), np.zeros(len(texts), np.int32), np.full(len(texts), BAD, np.uint8)
    )
    for length in np.unique(lengths).tolist():
        rows = np.flatnonzero(lengths == length)
        if length in (4, 7):
            times.state[[r for r in rows.tolist() if _partial(texts[r])]] = RICHER
        elif length == 10:
            _fill_days(times, rows, _codes(texts, rows, length), zone)
        elif 19 <= length < _WIDTH:
            _fill_instants(times, rows, _codes(texts, rows, length), length, zone)
    return times


def _fill_days(times: Times, rows: npt.NDArray[np.intp], codes: _Codes, zone: ZoneInfo) -> None:
    days, good = _days(codes)
    offsets = {day: _assume(day * 86_400 * _SECOND, zone) for day in np.unique(days[good]).tolist()}
    offset = np.array([offsets.get(day, 0) for day in days.tolist()], np.int64)
    times.start[rows] = (days * 86_400 - offset) * _SECOND
    times.offset[rows] = offset
    times.state[rows[good]] = DAY


def _fill_instants(
    times: Times, rows: npt.NDArray[np.intp], codes: _Codes, length: int, zone: ZoneInfo
) -> None:
    days, good = _days(codes)
    clock, right = _clock(codes)
    offset, zoned, end = _zone(codes, length)
    micros, fraction, fine = _fraction(codes, end)
    good &= right & fraction
    local = (days * 86_400 + clock) * _SECOND + micros
    state = np.where(good, np.where(zoned, OK, ASSUMED), BAD)
    state[good & fine] = RICHER
    for row in np.flatnonzero(state == ASSUMED).tolist():
        offset[row] = _assume(int(local[row]), zone)
    times.start[rows] = local - offset * _SECOND
    times.offset[rows] = offset
    times.state[rows] = state
