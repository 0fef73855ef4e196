"""Heart Rate service: measurement with R-R intervals (2A37) and where the sensor is worn (2A38)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload

RATE: Final = "8867-4"
INTERVAL: Final = "8637-1"
_LOCATIONS: Final = ("other", "chest", "wrist", "finger", "hand", "ear-lobe", "foot")


def measurement(payload: bytes) -> Reading:
    """2A37. Without contact, or with a rate of 0, nothing was measured, the intervals included."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits}
    if bits & 0x04:
        flags["sensor_contact"] = bool(bits & 0x02)
    rate = cursor.u16("heart_rate") if bits & 0x01 else cursor.u8("heart_rate")
    flags["heart_rate"] = rate
    if bits & 0x08:
        flags["energy_expended_kj"] = cursor.u16("energy_expended")
    ticks = _intervals(cursor) if bits & 0x10 else []
    if ticks:
        flags["rr_1024"] = " ".join(map(str, ticks))
    unusable = "no-value" if rate == 0 else ""
    if bits & 0x06 == 0x04:
        unusable = "no-contact"
    measured = [Measured(RATE, {"value": Decimal(rate)}), *_beats(ticks)]
    return closed("2A37", cursor, flags, measured=measured, unusable=unusable)


def _intervals(cursor: Cursor) -> list[int]:
    """All whole numbers to the end; a packet that promises intervals and has none is cut off."""
    ticks = [cursor.u16("rr_interval") for _ in range(cursor.left // 2)]
    if not ticks:
        raise BadPayload("cut off", field="rr_interval")
    return ticks


def _beats(ticks: list[int]) -> list[Measured]:
    """Each interval where it began, counted back from the packet: the last one ended when the packet came."""
    found: list[Measured] = []
    back = 0
    for tick in reversed(ticks):
        back += tick
        if tick:  # a beat takes time; 0 is a filler
            found.append(
                Measured(INTERVAL, {"value": Decimal(tick * 1000) / 1024}, seconds=-Decimal(back) / 1024)
            )
    return found[::-1]


def location(payload: bytes) -> Reading:
    """2A38: where the sensor is worn."""
    cursor = Cursor(payload)
    place = cursor.u8("location")
    flags: Flags = {"location": place}
    if place < len(_LOCATIONS):
        flags["location_name"] = _LOCATIONS[place]
    return closed("2A38", cursor, flags)
