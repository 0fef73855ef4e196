"""Continuous Glucose Monitoring service: feature (2AA8), status (2AA9), session times (2AAA, 2AAB), control point (2AAC)."""

from __future__ import annotations

from typing import Final

from ingest.ble.decode.cgm import CALIBRATION, STATUS, WARNING
from ingest.ble.decode.crc import crc16
from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import read_wall_clock, zone_flags
from ingest.ble.decode.glucose import specimen
from ingest.ble.decode.units import plain
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

CRC_SUPPORTED: Final = 1 << 12
_CRC_BYTES: Final = 2
_FEATURES: Final = {
    0: "calibration",
    1: "patient_high_low_alerts",
    2: "hypo_alerts",
    3: "hyper_alerts",
    4: "rate_alerts",
    5: "device_alert",
    6: "sensor_malfunction_detection",
    7: "temperature_detection",
    8: "result_high_low_detection",
    9: "low_battery_detection",
    10: "sensor_type_detection",
    11: "general_device_fault",
    12: "e2e_crc",
    13: "multiple_bonds",
    14: "multiple_sessions",
    15: "trend",
    16: "quality",
}
GET_INTERVAL: Final = 0x02
_INTERVAL, _CALIBRATION, _RESPONSE = 0x03, 0x06, 0x1C
_OPS: Final = {
    0x01: "set_interval",
    GET_INTERVAL: "get_interval",
    _INTERVAL: "interval",
    0x04: "set_calibration",
    0x05: "get_calibration",
    _CALIBRATION: "calibration",
    0x19: "reset_device_alert",
    0x1A: "start_session",
    0x1B: "stop_session",
    _RESPONSE: "response",
} | {
    first + step: f"{verb}{level}"
    for first, level in (
        (7, "patient_high"),
        (10, "patient_low"),
        (13, "hypo"),
        (16, "hyper"),
        (19, "fall"),
        (22, "rise"),
    )
    for step, verb in enumerate(("set_", "get_", ""))
}
_LEVELS: Final = {code for code in range(0x07, 0x19) if (code - 7) % 3 != 1}  # set and response carry a level
_RESULTS: Final = {
    1: "success",
    2: "op-code-not-supported",
    3: "invalid-operand",
    4: "not-completed",
    5: "parameter-out-of-range",
}


def feature(payload: bytes) -> Reading:
    """2AA8: six bytes; the check is always there, and means something when the feature says so."""
    cursor = Cursor(payload)
    bits = cursor.unsigned(3, "features")
    both = cursor.u8("type_sample_location")
    flags: Flags = {"features": bits, **named_bits(bits, _FEATURES), **specimen(both & 0x0F, both >> 4)}
    sent = cursor.u16("e2e_crc")
    flags["crc"] = sent
    if bits & CRC_SUPPORTED:
        _same(cursor.payload[:4], sent)
    return closed("2AA8", cursor, flags)


def status(payload: bytes) -> Reading:
    """2AA9: minutes since the session began, and what is the matter."""
    cursor = Cursor(payload)
    flags: Flags = {"time_offset_minutes": cursor.u16("time_offset")}
    for name, names in (("status", STATUS), ("calibration", CALIBRATION), ("warning", WARNING)):
        octet = cursor.u8(name)
        flags |= {name: octet, **named_bits(octet, names)}
    return _checked("2AA9", cursor, flags)


def session_start(payload: bytes) -> Reading:
    """2AAA: when the session began, on the wall clock of its zone; all zero is not set."""
    cursor = Cursor(payload)
    clock = read_wall_clock(cursor, "session_start_time")
    flags = clock.flags() | zone_flags(cursor)
    reading = _checked("2AAA", cursor, flags)
    return Reading("2AAA", payload, at=clock.at, flags=reading.flags)


def session_run_time(payload: bytes) -> Reading:
    """2AAB: the hours that a sensor is meant to run."""
    cursor = Cursor(payload)
    return _checked("2AAB", cursor, {"run_time_hours": cursor.u16("run_time")})


def control_point(payload: bytes) -> Reading:
    """2AAC: requests and answers. This service only asks for the interval: the rest is treatment."""
    cursor = Cursor(payload)
    op = cursor.u8("op_code")
    flags: Flags = {"op_code": op}
    if op in _OPS:
        flags["op"] = _OPS[op]
    if op in {0x01, _INTERVAL}:
        flags["interval_minutes"] = cursor.u8("interval")
    elif op == _RESPONSE:
        request, result = cursor.u8("request_op_code"), cursor.u8("response_code")
        flags |= {"request": request, "result": result, "success": result == 1}
        flags |= {"request_op": _OPS[request]} if request in _OPS else {}
        flags |= {"result_name": _RESULTS[result]} if result in _RESULTS else {}
    elif op in _LEVELS:
        level = cursor.sfloat("level")
        flags |= {"level_absent": level.absent} if level.value is None else {"level": plain(level.value)}
    elif op in {0x04, _CALIBRATION}:
        flags |= _calibration(cursor)
    elif op == 0x05:
        flags["record"] = cursor.u16("record")
    elif op not in _OPS:
        flags["operand"] = cursor.rest().hex()
    return _checked("2AAC", cursor, flags)


def encode_get_interval(*, crc: bool) -> bytes:
    """Asks how many minutes lie between two measurements.

    >>> encode_get_interval(crc=True).hex(" ")
    '02 95 2c'
    """
    request = bytes((GET_INTERVAL,))
    return request + crc16(request).to_bytes(2, "little") if crc else request


def _calibration(cursor: Cursor) -> Flags:
    value = cursor.sfloat("calibration_concentration")
    flags: Flags = {"level_absent": value.absent} if value.value is None else {"level": plain(value.value)}
    flags["calibration_minutes"] = cursor.u16("calibration_time")
    both = cursor.u8("type_sample_location")
    flags |= specimen(both & 0x0F, both >> 4)
    flags["next_calibration_minutes"] = cursor.u16("next_calibration_time")
    flags["record"] = cursor.u16("record")
    flags["calibration_status"] = cursor.u8("calibration_status")
    return flags


def _checked(characteristic: str, cursor: Cursor, flags: Flags) -> Reading:
    """The reading; two bytes more than the fields take are their check, and must agree."""
    if cursor.left == _CRC_BYTES:
        end = cursor.place
        flags["crc"] = cursor.u16("e2e_crc")
        _same(cursor.payload[:end], int(flags["crc"]))
    return closed(characteristic, cursor, flags)


def _same(data: bytes, sent: int) -> None:
    if crc16(data) != sent:
        raise BadPayload("the check does not agree with the bytes", field="e2e_crc")
