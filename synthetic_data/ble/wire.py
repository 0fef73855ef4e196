"""Encodes numbers, times and checksums the way the Bluetooth health services put them on the wire."""

from __future__ import annotations

import struct
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import Enum
from typing import Final


class Special(Enum):
    """What a measured number can be instead of a number; each is (SFLOAT word, FLOAT word)."""

    NOT_A_NUMBER = (0x07FF, 0x007FFFFF)
    NOT_AT_THIS_RESOLUTION = (0x0800, 0x00800000)
    PLUS_INFINITY = (0x07FE, 0x007FFFFE)
    MINUS_INFINITY = (0x0802, 0x00800002)


Number = Decimal | float | Special | None
"""A value to send; ``None`` is sent as "not a number"."""

ABSENT: Final = 0xFFFF
"""An unsigned 16-bit field without a value (an unsuccessful weighing, for instance)."""


def u8(value: int) -> bytes:
    """One unsigned byte."""
    return struct.pack("<B", value)


def u16(value: int) -> bytes:
    """Two bytes, least significant first."""
    return struct.pack("<H", value)


def i8(value: int) -> bytes:
    """One signed byte."""
    return struct.pack("<b", value)


def read_i8(value: bytes) -> int:
    """The number of one signed byte."""
    return int.from_bytes(value, "little", signed=True)


def i16(value: int) -> bytes:
    """Two bytes, signed."""
    return struct.pack("<h", value)


def u24(value: int) -> bytes:
    """Three bytes."""
    return struct.pack("<I", value)[:3]


def u32(value: int) -> bytes:
    """Four bytes."""
    return struct.pack("<I", value)


def scaled(value: Decimal | float | None, step: str) -> bytes:
    """An unsigned 16-bit count of ``step``; without a value, 0xFFFF."""
    if value is None:
        return u16(ABSENT)
    count = (_decimal(value) / Decimal(step)).to_integral_value(ROUND_HALF_EVEN)
    return u16(min(int(count), ABSENT - 1))


def sfloat(value: Number, decimals: int = 0) -> bytes:
    """IEEE 11073 SFLOAT with ``decimals`` decimals, fewer if the number is too large for them."""
    fitted = _fit(value, -decimals, range(-8, 8), 2045)
    if isinstance(fitted, Special):
        return u16(fitted.value[0])
    mantissa, exponent = fitted
    return u16((exponent & 0xF) << 12 | mantissa & 0xFFF)


def float32(value: Number, decimals: int = 0) -> bytes:
    """IEEE 11073 FLOAT (four bytes) with ``decimals`` decimals."""
    fitted = _fit(value, -decimals, range(-128, 128), 0x7FFFFD)
    if isinstance(fitted, Special):
        return u32(fitted.value[1])
    mantissa, exponent = fitted
    return u32((exponent & 0xFF) << 24 | mantissa & 0xFFFFFF)


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _fit(value: Number, exponent: int, exponents: range, limit: int) -> tuple[int, int] | Special:
    """Mantissa and exponent; infinity for a number that no exponent can hold."""
    if value is None:
        return Special.NOT_A_NUMBER
    if isinstance(value, Special):
        return value
    exact = _decimal(value)
    if exact.is_nan():
        return Special.NOT_A_NUMBER
    if exact.is_finite():
        for power in range(max(exponent, exponents.start), exponents.stop):
            mantissa = int(exact.scaleb(-power).to_integral_value(ROUND_HALF_EVEN))
            if abs(mantissa) <= limit:
                return mantissa, power
    return Special.PLUS_INFINITY if exact > 0 else Special.MINUS_INFINITY


def date_time(moment: datetime | None) -> bytes:
    """Date Time 2A08: local wall time; without a value, all unknown."""
    if moment is None:
        return bytes(7)
    return struct.pack(
        "<HBBBBB", moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second
    )


def read_date_time(value: bytes) -> datetime | None:
    """The wall time of a written Date Time (its first seven bytes), or ``None`` if there is no such time."""
    if len(value) < 7:
        return None
    try:
        return datetime(*struct.unpack("<HBBBBB", value[:7]))  # noqa: DTZ001 - the wire has wall time only
    except ValueError:
        return None


def birth_date(day: date | None) -> bytes:
    """Date of Birth 2A85; all zero if unknown."""
    if day is None:
        return bytes(4)
    return struct.pack("<HBB", day.year, day.month, day.day)


def current_time(moment: datetime, reason: int = 0) -> bytes:
    """Current Time 2A2B: date and time, day of the week, 1/256 seconds, why it was changed."""
    fraction = moment.microsecond * 256 // 1_000_000
    return date_time(moment) + bytes((moment.isoweekday(), fraction, reason))


def crc16(value: bytes) -> bytes:
    """The end-to-end checksum of the CGM service: CRC-16/MCRF4XX, least significant byte first."""
    crc = 0xFFFF
    for byte in value:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return u16(crc)


def system_id(manufacturer: int, unit: int) -> bytes:
    """System ID 2A23 of an organisation's (24 bits) unit (40 bits)."""
    return unit.to_bytes(5, "little") + manufacturer.to_bytes(3, "little")
