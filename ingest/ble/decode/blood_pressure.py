"""Blood Pressure service: measurement (2A35), cuff pressure (2A36), features (2A49) and their enhanced forms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import read_wall_clock
from ingest.ble.decode.sfloat import Number
from ingest.ble.decode.units import KPA, plain, rounded
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload

PANEL: Final = "85354-9"
_STATUS: Final = {0: "body_movement", 1: "cuff_too_loose", 2: "irregular_pulse", 5: "improper_position"}
_PULSE_RANGE: Final = {1: "above", 2: "below"}
_FEATURES: Final = {
    0: "body_movement_detection",
    1: "cuff_fit_detection",
    2: "irregular_pulse_detection",
    3: "pulse_range_detection",
    4: "position_detection",
    5: "multiple_bonds",
    6: "e2e_crc",
    7: "user_data_service",
    8: "user_facing_time",
}
_HIGHEST: Final = Decimal(1000)
"""mm[Hg] or beats: no cuff holds and no heart beats more, so bytes that say so are no blood pressure."""


@dataclass(frozen=True, slots=True)
class Form:
    """One of the four layouts: the plain ones of version 1.0, and the enhanced ones with times in seconds."""

    characteristic: str
    enhanced: bool = False
    cuff_only: bool = False
    pressures: tuple[str, ...] = ("systolic", "diastolic", "mean_pressure")


_MEASUREMENT: Final = Form("2A35")
_CUFF: Final = Form("2A36", cuff_only=True, pressures=("cuff_pressure", "unused", "unused"))
_ENHANCED: Final = Form("2B34", enhanced=True)
_ENHANCED_CUFF: Final = Form("2B35", enhanced=True, cuff_only=True, pressures=("cuff_pressure",))


def measurement(payload: bytes) -> Reading:
    """2A35: systolic, diastolic and mean pressure, pulse, user and status."""
    return _read(payload, _MEASUREMENT)


def intermediate(payload: bytes) -> Reading:
    """2A36: the cuff while it is being inflated. Never a measurement."""
    return _read(payload, _CUFF)


def enhanced(payload: bytes) -> Reading:
    """2B34: as 2A35, with the instant in UTC and the time that was shown to the user."""
    return _read(payload, _ENHANCED)


def enhanced_intermediate(payload: bytes) -> Reading:
    """2B35: the cuff while it is being inflated. Never a measurement."""
    return _read(payload, _ENHANCED_CUFF)


def feature(payload: bytes) -> Reading:
    """2A49: which status bits mean something."""
    cursor = Cursor(payload)
    bits = cursor.u16("features")
    return closed("2A49", cursor, {"features": bits, **named_bits(bits, _FEATURES)})


def _read(payload: bytes, form: Form) -> Reading:
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits, "unit": "kPa" if bits & 0x01 else "mm[Hg]"}
    pressures = [cursor.sfloat(name) for name in form.pressures]
    at: datetime | None = None
    if bits & 0x02 and form.enhanced:
        flags["utc"] = _instant(cursor.unsigned(4, "time_stamp"), bits).replace(tzinfo=UTC).isoformat()
    elif bits & 0x02:
        clock = read_wall_clock(cursor)
        at = clock.at
        flags |= clock.flags()
    pulse = cursor.sfloat("pulse_rate") if bits & 0x04 else None
    user = cursor.u8("user_id") if bits & 0x08 else None
    if bits & 0x10:
        flags |= _status(cursor.u16("status"))
    if form.enhanced and bits & 0x20:
        at = _instant(cursor.unsigned(4, "user_facing_time"), bits)
    if form.cuff_only:
        _note(flags, "cuff_pressure", _pressure(pressures[0], "cuff_pressure", bits))
        return closed(form.characteristic, cursor, flags, at=at, user=user, unusable="intermediate")
    panel = _panel(pressures, pulse, bits, flags)
    unusable = "" if {"systolic", "diastolic"} & panel.values.keys() else "no-value"
    return closed(form.characteristic, cursor, flags, measured=[panel], at=at, user=user, unusable=unusable)


def _panel(pressures: list[Number], pulse: Number | None, bits: int, flags: Flags) -> Measured:
    """The panel; the mean pressure is no channel of it and stays a flag, in mm[Hg] as the others."""
    found = {
        "systolic": _pressure(pressures[0], "systolic", bits),
        "diastolic": _pressure(pressures[1], "diastolic", bits),
    }
    if pulse is not None:
        found["pulse"] = _within(pulse, "pulse_rate")
    _note(flags, "mean_pressure", _pressure(pressures[2], "mean_pressure", bits))
    for name, each in found.items():
        _note(flags, name, each, only_absent=True)
    values = {name: each.value for name, each in found.items() if each.value is not None}
    absent = {name: each.absent for name, each in found.items() if each.absent}
    return Measured(PANEL, values, absent)


def _note(flags: Flags, name: str, number: Number, *, only_absent: bool = False) -> None:
    if number.value is None:
        flags[f"{name}_absent"] = number.absent
    elif not only_absent:
        flags[name] = plain(number.value)


def _pressure(sent: Number, field: str, bits: int) -> Number:
    """A pressure in mm[Hg]. Kilopascals are converted and given the tenth that a step of 0.1 kPa is worth."""
    if sent.value is not None and bits & 0x01:
        sent = Number(rounded(sent.value * KPA, 1))
    return _within(sent, field)


def _within(sent: Number, field: str) -> Number:
    if sent.value is not None and not 0 <= sent.value <= _HIGHEST:
        raise BadPayload("no pressure and no pulse can be so", field=field)
    return sent


def _status(status: int) -> Flags:
    flags: Flags = {"status": status, **named_bits(status, _STATUS)}
    beyond = _PULSE_RANGE.get(status >> 3 & 3)
    if beyond:
        flags["pulse_rate_range"] = beyond
    return flags


def _instant(seconds: int, bits: int) -> datetime:
    """Seconds since the epoch that bit 6 names, without a zone."""
    epoch = datetime(2000 if bits & 0x40 else 1900, 1, 1)  # noqa: DTZ001 - the caller knows what clock it is
    return epoch + timedelta(seconds=seconds)
