"""The filter grammar of list and reconcile: comparisons with ``>=`` and ``<``, AND, and for sleep OR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Final

import numpy as np

from synthetic_data.google_health.dice import Floats, Mask
from synthetic_data.google_health.edits import moment
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.problems import bad_filter
from synthetic_data.google_health.rows import Rows

_TOKEN: Final = re.compile(
    r'\s*(?:(?P<text>"[^"]*")|(?P<op>>=|<=|!=|>|<|=|:)|(?P<word>[A-Za-z_][\w.\-]*)|(?P<other>\S))'
)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_CIVIL: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_WIDEST: Final = 16 * 3600
"""No zone is farther from UTC."""

MEMBERS: Final = {
    "interval": {"interval.start_time": "instant", "interval.civil_start_time": "civil"},
    "sample": {"sample_time.physical_time": "instant", "sample_time.civil_time": "civil"},
    "daily": {"date": "date"},
    "session": {"interval.civil_start_time": "civil"},
    "sleep": {"interval.end_time": "instant", "interval.civil_end_time": "civil"},
    "ecg": {"interval.start_time": "instant"},
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: at or after (``>=``) or before (``<``) a second, in UTC or on the wall clock."""

    civil: bool
    after: bool
    second: float

    def holds(self, at: Floats, wall: Floats) -> Mask:
        """Which points it keeps."""
        side = wall if self.civil else at
        found: Mask = side >= self.second if self.after else side < self.second
        return found


@dataclass(frozen=True, slots=True)
class Filter:
    """All groups must hold; a group holds when any of its comparisons does."""

    groups: tuple[tuple[Comparison, ...], ...] = ()

    @property
    def civil(self) -> bool:
        """Whether any comparison is on the wall clock."""
        return any(part.civil for group in self.groups for part in group)

    def bounds(self) -> tuple[float, float]:
        """Seconds in UTC outside of which nothing is kept."""
        low, high = -inf, inf
        for group in self.groups:
            if len(group) != 1:
                continue
            part = group[0]
            if part.after:
                low = max(low, part.second - _WIDEST * part.civil)
            else:
                high = min(high, part.second + _WIDEST * part.civil)
        return low, high

    def keeps(self, kind: Kind, rows: Rows) -> Mask:
        """Which points all groups keep."""
        at: Floats = moment(kind, rows).astype(np.float64) + rows.micro / 1e6
        wall: Floats = at + (rows.end_offset if kind.record == "sleep" else rows.offset)
        kept = np.ones(len(rows), dtype=bool)
        for group in self.groups:
            kept &= np.logical_or.reduce([part.holds(at, wall) for part in group])
        return kept


@dataclass(frozen=True, slots=True)
class _Word:
    role: str
    text: str
    column: int


def parse(text: str | None, kind: Kind) -> Filter:
    """A filter for one data type, or the refusal that names every member, operator or literal that is wrong."""
    if text is None or not text.strip():
        return Filter()
    words = [
        _Word(found.lastgroup or "other", found[found.lastgroup or 0], found.start(found.lastgroup or 0) + 1)
        for found in _TOKEN.finditer(text)
    ]
    problems: list[tuple[str, str]] = []
    groups: list[list[Comparison]] = [[]]
    for place in range(0, max(len(words), 1), 4):
        part, trouble = _comparison(words[place : place + 3], kind, len(text) + 1)
        groups[-1] += [part] if part is not None else []
        trouble_after = _joint(words[place + 3 : place + 5], kind, len(text) + 1)
        found = [each for each in (trouble, trouble_after) if each is not None]
        problems += found[:1]
        if any(not reason.startswith("DATA_TYPE") for reason, _ in problems):
            break
        if place + 3 < len(words) and words[place + 3].text == "AND":
            groups.append([])
    if problems:
        raise bad_filter(problems)
    return Filter(tuple(tuple(group) for group in groups))


def _joint(words: list[_Word], kind: Kind, end: int) -> tuple[str, str] | None:
    """What is wrong with the word between two comparisons."""
    if not words:
        return None
    joint = words[0]
    if joint.text not in {"AND", "OR"}:
        return "SYNTAX", f"Unexpected '{joint.text}'. {_where(joint.column)}"
    if joint.text == "OR" and kind.record != "sleep":
        return "SYNTAX", f"Operator 'OR' is not supported. {_where(joint.column)}"
    return ("MISSING_TOKEN", f"Unexpected end of filter. {_where(end)}") if len(words) == 1 else None


def _where(column: int) -> str:
    return f"(at line 1, column {column})"


def _comparison(words: list[_Word], kind: Kind, end: int) -> tuple[Comparison | None, tuple[str, str] | None]:
    """One comparison, and what is wrong with it."""
    for place, role in enumerate(("word", "op", "text")):
        if place >= len(words):
            return None, ("MISSING_TOKEN", f"Unexpected end of filter. {_where(end)}")
        if words[place].role != role:
            return None, ("SYNTAX", f"Unexpected '{words[place].text}'. {_where(words[place].column)}")
    member, sign, literal = words
    prefix, _, rest = member.text.partition(".")
    form = MEMBERS[kind.record].get(rest) if prefix == kind.prefix else None
    if form is None:
        text = f"Member '{member.text}' is not supported for filtering. {_where(member.column)}"
        return None, ("DATA_TYPE_MEMBER", text)
    if sign.text not in {">=", "<"} or (kind.record == "ecg" and sign.text == "<"):
        return None, ("DATA_TYPE_OPERATOR", f"Operator '{sign.text}' is not supported. {_where(sign.column)}")
    second = _second(form, literal.text[1:-1])
    if second is None:
        text = f"Invalid literal for member '{member.text}'. {_where(literal.column)}"
        return None, ("DATA_TYPE_LITERAL", text)
    return Comparison(form != "instant", sign.text == ">=", second), None


def instant(text: str) -> float | None:
    """Seconds since the epoch of an RFC 3339 instant, or nothing."""
    if not _INSTANT.fullmatch(text):
        return None
    main, dot, rest = text.partition(".")
    digits = re.match(r"\d*", rest)
    fraction = digits[0] if digits is not None else ""
    try:
        whole = datetime.fromisoformat((main + rest[len(fraction) :] if dot else text).upper()).timestamp()
    except (ValueError, OverflowError):
        return None
    return whole + (float(f"0.{fraction}") if fraction else 0.0)


def _second(form: str, text: str) -> float | None:
    if form == "instant":
        return instant(text)
    if not (_DATE if form == "date" else _CIVIL).fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
