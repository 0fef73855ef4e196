"""Pulse Oximeter service: spot check (2A5E), continuous measurement (2A5F) and features (2A60)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import WallClock, read_wall_clock
from ingest.ble.decode.sfloat import Number
from ingest.ble.decode.units import plain
from ingest.ble.reading import Measured, Reading
from ingest.series import LOW_CONFIDENCE

OXYGEN: Final = "59408-5"
PULSE: Final = "8867-4"
PERFUSION: Final = "61006-3"
_MEASUREMENT: Final = {
    5: "measurement_ongoing",
    6: "early_estimate",
    7: "validated",
    8: "fully_qualified",
    9: "from_storage",
    10: "demonstration",
    11: "testing",
    12: "calibration_ongoing",
    13: "measurement_unavailable",
    14: "questionable_measurement",
    15: "invalid_measurement",
}
_DEVICE: Final = {
    0: "extended_display_update",
    1: "equipment_malfunction",
    2: "signal_irregular",
    3: "inadequate_signal",
    4: "poor_signal",
    5: "low_perfusion",
    6: "erratic_signal",
    7: "non_pulsatile_signal",
    8: "questionable_pulse",
    9: "signal_analysis_ongoing",
    10: "sensor_interference",
    11: "sensor_not_on_user",
    12: "unknown_sensor",
    13: "sensor_displaced",
    14: "sensor_malfunction",
    15: "sensor_disconnected",
}
_REFUSED: Final = (
    ("demonstration", "demonstration"),
    ("testing", "demonstration"),
    ("measurement_unavailable", "no-value"),
    ("invalid_measurement", "invalid"),
    ("sensor_not_on_user", "no-contact"),
    ("sensor_disconnected", "no-contact"),
)
_UNSURE: Final = (
    "early_estimate",
    "questionable_measurement",
    "inadequate_signal",
    "erratic_signal",
    "questionable_pulse",
    "sensor_displaced",
    "sensor_malfunction",
    "equipment_malfunction",
)
_FEATURES: Final = {
    0: "measurement_status_support",
    1: "device_status_support",
    2: "storage",
    3: "time_stamp",
    4: "fast_metric",
    5: "slow_metric",
    6: "pulse_amplitude_index",
    7: "multiple_bonds",
}


def spot_check(payload: bytes) -> Reading:
    """2A5E: one measurement of a person at rest. A clock that was never set gives no time."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits}
    oxygen, pulse = cursor.sfloat("spo2"), cursor.sfloat("pulse_rate")
    clock: WallClock | None = None
    if bits & 0x01:
        clock = read_wall_clock(cursor)
        flags |= clock.flags()
    index = _statuses(cursor, bits >> 1, flags)
    at = clock.at if clock else None
    if bits & 0x10:
        flags["clock_not_set"] = True
        flags |= {"time_unknown": clock.sent} if clock else {}
        at = None
    return _reading("2A5E", cursor, flags, oxygen, pulse, index, at)


def continuous(payload: bytes) -> Reading:
    """2A5F: one value of a stream; what fast and slow averaging gave are flags."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    flags: Flags = {"flags": bits}
    oxygen, pulse = cursor.sfloat("spo2"), cursor.sfloat("pulse_rate")
    for bit, speed in ((0x01, "fast"), (0x02, "slow")):
        if bits & bit:
            flags |= _shown(f"spo2_{speed}", cursor.sfloat(f"spo2_{speed}"))
            flags |= _shown(f"pulse_rate_{speed}", cursor.sfloat(f"pulse_rate_{speed}"))
    index = _statuses(cursor, bits >> 2, flags)
    return _reading("2A5F", cursor, flags, oxygen, pulse, index, None)


def feature(payload: bytes) -> Reading:
    """2A60: what the oximeter can do, and which status bits it knows."""
    cursor = Cursor(payload)
    bits = cursor.u16("features")
    flags: Flags = {"features": bits, **named_bits(bits, _FEATURES)}
    if bits & 0x01:
        flags["measurement_status_known"] = cursor.u16("measurement_status_support")
    if bits & 0x02:
        flags["device_status_known"] = cursor.unsigned(3, "device_status_support")
    return closed("2A60", cursor, flags)


def _statuses(cursor: Cursor, bits: int, flags: Flags) -> Number:
    """The three last fields, in their order; the two characteristics announce them by different flag bits."""
    if bits & 0x01:
        word = cursor.u16("measurement_status")
        flags |= {"measurement_status": word, **named_bits(word, _MEASUREMENT)}
    if bits & 0x02:
        word = cursor.unsigned(3, "device_status")
        flags |= {"device_status": word, **named_bits(word, _DEVICE)}
    return cursor.sfloat("pulse_amplitude_index") if bits & 0x04 else Number(None)


def _shown(name: str, number: Number) -> Flags:
    return {f"{name}_absent": number.absent} if number.value is None else {name: plain(number.value)}


def _reading(
    characteristic: str,
    cursor: Cursor,
    flags: Flags,
    oxygen: Number,
    pulse: Number,
    index: Number,
    at: datetime | None,
) -> Reading:
    quality = LOW_CONFIDENCE if any(name in flags for name in _UNSURE) else 0
    measured: list[Measured] = []
    for name, code, number in (
        ("spo2", OXYGEN, oxygen),
        ("pulse_rate", PULSE, pulse),
        ("pulse_amplitude_index", PERFUSION, index),
    ):
        if number.value is not None:
            measured.append(Measured(code, {"value": number.value}, quality=quality))
        elif number.absent:
            flags[f"{name}_absent"] = number.absent
    refused = next((why for name, why in _REFUSED if name in flags), "")
    unusable = refused or ("" if measured else "no-value")
    return closed(characteristic, cursor, flags, measured=measured, at=at, unusable=unusable)
