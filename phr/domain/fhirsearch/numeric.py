"""Numbers and quantities: implicit precision, prefixes, units; stored values are ranges, a plain one a single point."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from phr.domain.fhirsearch.escapes import cut, plain
from phr.domain.fhirsearch.units import UCUM, converted
from phr.errors import Invalid

_VALUE: Final = re.compile(
    r"(eq|ne|gt|lt|ge|le|sa|eb|ap)?([+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?)", re.ASCII
)
_TENTH: Final = Decimal("0.1")
_ENDLESS: Final = Decimal("Infinity")
Span = tuple[Decimal, Decimal]
"""The least and the greatest value that is stored."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A searched number: prefix, the value, and the range [low, high) that its digits stand for.

    https://hl7.org/fhir/R4/search.html#number: 5.4 is 5.35 up to 5.45; of 1e2 the page prints 95 up to 105. Other
    prefixes than eq and ne take the number as it stands.
    """

    prefix: str
    value: Decimal
    low: Decimal
    high: Decimal

    def holds(self, stored: Span) -> bool:
        """Whether a stored range fits."""
        least, most = stored
        match self.prefix:
            case "eq":
                return self.low <= least and most < self.high
            case "ne":
                return not (self.low <= least and most < self.high)
            case "gt":
                return most > self.value
            case "lt":
                return least < self.value
            case "ge":
                return most >= self.value
            case "le":
                return least <= self.value
            case "sa":
                return least > self.value
            case "eb":
                return most < self.value
            case _:
                near = abs(self.value) * _TENTH
                return least <= self.value + near and most >= self.value - near


def amount(text: str, field: str) -> Amount:
    """A searched number. Raises Invalid."""
    match = _VALUE.fullmatch(text)
    if match is None:
        raise Invalid("expected a number", field=field)
    value = Decimal(match.group(2))
    exponent = int(value.as_tuple().exponent)
    half = Decimal(5).scaleb(exponent - 1 if exponent <= 0 else exponent - 2)
    return Amount(match.group(1) or "eq", value, value - half, value + half)


def decimal(stored: Any) -> Decimal | None:
    """A stored number, whichever reader gave it."""
    if isinstance(stored, Decimal):
        return stored
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        return None
    return Decimal(repr(stored))


@dataclass(frozen=True, slots=True)
class Measure:
    """A searched quantity: the number, and the unit that it names, if any."""

    amount: Amount
    system: str
    code: str

    def holds(self, stored: Any) -> bool:
        """Whether a Quantity or SampledData fits."""
        if not isinstance(stored, dict):
            return False
        sampled = "data" in stored
        unit = stored.get("origin") if sampled else stored
        if not isinstance(unit, dict):
            return False
        span = _sampled(stored, unit) if sampled else _single(stored)
        if span is None:
            return False
        shown = self._in_unit(span, unit)
        return shown is not None and self.amount.holds(shown)

    def _in_unit(self, span: Span, unit: dict[str, Any]) -> Span | None:
        """The stored range in the unit that is searched for; None where the unit does not fit."""
        if not self.system:
            return span if not self.code or self.code in (unit.get("code"), unit.get("unit")) else None
        if unit.get("system") != self.system:
            return None
        if not self.code or unit.get("code") == self.code:
            return span
        if self.system != UCUM:
            return None
        ends = [converted(end, str(unit.get("code", "")), self.code) for end in span]
        known = [end for end in ends if end is not None]
        return (min(known), max(known)) if len(known) == len(ends) else None


def measure(text: str, field: str) -> Measure:
    """A searched quantity. Raises Invalid."""
    pieces = [plain(one) for one in cut(text, "|")]
    if len(pieces) not in (1, 3):
        raise Invalid("expected [prefix]number|[system]|[code]", field=field)
    return Measure(amount(pieces[0], field), *(pieces[1:] or ("", "")))


def _single(stored: dict[str, Any]) -> Span | None:
    value = decimal(stored.get("value"))
    if value is None:
        return None
    comparator = str(stored.get("comparator", ""))
    return (-_ENDLESS if "<" in comparator else value, _ENDLESS if ">" in comparator else value)


def _sampled(stored: dict[str, Any], origin: dict[str, Any]) -> Span | None:
    """The bounds of sampled data: R4 searches those."""
    base, factor = decimal(origin.get("value")), decimal(stored.get("factor", 1))
    if base is None or factor is None:
        return None
    values = [base + one * factor for one in _points(str(stored["data"]))]
    return (min(values), max(values)) if values else None


def _points(data: str) -> Iterator[Decimal]:
    for one in data.split():
        match = _VALUE.fullmatch(one)
        if match is not None and not match.group(1):  # E, U and L are no values
            yield Decimal(one)
