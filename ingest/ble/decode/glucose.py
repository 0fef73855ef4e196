"""Glucose service: measurement (2A18), its context (2A34) and features (2A51)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import read_wall_clock
from ingest.ble.decode.sfloat import Number
from ingest.ble.decode.units import GLUCOSE, plain, rounded
from ingest.ble.reading import Measured, Reading

BLOOD: Final = "2339-0"
INTERSTITIAL: Final = "99504-3"
SAMPLES: Final = {
    1: "capillary-whole-blood",
    2: "capillary-plasma",
    3: "venous-whole-blood",
    4: "venous-plasma",
    5: "arterial-whole-blood",
    6: "arterial-plasma",
    7: "undetermined-whole-blood",
    8: "undetermined-plasma",
    9: "interstitial-fluid",
    10: "control-solution",
}
LOCATIONS: Final = {
    1: "finger",
    2: "alternate-site",
    3: "earlobe",
    4: "control-solution",
    5: "subcutaneous",
    15: "not-available",
}
_ISF, _CONTROL, _CONTROL_PLACE = 9, 10, 4
_STATUS: Final = {
    0: "battery_low",
    1: "sensor_malfunction",
    2: "sample_too_small",
    3: "strip_insertion_error",
    4: "strip_type_incorrect",
    5: "result_too_high",
    6: "result_too_low",
    7: "temperature_too_high",
    8: "temperature_too_low",
    9: "strip_pulled_too_soon",
    10: "general_device_fault",
    11: "time_fault",
}
_FAULTS: Final = 0b0111_1001_1110  # bits 1-4 and 7-10: the meter says that this result is none
_TOO_HIGH, _TOO_LOW, _TIME_FAULT = 1 << 5, 1 << 6, 1 << 11
_FEATURES: Final = {
    0: "low_battery_detection",
    1: "sensor_malfunction_detection",
    2: "sample_size_detection",
    3: "strip_insertion_detection",
    4: "strip_type_detection",
    5: "high_low_detection",
    6: "temperature_detection",
    7: "read_interrupt_detection",
    8: "device_fault_detection",
    9: "time_fault_detection",
    10: "multiple_bonds",
}
_OVERRUN, _UNDERRUN = 0x7FFF, -0x8000


def measurement(payload: bytes) -> Reading:
    """2A18. A control solution is nobody's blood; HI and LO come as a reason, without a number."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits, "context_follows": bool(bits & 0x10)}
    sequence = cursor.u16("sequence_number")
    clock = read_wall_clock(cursor, "base_time")
    flags |= clock.flags()
    at = clock.at
    if bits & 0x01:
        minutes = cursor.signed(2, "time_offset")
        flags["time_offset_minutes"] = minutes
        at = _moved(at, minutes)
    sent = Number(None)
    if bits & 0x02:
        sent = cursor.sfloat("concentration")
        flags |= _specimen(cursor.u8("type_sample_location"))
        flags["unit"] = "mol/L" if bits & 0x04 else "kg/L"
        flags |= {"concentration": plain(sent.value)} if sent.value is not None else {}
        flags |= {"concentration_absent": sent.absent} if sent.absent else {}
    status = cursor.u16("status") if bits & 0x08 else 0
    if bits & 0x08:
        flags |= {"status": status, **named_bits(status, _STATUS)}
    measured = []
    if sent.value is not None:
        code = INTERSTITIAL if flags["type"] == _ISF else BLOOD
        measured.append(Measured(code, {"value": _mg_dl(sent.value, molar=bool(bits & 0x04))}))
    return closed(
        "2A18",
        cursor,
        flags,
        measured=measured,
        at=None if status & _TIME_FAULT else at,
        sequence=sequence,
        unusable=_unusable(flags, status, sent),
    )


def _unusable(flags: Flags, status: int, sent: Number) -> str:
    if flags.get("type") == _CONTROL or flags.get("location") == _CONTROL_PLACE:
        return "control-solution"
    if status & _TOO_HIGH:
        return "above-range"
    if status & _TOO_LOW:
        return "below-range"
    if status & _FAULTS:
        return "device-fault"
    return "no-value" if sent.value is None else ""


def _specimen(both: int) -> Flags:
    return specimen(both & 0x0F, both >> 4)


def specimen(kind: int, place: int) -> Flags:
    """The type and location of a sample, as numbers and in words."""
    flags: Flags = {"type": kind, "location": place}
    if kind in SAMPLES:
        flags["sample_type"] = SAMPLES[kind]
    if place in LOCATIONS:
        flags["sample_location"] = LOCATIONS[place]
    return flags


def _mg_dl(value: Decimal, *, molar: bool) -> Decimal:
    """Kilograms in a litre are a power of ten away from mg/dL; moles take the factor of the vocabulary."""
    return rounded(value * 1000 * GLUCOSE, 3) if molar else value.scaleb(5)


def _moved(at: datetime | None, minutes: int) -> datetime | None:
    """The base time with its offset; an offset that ran over is none."""
    if at is None or minutes in {_OVERRUN, _UNDERRUN}:
        return None
    try:
        return at + timedelta(minutes=minutes)
    except OverflowError:
        return None


def feature(payload: bytes) -> Reading:
    """2A51: what the meter notices."""
    cursor = Cursor(payload)
    bits = cursor.u16("features")
    return closed("2A51", cursor, {"features": bits, **named_bits(bits, _FEATURES)})


def with_contexts(readings: Iterable[Reading]) -> list[Reading]:
    """The readings with each context joined to the measurement of its sequence number, in their order.

    A context belongs to the measurement before it with its number: a meter that lost its memory counts from 1
    again. A context without a measurement stays as it is.
    """
    found: list[Reading] = []
    place: dict[int, int] = {}
    for reading in readings:
        known = place.get(reading.sequence) if reading.sequence is not None else None
        if reading.characteristic == "2A34" and known is not None:
            added = {f"context_{name}": value for name, value in reading.flags.items()}
            found[known] = replace(found[known], flags={**found[known].flags, **added})
            continue
        if reading.characteristic == "2A18" and reading.sequence is not None:
            place[reading.sequence] = len(found)
        found.append(reading)
    return found
