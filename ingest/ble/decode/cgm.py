"""Continuous Glucose Monitoring service: measurement (2AA7), which holds one record or more, and its joining to a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from ingest.ble.decode.crc import crc16
from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.glucose import INTERSTITIAL
from ingest.ble.decode.sfloat import Number
from ingest.ble.decode.units import plain
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload
from ingest.series import LOW_CONFIDENCE

STATUS: Final = {
    0: "session_stopped",
    1: "battery_low",
    2: "sensor_type_incorrect",
    3: "sensor_malfunction",
    4: "device_alert",
    5: "general_device_fault",
}
CALIBRATION: Final = {
    0: "time_sync_needed",
    1: "calibration_not_allowed",
    2: "calibration_recommended",
    3: "calibration_required",
    4: "temperature_too_high",
    5: "temperature_too_low",
    6: "calibration_pending",
}
WARNING: Final = {
    0: "below_patient_low",
    1: "above_patient_high",
    2: "below_hypo",
    3: "above_hyper",
    4: "falling_too_fast",
    5: "rising_too_fast",
    6: "below_device_range",
    7: "above_device_range",
}
_FAULTS: Final = 0b10_1100  # status 2, 3 and 5: the sensor says that its value is none
_UNSURE: Final = 0b1111_1000  # calibration required or pending, temperature out of range
_BEYOND: Final = 0b1100_0000  # warning 6 and 7: the value is where the device ends, not where the glucose is
_SHORTEST: Final = 6
_CRC_BYTES: Final = 2
# Which flag bit announces an octet, in the order of the specification. Some firmware sends them the other way.
_OCTETS: Final = ((7, "status", STATUS), (6, "calibration", CALIBRATION), (5, "warning", WARNING))


@dataclass(frozen=True, slots=True)
class _Record:
    flags: Flags
    glucose: Number
    minutes: int
    intact: bool
    quality: int
    fault: bool


def measurement(payload: bytes, *, crc: bool | None = None, warning_first: bool = False) -> Reading:
    """2AA7: times are seconds from the start of the session, which 2AAA knows; see ``in_session``.

    crc: whether the feature says that records end with a check; None takes the size of each record as the answer.
    warning_first: for firmware that sends the three status octets in the opposite order.
    A record whose check fails, or whose sensor is at fault, is no measurement.
    """
    cursor = Cursor(payload)
    records: list[_Record] = []
    while cursor.left or not records:
        records.append(_record(cursor, crc=crc, octets=_OCTETS[::-1] if warning_first else _OCTETS))
    flags: Flags = {"records": len(records), "time_base": "session-start"}
    for index, record in enumerate(records):
        flags |= {f"record_{index}_{name}": value for name, value in record.flags.items()}
    measured = [
        Measured(
            INTERSTITIAL,
            {"value": record.glucose.value},
            seconds=Decimal(record.minutes * 60),
            quality=record.quality,
        )
        for record in records
        if record.glucose.value is not None and record.intact and not record.fault
    ]
    unusable = "" if measured else _why(records)
    return closed("2AA7", cursor, flags, measured=measured, unusable=unusable)


def _why(records: list[_Record]) -> str:
    if not all(record.intact for record in records):
        return "bad-checksum"
    return "device-fault" if any(record.fault for record in records) else "no-value"


def _record(
    cursor: Cursor, *, crc: bool | None, octets: tuple[tuple[int, str, Mapping[int, str]], ...]
) -> _Record:
    start = cursor.place
    size = cursor.u8("size")
    if size < _SHORTEST:
        raise BadPayload("smaller than a record can be", field="size")
    inner = Cursor(bytes((size,)) + cursor.take(size - 1, "record"))
    inner.u8("size")
    bits = inner.u8("flags")
    glucose, minutes = inner.sfloat("glucose_concentration"), inner.u16("time_offset")
    flags: Flags = {"flags": bits, "time_offset_minutes": minutes}
    if glucose.absent:
        flags["glucose_absent"] = glucose.absent
    found = {name: 0 for _, name, _ in octets}
    for bit, name, names in octets:
        if bits >> bit & 1:
            found[name] = inner.u8(name)
            flags |= {name: found[name], **named_bits(found[name], names)}
    for bit, name in ((0, "trend"), (1, "quality")):
        if bits >> bit & 1:
            flags |= _shown(name, inner.sfloat(name))
    intact = _check(inner, cursor.payload[start : start + size], crc=crc, flags=flags)
    unsure = found["calibration"] & _UNSURE or found["warning"] & _BEYOND
    return _Record(
        flags,
        glucose,
        minutes,
        intact=intact,
        quality=LOW_CONFIDENCE if unsure else 0,
        fault=bool(found["status"] & _FAULTS),
    )


def _shown(name: str, number: Number) -> Flags:
    return {f"{name}_absent": number.absent} if number.value is None else {name: plain(number.value)}


def _check(inner: Cursor, record: bytes, *, crc: bool | None, flags: Flags) -> bool:
    """Compares the check of a record, if it has one; surplus bytes are counted."""
    intact = True
    if crc or (crc is None and inner.left == _CRC_BYTES):
        end = inner.place
        sent = inner.u16("e2e_crc")
        intact = sent == crc16(record[:end])
        flags |= {"crc": sent, "crc_ok": intact}
    if inner.left:
        flags["trailing_bytes"] = inner.left
    return intact


def in_session(reading: Reading, start: Reading) -> Reading:
    """The measurements of 2AA7 on the wall clock of the session start of 2AAA; unchanged when that is not set."""
    if reading.characteristic != "2AA7" or start.at is None:
        return reading
    zone = (
        {"utc_offset_seconds": start.flags["utc_offset_seconds"]}
        if "utc_offset_seconds" in start.flags
        else {}
    )
    return replace(reading, at=start.at, flags={**reading.flags, **zone})
