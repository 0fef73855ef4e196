"""Weight Scale service: measurement (2A9D) and features (2A9E)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import read_wall_clock
from ingest.ble.decode.units import INCH, POUND, plain, rounded
from ingest.ble.reading import Measured, Reading
from ingest.series import MANUAL

WEIGHT: Final = "29463-7"
HEIGHT: Final = "8302-2"
BMI: Final = "39156-5"
UNSUCCESSFUL: Final = 0xFFFF
_FEATURES: Final = {0: "time_stamp_supported", 1: "multiple_users_supported", 2: "bmi_supported"}


def measurement(payload: bytes) -> Reading:
    """2A9D. The wire unit is always 0.005 kg or 0.01 lb; the features tell the scale's accuracy, not a factor."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits, "unit": "[lb_av]" if bits & 0x01 else "kg"}
    raw = cursor.u16("weight")
    clock = read_wall_clock(cursor) if bits & 0x02 else None
    flags |= clock.flags() if clock else {}
    user = cursor.u8("user_id") if bits & 0x04 else None
    measured: list[Measured] = []
    if raw not in {0, UNSUCCESSFUL}:
        measured.append(Measured(WEIGHT, {"value": mass(raw, bits)}))
    if bits & 0x08:
        bmi, height = cursor.u16("bmi"), cursor.u16("height")
        flags["height_raw"] = height
        if bmi not in {0, UNSUCCESSFUL}:
            measured.append(Measured(BMI, {"value": Decimal(bmi).scaleb(-1)}))
        measured += heights(height, bits)
    return closed(
        "2A9D",
        cursor,
        flags,
        measured=measured,
        at=clock.at if clock else None,
        user=user,
        unusable={UNSUCCESSFUL: "unsuccessful", 0: "no-value"}.get(raw, ""),
    )


def feature(payload: bytes) -> Reading:
    """2A9E: what the scale can do, and the steps of its accuracy."""
    cursor = Cursor(payload)
    bits = cursor.unsigned(4, "features")
    flags: Flags = {"features": bits, **named_bits(bits, _FEATURES)}
    flags |= {"weight_resolution": bits >> 3 & 15, "height_resolution": bits >> 7 & 7}
    return closed("2A9E", cursor, flags)


def mass(raw: int, bits: int) -> Decimal:
    """Kilograms of a raw mass.

    >>> mass(14048, 0), mass(15484, 1)
    (Decimal('70.240'), Decimal('70.234'))
    """
    if bits & 0x01:
        return rounded(Decimal(raw).scaleb(-2) * POUND, 3)
    return (raw * Decimal("0.005")).quantize(Decimal("0.001"))


def heights(raw: int, bits: int) -> list[Measured]:
    """The height in centimetres, if one is set: the person told it to the scale, nobody measured it."""
    if raw in {0, UNSUCCESSFUL}:
        return []
    value = rounded(Decimal(raw).scaleb(-1) * INCH, 2) if bits & 0x01 else Decimal(raw).scaleb(-1)
    return [Measured(HEIGHT, {"value": value}, quality=MANUAL)]


def mass_text(raw: int, bits: int) -> str:
    """The mass in kilograms as text for a flag."""
    return plain(mass(raw, bits))
