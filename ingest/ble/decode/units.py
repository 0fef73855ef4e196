"""Units of the wire to units of the vocabulary, rounded no finer than the device measured."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from ingest.codes import VITALS

_TEN_DIGITS: Final = 10
_MOST_DECIMALS: Final = VITALS["8310-5"].channels[0].decimals


def _factor(code: str, unit: str) -> Decimal:
    return Decimal(repr(VITALS[code].channels[0].converts[unit][0]))


KPA: Final = _factor("85354-9", "kPa")
POUND: Final = _factor("29463-7", "[lb_av]")
INCH: Final = _factor("8302-2", "[in_i]")
GLUCOSE: Final = _factor("2339-0", "mmol/L")
KILOJOULE: Final = Decimal("4.184")
"""kJ in a kilocalorie."""


def rounded(value: Decimal, decimals: int) -> Decimal:
    """The value with so many decimals; one too large to have them is left alone.

    >>> rounded(Decimal("122.26005"), 1)
    Decimal('122.3')
    """
    if value.is_zero():
        return Decimal(0)
    if value.adjusted() > _TEN_DIGITS:
        return value
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)


def plain(value: Decimal) -> str:
    """The number without an exponent: ``1.2E+2`` would say the same, but not to every reader.

    >>> plain(Decimal("1.2E+2"))
    '120'
    """
    return format(value, "f")


def celsius(value: Decimal) -> Decimal:
    """Degrees Celsius of degrees Fahrenheit, with the device's decimals.

    >>> celsius(Decimal("98.4"))
    Decimal('36.9')
    """
    places = value.as_tuple().exponent
    decimals = -places if isinstance(places, int) and places < 0 else 0
    return rounded((value - 32) / Decimal("1.8"), min(decimals, _MOST_DECIMALS))
