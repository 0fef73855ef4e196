"""An encoder of health characteristics, written from the specification alone: what a device would send.

It shares nothing with the decoders, so that a round trip through both says something.
"""

from __future__ import annotations

import struct
from decimal import Decimal

SPECIAL = {"nan": 0x07FF, "nres": 0x0800, "reserved": 0x0801, "+inf": 0x07FE, "-inf": 0x0802}
SPECIAL_32 = {
    "nan": 0x007FFFFF,
    "nres": 0x00800000,
    "reserved": 0x00800001,
    "+inf": 0x007FFFFE,
    "-inf": 0x00800002,
}


def sfloat(value):
    """A Decimal with its own exponent, or the name of a special value."""
    if isinstance(value, str):
        return struct.pack("<H", SPECIAL[value])
    mantissa, exponent = parts(value)
    assert -2048 <= mantissa <= 2047
    assert -8 <= exponent <= 7
    return struct.pack("<H", (exponent & 0xF) << 12 | mantissa & 0xFFF)


def medfloat(value):
    """The same in 32 bits."""
    if isinstance(value, str):
        return struct.pack("<I", SPECIAL_32[value])
    mantissa, exponent = parts(value)
    return struct.pack("<I", (exponent & 0xFF) << 24 | mantissa & 0xFFFFFF)


def parts(value):
    sign, digits, exponent = value.as_tuple()
    mantissa = int("".join(map(str, digits)))
    return (-mantissa if sign else mantissa), exponent


def stamp(at):
    return struct.pack("<H5B", at.year, at.month, at.day, at.hour, at.minute, at.second)


def heart_rate(rate, *, wide=False, contact=None, energy=None, ticks=()):
    flags = 1 if wide else 0
    if contact is not None:
        flags |= 4 | (2 if contact else 0)
    body = struct.pack("<H" if wide else "<B", rate)
    if energy is not None:
        flags |= 8
        body += struct.pack("<H", energy)
    if ticks:
        flags |= 16
        body += struct.pack(f"<{len(ticks)}H", *ticks)
    return bytes([flags]) + body


def blood_pressure(systolic, diastolic, mean, *, at=None, pulse=None, user=None, status=None, kpa=False):
    flags, body = int(kpa), sfloat(systolic) + sfloat(diastolic) + sfloat(mean)
    if at is not None:
        flags, body = flags | 2, body + stamp(at)
    if pulse is not None:
        flags, body = flags | 4, body + sfloat(pulse)
    if user is not None:
        flags, body = flags | 8, body + bytes([user])
    if status is not None:
        flags, body = flags | 16, body + struct.pack("<H", status)
    return bytes([flags]) + body


def weight(raw, *, at=None, user=None, bmi=None, height=None, pounds=False):
    flags, body = int(pounds), struct.pack("<H", raw)
    if at is not None:
        flags, body = flags | 2, body + stamp(at)
    if user is not None:
        flags, body = flags | 4, body + bytes([user])
    if bmi is not None:
        flags, body = flags | 8, body + struct.pack("<HH", bmi, height)
    return bytes([flags]) + body


COMPOSITION = (
    "basal_metabolism",
    "muscle_percent",
    "muscle_mass",
    "fat_free_mass",
    "soft_lean_mass",
    "body_water_mass",
    "impedance",
    "weight",
    "height",
)


def composition(fat, fields, *, at=None, user=None, pounds=False, multiple=False):
    flags, body = int(pounds), struct.pack("<H", fat)
    if at is not None:
        flags, body = flags | 2, body + stamp(at)
    if user is not None:
        flags, body = flags | 4, body + bytes([user])
    for bit, name in enumerate(COMPOSITION, start=3):
        if name in fields:
            flags, body = flags | 1 << bit, body + struct.pack("<H", fields[name])
    if multiple:
        flags |= 1 << 12
    return struct.pack("<H", flags) + body


def temperature(value, *, at=None, site=None, fahrenheit=False):
    flags, body = int(fahrenheit), medfloat(value)
    if at is not None:
        flags, body = flags | 2, body + stamp(at)
    if site is not None:
        flags, body = flags | 4, body + bytes([site])
    return bytes([flags]) + body


def glucose(
    sequence, at, *, offset=None, value=None, kind=1, place=1, molar=False, status=None, context=False
):
    flags, body = 16 if context else 0, struct.pack("<H", sequence) + stamp(at)
    if offset is not None:
        flags, body = flags | 1, body + struct.pack("<h", offset)
    if value is not None:
        flags, body = flags | 2 | (4 if molar else 0), body + sfloat(value) + bytes([place << 4 | kind])
    if status is not None:
        flags, body = flags | 8, body + struct.pack("<H", status)
    return bytes([flags]) + body


def context(sequence, *, meal=None, carbohydrate=None, extended=None):
    flags, body = 0, b""
    if extended is not None:
        flags, body = flags | 128, body + bytes([extended])
    if carbohydrate is not None:
        flags, body = flags | 1, body + bytes([1]) + sfloat(carbohydrate)
    if meal is not None:
        flags, body = flags | 2, body + bytes([meal])
    return bytes([flags]) + struct.pack("<H", sequence) + body


def crc(data):
    """CRC-16/MCRF4XX, bit by bit."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    return struct.pack("<H", register)


def cgm(value, minutes, *, octets=None, trend=None, quality=None, checked=False):
    octets = octets or {}
    flags, body = 0, sfloat(value) + struct.pack("<H", minutes)
    for bit, name in ((7, "status"), (6, "calibration"), (5, "warning")):
        if name in octets:
            flags, body = flags | 1 << bit, body + bytes([octets[name]])
    if trend is not None:
        flags, body = flags | 1, body + sfloat(trend)
    if quality is not None:
        flags, body = flags | 2, body + sfloat(quality)
    size = 2 + len(body) + (2 if checked else 0)
    record = bytes([size, flags]) + body
    return record + crc(record) if checked else record


def spot_check(oxygen, pulse, *, at=None, status=None, device=None, index=None):
    flags, body = 0, sfloat(oxygen) + sfloat(pulse)
    if at is not None:
        flags, body = flags | 1, body + stamp(at)
    return _oximeter(flags, body, 1, status, device, index)


def continuous(oxygen, pulse, *, fast=None, slow=None, status=None, device=None, index=None):
    flags, body = 0, sfloat(oxygen) + sfloat(pulse)
    for bit, pair in enumerate((fast, slow)):
        if pair is not None:
            flags, body = flags | 1 << bit, body + sfloat(pair[0]) + sfloat(pair[1])
    return _oximeter(flags, body, 2, status, device, index)


def _oximeter(flags, body, first, status, device, index):
    if status is not None:
        flags, body = flags | 1 << first, body + struct.pack("<H", status)
    if device is not None:
        flags, body = flags | 2 << first, body + struct.pack("<I", device)[:3]
    if index is not None:
        flags, body = flags | 4 << first, body + sfloat(index)
    return bytes([flags]) + body


def tenths(number):
    return Decimal(number).scaleb(-1)
