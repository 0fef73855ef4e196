"""Search of Observations: FHIR R4 parameters to conditions, strict by default, with date semantics as ranges.

https://hl7.org/fhir/R4/search.html. A parameter or modifier that is not known is refused, never ignored:
a wrong result is worse than an error.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from phr.clock import micros
from phr.domain.days import begins
from phr.errors import Invalid

_PREFIX: Final = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=\d)", re.ASCII)
_MOMENT: Final = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?",
    re.ASCII,
)
_YEARS: Final = (1900, 2200)
MAX_COUNT: Final = 1000
Bools = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Token:
    """``[system]|[code]``: system None for any, "" for none; code None for any code of the system."""

    system: str | None
    code: str | None

    def holds(self, pair: tuple[str, str]) -> bool:
        """Whether a stored system and code fit."""
        return self.system in (None, pair[0]) and self.code in (None, pair[1])


@dataclass(frozen=True, slots=True)
class DateRange:
    """A searched date: a prefix and the range [low, high) of microseconds that the value names."""

    prefix: str
    low: int
    high: int

    def matches(self, low: Longs, high: Longs) -> Bools:
        """Which stored ranges [low, high) match (n)."""
        found: Bools = self._compare(low, high)
        return found

    def holds(self, low: int, high: int) -> bool:
        """Whether one stored range [low, high) matches."""
        return bool(self._compare(low, high))

    def _compare(self, low: Any, high: Any) -> Any:
        inside = (self.low <= low) & (high <= self.high)
        match self.prefix:
            case "eq":
                return inside
            case "ne":
                return np.logical_not(inside)
            case "gt":
                return high > self.high
            case "lt":
                return low < self.low
            case "ge":
                return (high > self.high) | inside
            case "le":
                return (low < self.low) | inside
            case "sa":
                return low >= self.high
            case "eb":
                return high <= self.low
            case _:
                return (low < self.high) & (high > self.low)

    def bounds(self) -> tuple[int | None, int | None]:
        """Instants that a match cannot begin after or end before: (earliest start, latest start), open as None."""
        match self.prefix:
            case "eq" | "ap":
                return self.low, self.high
            case "gt" | "ge" | "sa":
                return self.low, None
            case "lt" | "eb":
                return None, self.low
            case "le":
                return None, self.high
            case _:
                return None, None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the start and id of its last Observation."""

    start_us: int
    id: str


class Condition(Protocol):
    """A condition on the JSON of a resource; see phr.domain.fhirsearch."""

    @property
    def name(self) -> str:
        """The parameter."""

    @property
    def modifier(self) -> str:
        """What changes its meaning, or ''."""

    @property
    def value(self) -> str:
        """What is asked for, as it was written."""

    @property
    def tops(self) -> frozenset[str]:
        """The top-level elements that it reads."""

    @property
    def positive(self) -> bool:
        """Whether it holds only through something that is there."""

    @property
    def fits(self) -> Callable[[Mapping[str, Any]], bool]:
        """Whether a resource fulfils it."""


@dataclass(frozen=True, slots=True)
class ObservationQuery:
    """What is searched. Outer sequences are ANDed, inner ones ORed.

    criteria: every condition, those that the other fields hold already among them; documents are asked for all of
    them, samples only for those that no field holds.
    """

    patients: tuple[str, ...] = ()
    codes: tuple[tuple[Token, ...], ...] = ()
    categories: tuple[tuple[Token, ...], ...] = ()
    dates: tuple[tuple[DateRange, ...], ...] = ()
    ids: tuple[str, ...] | None = None
    statuses: tuple[tuple[Token, ...], ...] = ()
    descending: bool = True
    count: int = 50
    cursor: Cursor | None = None
    criteria: tuple[Condition, ...] = ()


