"""Clock text to microseconds: RFC 3339 instants, wall clocks and zones, whole columns at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.series import Micros, Seconds

Mask = npt.NDArray[np.bool_]
Days = npt.NDArray[np.int64]
"""Whole days since 1970-01-01."""

SECOND: Final = 1_000_000
DAY: Final = 86_400 * SECOND
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200
"""Years outside these are mistakes of a clock, never measurements."""

_STAMP: Final = b"0000-00-00T00:60:60"
_WEEK: Final = 7 * 86_400
_WIDEST: Final = 64
"""No clock text is longer; longer text is cut, and so refused."""
_OFFSET: Final = re.compile(r"(-?)(\d{1,5})s")
_FURTHEST: Final = 18 * 3600
"""RFC 3339 offsets and ``java.time`` stop at 18 hours."""


def _month_tables() -> tuple[Days, Days]:
    """First day and length of every month of the years allowed, indexed by month number."""
    months = np.arange(f"{FIRST_YEAR}-01", f"{LAST_YEAR + 1}-02", dtype="datetime64[M]")
    firsts = months.astype("datetime64[D]").astype(np.int64)
    return firsts[:-1], np.diff(firsts)


_FIRSTS, _LENGTHS = _month_tables()


def civil_days(year: Days, month: Days, day: Days) -> tuple[Days, Mask]:
    """Days since the epoch, and which of the dates exist within the years allowed."""
    ok = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12)
    index = np.where(ok, (year - FIRST_YEAR) * 12 + month - 1, 0)
    ok &= (day >= 1) & (day <= _LENGTHS[index])
    return np.where(ok, _FIRSTS[index] + day - 1, 0), ok


_DAY_SECONDS: Final = 86_400


def _pair(rows: npt.NDArray[np.uint8], place: int) -> Days:
    """The two-digit numbers that begin at a place."""
    pair: Days = (rows[:, place] * np.uint8(10) + rows[:, place + 1]).astype(np.int64)
    return pair


def _seconds(rows: npt.NDArray[np.uint8], place: int) -> Days:
    """The second of the day of ``HH:MM:SS`` that begins at a place."""
    return (_pair(rows, place) * 60 + _pair(rows, place + 3)) * 60 + _pair(rows, place + 6)


def _limits(template: bytes) -> npt.NDArray[np.uint8]:
    """The largest digit at each place of a pattern; 0 at places that are no digits."""
    return np.array([9 if c == ord("0") else 5 if c == ord("6") else 0 for c in template], np.uint8)


def _rows(text: bytes, template: bytes) -> tuple[npt.NDArray[np.uint8], Mask]:
    """Rows of digit values, and which rows look like the template (0: any digit, 6: a digit up to 5)."""
    plain = np.frombuffer(template.replace(b"6", b"0"), np.uint8)
    rows = np.frombuffer(text, np.uint8).reshape(-1, len(template)) - plain
    fits = rows <= _limits(template)
    if fits.all():
        return rows, np.ones(len(rows), np.bool_)
    ok = fits.all(axis=1)
    return np.where(ok[:, None], rows, 0).astype(np.uint8), ok


def _fixed(text: bytes, tail: bytes, *, fraction: int) -> tuple[Micros, Mask]:
    """Parses equal rows ``YYYY-MM-DDTHH:MM:SS[.f]<tail>`` and a line end that stand one after another."""
    rows, ok = _rows(text, _STAMP + (b"." + b"0" * fraction if fraction else b"") + tail + b"\n")
    days, dated = civil_days(_pair(rows, 0) * 100 + _pair(rows, 2), _pair(rows, 5), _pair(rows, 8))
    second = _seconds(rows, 11)
    ok &= dated & (second < _DAY_SECONDS)
    micros = days * DAY + second * SECOND
    for place in range(min(fraction, 6)):
        micros += rows[:, 20 + place].astype(np.int64) * 10 ** (5 - place)
    return micros, ok


def _odd(text: str) -> int | None:
    """One stamp in a form the columns do not know (a numeric offset), in microseconds."""
    if not text.isascii() or len(text) > _WIDEST:
        return None
    try:
        moment = datetime.fromisoformat(text)
        since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
    if since is None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    return since // timedelta(microseconds=1)


def _stamps(texts: Sequence[str], tail: bytes) -> tuple[Micros, Mask]:
    """The shared work of ``instants`` and ``wall_clocks``: texts are grouped by length and read as columns."""
    n = len(texts)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.bool_)
    plain = len(_STAMP) + len(tail) + 1
    # One newline after each text: n texts fill n rows only when none of them holds a newline itself.
    joined = "\n".join(texts).encode("utf-8", "replace") + b"\n"
    if len(joined) == plain * n:
        micros, ok = _fixed(joined, tail, fraction=0)
        if ok.all():
            return micros, ok
    micros, ok = np.zeros(n, np.int64), np.zeros(n, np.bool_)
    lengths = np.fromiter(map(len, texts), np.int64, n)
    for length in np.unique(lengths):
        width = int(length) + 1
        fraction = 0 if width == plain else width - plain - 1
        if not 0 <= fraction <= 9 or (fraction == 0 and width != plain):
            continue
        rows = np.flatnonzero(lengths == length)
        block = "".join(texts[i].replace("\n", "?") + "\n" for i in rows.tolist()).encode("ascii", "replace")
        micros[rows], ok[rows] = _fixed(block, tail, fraction=fraction)
    return micros, ok


def instants(texts: Sequence[str]) -> tuple[Micros, Mask]:
    """RFC 3339 text to UTC microseconds, and which texts were such instants.

    >>> instants(["1970-01-01T00:00:01Z", "1970-01-01T00:00:01.5Z", "yesterday"])[1].tolist()
    [True, True, False]
    """
    micros, ok = _stamps(texts, b"Z")
    for row in np.flatnonzero(~ok).tolist():
        if len(texts[row]) > len(_STAMP) and not texts[row].endswith("Z"):
            value = _odd(texts[row])
            if value is not None:
                micros[row], ok[row] = value, True
    return micros, ok


def wall_clocks(texts: Sequence[str]) -> tuple[Micros, Mask]:
    """``YYYY-MM-DDTHH:MM:SS[.fff]`` without a zone to microseconds on that wall clock.

    >>> wall_clocks(["1970-01-01T00:00:01.000"])[0].tolist()
    [1000000]
    """
    return _stamps(texts, b"")


def dates(texts: Sequence[str]) -> tuple[Days, Mask]:
    """``YYYY-MM-DD`` to days since the epoch.

    >>> dates(["1970-01-02"])[0].tolist()
    [1]
    """
    micros, ok = _stamps([text + "T00:00:00" for text in texts], b"")
    return micros // DAY, ok


def times_of_day(texts: Sequence[str]) -> tuple[Micros, Mask]:
    """``HH:MM:SS`` to microseconds since midnight.

    >>> times_of_day(["00:01:00"])[0].tolist()
    [60000000]
    """
    n = len(texts)
    joined = "\n".join(texts).encode("utf-8", "replace") + b"\n"
    if n and len(joined) == 9 * n:
        rows, ok = _rows(joined, b"00:60:60\n")
        second = _seconds(rows, 0)
        if ok.all():
            return second * SECOND, second < _DAY_SECONDS
    return _stamps([("1970-01-01T" + text) if len(text) == 8 else "" for text in texts], b"")


def offset_seconds(text: str) -> int | None:
    """A protobuf duration used as a UTC offset, ``"32400s"``, in seconds.

    >>> offset_seconds("-14400s"), offset_seconds("1 h")
    (-14400, None)
    """
    found = _OFFSET.fullmatch(text) if len(text) < _WIDEST else None
    if found is None or int(found[2]) > _FURTHEST:
        return None
    return -int(found[2]) if found[1] else int(found[2])


@cache
def _transitions(zone: ZoneInfo) -> tuple[Days, Days]:
    """The UTC seconds at which a zone changes its offset within the years allowed, and the offsets between."""

    def offset(second: int) -> int:
        moment = datetime.fromtimestamp(second, UTC).astimezone(zone)
        return int((moment.utcoffset() or timedelta()).total_seconds())

    first = int(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()) - _WEEK
    last = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) + _WEEK
    changes: list[int] = []
    offsets = [offset(first)]
    for begin in range(first, last, _WEEK):
        low, high = begin, begin + _WEEK
        after = offset(high)
        if after == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offsets[-1] else (low, middle)
        changes.append(high)
        offsets.append(after)
    return np.array(changes, np.int64), np.array(offsets, np.int64)


def zone_offsets(utc: Micros, zone: ZoneInfo) -> Seconds:
    """Seconds east of UTC in the zone at each instant."""
    changes, offsets = _transitions(zone)
    found: Seconds = offsets[np.searchsorted(changes, utc // SECOND, side="right")].astype(np.int32)
    return found


def to_utc(local: Micros, zone: ZoneInfo) -> tuple[Micros, Seconds]:
    """Wall clocks of a zone to UTC and their offsets.

    Like ``fold=0``: of an hour that happens twice the first one is meant, and a time that the clock
    skipped counts with the offset before the change.
    """
    changes, offsets = _transitions(zone)
    walls = changes + np.maximum(offsets[:-1], offsets[1:])
    offset = offsets[np.searchsorted(walls, local // SECOND, side="right")]
    return local - offset * SECOND, offset.astype(np.int32)
