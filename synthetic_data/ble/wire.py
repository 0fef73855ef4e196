"""Encodes numbers, times and checksums the way the Bluetooth health services put them on the wire."""

from __future__ import annotations

import struct
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

Number = Decimal | float | None
"""A value to send; ``None`` is sent as "not a number"."""

SFLOAT_NAN: Final = 0x07FF
SFLOAT_NRES: Final = 0x0800
SFLOAT_PLUS_INFINITY: Final = 0x07FE
SFLOAT_MINUS_INFINITY: Final = 0x0802
FLOAT_NAN: Final = 0x007FFFFF
FLOAT_PLUS_INFINITY: Final = 0x007FFFFE
FLOAT_MINUS_INFINITY: Final = 0x00800002

ABSENT: Final = 0xFFFF
"""An unsigned 16-bit field without a value (an unsuccessful weighing, for instance)."""


def u8(value: int) -> bytes:
    """One unsigned byte."""
    return struct.pack("<B", value)


def u16(value: int) -> bytes:
    """Two bytes, least significant first."""
    return struct.pack("<H", value)


def i16(value: int) -> bytes:
    """Two bytes, signed."""
    return struct.pack("<h", value)


def u24(value: int) -> bytes:
    """Three bytes."""
    return struct.pack("<I", value)[:3]


def u32(value: int) -> bytes:
    """Four bytes."""
    return struct.pack("<I", value)


def scaled(value: Number, step: str) -> bytes:
    """An unsigned 16-bit count of ``step``; without a value, 0xFFFF."""
    if value is None:
        return u16(ABSENT)
    count = (_decimal(value) / Decimal(step)).to_integral_value(ROUND_HALF_EVEN)
    return u16(min(int(count), ABSENT - 1))


def sfloat(value: Number, decimals: int = 0) -> bytes:
    """IEEE 11073 SFLOAT with ``decimals`` decimals, fewer if the number is too large for them."""
    special = _special(value, SFLOAT_NAN, SFLOAT_PLUS_INFINITY, SFLOAT_MINUS_INFINITY)
    if special is not None:
        return u16(special)
    fitted = _fit(_decimal(value or 0), -decimals, range(-8, 8), 2045)
    if isinstance(fitted, int):
        return u16(SFLOAT_PLUS_INFINITY if fitted > 0 else SFLOAT_MINUS_INFINITY)
    mantissa, exponent = fitted
    return u16((exponent & 0xF) << 12 | mantissa & 0xFFF)


def float32(value: Number, decimals: int = 0) -> bytes:
    """IEEE 11073 FLOAT (four bytes) with ``decimals`` decimals."""
    special = _special(value, FLOAT_NAN, FLOAT_PLUS_INFINITY, FLOAT_MINUS_INFINITY)
    if special is not None:
        return u32(special)
    fitted = _fit(_decimal(value or 0), -decimals, range(-128, 128), 0x7FFFFD)
    if isinstance(fitted, int):
        return u32(FLOAT_PLUS_INFINITY if fitted > 0 else FLOAT_MINUS_INFINITY)
    mantissa, exponent = fitted
    return u32((exponent & 0xFF) << 24 | mantissa & 0xFFFFFF)


def _special(value: Number, nan: int, plus: int, minus: int) -> int | None:
    if value is None:
        return nan
    exact = _decimal(value)
    if exact.is_nan():
        return nan
    if exact.is_infinite():
        return plus if exact > 0 else minus
    return None


def _decimal(value: Decimal | float) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _fit(value: Decimal, exponent: int, exponents: range, limit: int) -> tuple[int, int] | int:
    """Mantissa and exponent; or the sign of a number that no exponent can hold."""
    for power in range(max(exponent, exponents.start), exponents.stop):
        mantissa = int(value.scaleb(-power).to_integral_value(ROUND_HALF_EVEN))
        if abs(mantissa) <= limit:
            return mantissa, power
    return 1 if value > 0 else -1


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


def birth_date(day: date) -> bytes:
    """Date of Birth 2A85."""
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