def split(value: str, by: str) -> list[str]:
    r"""Splits at unescaped separators; ``\\,``, ``\\|``, ``\\$`` and ``\\\\`` stand for the sign itself."""
    if "\\" not in value:
        return value.split(by)
    parts = [""]
    escaped = False
    for sign in value:
        if escaped:
            parts[-1] += sign if sign in ",|$\\" and by != "," else "\\" + sign
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == by:
            parts.append("")
        else:
            parts[-1] += sign
    if escaped:
        parts[-1] += "\\"
    return parts


def tokens(value: str, field: str) -> tuple[Token, ...]:
    """The alternatives of a token parameter."""
    found = []
    for part in split(value, ","):
        pieces = split(part, "|")
        if len(pieces) > 2 or not any(pieces):
            raise Invalid("expected [system]|[code]", field=field)
        if len(pieces) == 1:
            found.append(Token(None, pieces[0]))
        else:
            found.append(Token(pieces[0], pieces[1] or None))
    return tuple(found)


def dates(value: str, field: str, zone: ZoneInfo) -> tuple[DateRange, ...]:
    """The alternatives of a date parameter. A value without a zone is the city's local time."""
    found = []
    for part in split(value, ","):
        match = _PREFIX.match(part)
        prefix, text = (match.group(1), part[2:]) if match else ("eq", part)
        if " " in text:
            raise Invalid("a + in a zone must be sent as %2B", field=field)
        low, high = moment_range(text, field, zone)
        if prefix == "ap":
            slack = max((high - low) // 10, 1)
            low, high = low - slack, high + slack
        found.append(DateRange(prefix, low, high))
    return tuple(found)


def moment_range(text: str, field: str, zone: ZoneInfo) -> tuple[int, int]:
    """The range [low, high) of microseconds that a FHIR date, dateTime or instant names by its precision."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise Invalid("expected a date or an instant", field=field)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        if not _YEARS[0] <= int(year) <= _YEARS[1]:
            raise Invalid(f"year outside {_YEARS[0]} to {_YEARS[1]}", field=field)
        if hour is None:
            first = date(int(year), int(month or 1), int(day or 1))
            return _span(first, month, day, zone)
        tz = zone if offset is None else datetime.strptime(offset, "%z").tzinfo
        if second == "60":
            raise Invalid("leap seconds are not supported", field=field)
        start = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), tzinfo=tz)
    except ValueError as error:
        raise Invalid("no such date", field=field) from error
    low = micros(start.astimezone(UTC))
    if second is None:
        return low, low + 60_000_000
    if fraction is None:
        return low, low + 1_000_000
    step = 10 ** max(0, 6 - len(fraction))
    return low + int(fraction[:6].ljust(6, "0")), low + int(fraction[:6].ljust(6, "0")) + step


def _span(first: date, month: str | None, day: str | None, zone: ZoneInfo) -> tuple[int, int]:
    if day is not None:
        after = first + timedelta(days=1)
    elif month is not None:
        after = first + timedelta(days=monthrange(first.year, first.month)[1])
    else:
        after = date(first.year + 1, 1, 1)
    return micros(begins(first, zone)), micros(begins(after, zone))


def all_match(groups: Sequence[Sequence[DateRange]], low: Longs, high: Longs) -> Bools:
    """Which stored ranges satisfy every group."""
    ok = np.ones(len(low), bool)
    for group in groups:
        ok &= np.logical_or.reduce([one.matches(low, high) for one in group])
    return ok


def window(groups: Sequence[Sequence[DateRange]]) -> tuple[int | None, int | None]:
    """The instants between which matches can lie, for narrowing; None where open."""
    lows: list[int] = []
    highs: list[int] = []
    for group in groups:
        first = [one.bounds()[0] for one in group]
        last = [one.bounds()[1] for one in group]
        given = [value for value in first if value is not None]
        if len(given) == len(first):
            lows.append(min(given))
        given = [value for value in last if value is not None]
        if len(given) == len(last):
            highs.append(max(given))
    return max(lows, default=None), min(highs, default=None)
