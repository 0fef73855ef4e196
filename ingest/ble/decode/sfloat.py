"""IEEE 11073-20601 numbers: SFLOAT (16 bits) and FLOAT (32 bits) to decimals that keep the device's precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

NOT_A_NUMBER: Final = "not-a-number"
ERROR: Final = "error"


@dataclass(frozen=True, slots=True)
class Number:
    """A value, or the FHIR data-absent-reason that stands in its place."""

    value: Decimal | None
    absent: str = ""


_SFLOAT_SPECIAL: Final[Mapping[int, str]] = {
    0x07FE: "positive-infinity",
    0x07FF: NOT_A_NUMBER,
    0x0800: ERROR,  # not at this resolution
    0x0801: ERROR,  # reserved
    0x0802: "negative-infinity",
}
_FLOAT_SPECIAL: Final[Mapping[int, str]] = {
    0x007FFFFE: "positive-infinity",
    0x007FFFFF: NOT_A_NUMBER,
    0x00800000: ERROR,
    0x00800001: ERROR,
    0x00800002: "negative-infinity",
}


def sfloat(word: int) -> Number:
    """The number of a 16-bit word: 4 bits of exponent, 12 of mantissa, both two's complement.

    >>> sfloat(0xF16C).value, sfloat(0x07FF).absent
    (Decimal('36.4'), 'not-a-number')
    """
    if word in _SFLOAT_SPECIAL:  # the whole word: the same mantissa with another exponent is a number
        return Number(None, _SFLOAT_SPECIAL[word])
    return Number(Decimal(_signed(word & 0xFFF, 12)).scaleb(_signed(word >> 12, 4)))


def medfloat(word: int) -> Number:
    """The number of a 32-bit word: 8 bits of exponent, 24 of mantissa, both two's complement.

    >>> medfloat(0xFF00016C).value
    Decimal('36.4')
    """
    if word in _FLOAT_SPECIAL:
        return Number(None, _FLOAT_SPECIAL[word])
    return Number(Decimal(_signed(word & 0xFFFFFF, 24)).scaleb(_signed(word >> 24, 8)))


def _signed(bits: int, width: int) -> int:
    return bits - (1 << width) if bits >> (width - 1) else bits
