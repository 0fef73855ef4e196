"""The bytes of the continuous glucose monitoring service, with or without its end-to-end checksum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from synthetic_data.ble import wire

INTERSTITIAL: Final = 9
SUBCUTANEOUS: Final = 5
SESSION_STOPPED: Final = 1 << 0
BATTERY_LOW: Final = 1 << 1
MINUTES_PER_ZONE: Final = 15

_TREND, _QUALITY, _WARNING, _CALIBRATION, _STATUS = 0x01, 0x02, 0x20, 0x40, 0x80
_CHECKSUM_FEATURE, _TREND_FEATURE, _QUALITY_FEATURE = 1 << 12, 1 << 15, 1 << 16
UNSUPPORTED_CHECKSUM: Final = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class SensorReading:
    """One record: minutes since the session began, mg/dL, and up to three octets of annunciation."""

    minutes: int
    value: wire.Number
    status: int | None = None
    calibration: int | None = None
    warning: int | None = None
    trend: float | None = None
    """mg/dL per minute."""
    quality_percent: float | None = None
    decimals: int = 0


def encode(reading: SensorReading, *, checksum: bool) -> bytes:
    """One record of CGM Measurement 2AA7: status, calibration, warning in this order."""
    flags = 0
    value = wire.sfloat(reading.value, reading.decimals) + wire.u16(reading.minutes)
    for bit, octet in (
        (_STATUS, reading.status),
        (_CALIBRATION, reading.calibration),
        (_WARNING, reading.warning),
    ):
        if octet is not None:
            flags |= bit
            value += wire.u8(octet)
    if reading.trend is not None:
        flags |= _TREND
        value += wire.sfloat(reading.trend, 1)
    if reading.quality_percent is not None:
        flags |= _QUALITY
        value += wire.sfloat(reading.quality_percent, 1)
    size = 2 + len(value) + (2 if checksum else 0)
    return protected(bytes((size, flags)) + value, checksum=checksum)


def protected(value: bytes, *, checksum: bool) -> bytes:
    """The value with its checksum, if the device has any."""
    return value + wire.crc16(value) if checksum else value


def feature(*, checksum: bool) -> bytes:
    """CGM Feature 2AA8: its checksum field is always there."""
    bits = _TREND_FEATURE | _QUALITY_FEATURE | (_CHECKSUM_FEATURE if checksum else 0)
    value = wire.u24(bits) + wire.u8(SUBCUTANEOUS << 4 | INTERSTITIAL)
    return value + (wire.crc16(value) if checksum else UNSUPPORTED_CHECKSUM)


def session_status(reading: SensorReading, *, checksum: bool) -> bytes:
    """CGM Status 2AA9: three octets, always."""
    octets = bytes((reading.status or 0, reading.calibration or 0, reading.warning or 0))
    return protected(wire.u16(reading.minutes) + octets, checksum=checksum)


def session_start(started: datetime | None, zone_minutes: int, *, checksum: bool) -> bytes:
    """Session Start Time 2AAA: wall time, zone, summer time; all zero while not set."""
    if started is None:
        return protected(bytes(9), checksum=checksum)
    zone = wire.i8(zone_minutes // MINUTES_PER_ZONE)
    return protected(wire.date_time(started) + zone + wire.u8(0), checksum=checksum)


def session_run_time(hours: int, *, checksum: bool) -> bytes:
    """Session Run Time 2AAB."""
    return protected(wire.u16(hours), checksum=checksum)
