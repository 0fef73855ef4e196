"""Omron cuffs: the advertisement that tells of waiting records, and the record of 14 bytes in a cuff's memory."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from ingest.ble.decode.blood_pressure import PANEL
from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload

ADVERTISEMENT: Final = "omron-advertisement"
RECORD: Final = "omron-eeprom-14"
COMPANY: Final = 0x020E
_RECORDS_TYPE: Final = 0x01
_LOWEST_SYSTOLIC: Final = 25
_CENTURY: Final = 2000
_SIZE: Final = 14
_ERASED: Final = b"\xff" * _SIZE


def advertisement(payload: bytes) -> Reading:
    """Manufacturer data after the company number: which users have how many records, up to which sequence."""
    cursor = Cursor(payload)
    if cursor.u8("type") != _RECORDS_TYPE:
        raise BadPayload("is no list of records", field="type")
    bits = cursor.u8("flags")
    users = (bits & 0x03) + 1
    flags: Flags = {"flags": bits, "users": users}
    flags |= {"time_not_set": bool(bits & 0x04), "pairing_mode": bool(bits & 0x08)}
    for user in range(1, users + 1):
        flags[f"user_{user}_sequence"] = cursor.u16("sequence_number")
        flags[f"user_{user}_records"] = cursor.u8("number_of_records")
    return closed(ADVERTISEMENT, cursor, flags)


def record(payload: bytes) -> Reading:
    """A measurement in the memory of a HEM-7142T2 and its kin; an erased place holds none."""
    cursor = Cursor(payload)
    data = Cursor(cursor.take(_SIZE, "record"))
    if data.payload == _ERASED:
        return closed(RECORD, cursor, {}, unusable="no-value")
    systolic, diastolic = data.u8("systolic") + _LOWEST_SYSTOLIC, data.u8("diastolic")
    pulse, year = data.u8("pulse"), data.u8("year") + _CENTURY
    day, clock = data.u16("day"), data.u16("clock")
    flags: Flags = {"day_bits": day >> 14, "clock_bits": clock >> 12, "rest": data.rest().hex()}
    parts = (year, day >> 10 & 15, day >> 5 & 31, day & 31, clock >> 6 & 63, clock & 63)
    try:
        at = datetime(*parts)  # noqa: DTZ001 - the wall clock of the device has no zone
    except ValueError:
        at = None
        flags["time_unknown"] = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*parts)
    values = {"systolic": Decimal(systolic), "diastolic": Decimal(diastolic), "pulse": Decimal(pulse)}
    return closed(
        RECORD,
        cursor,
        flags,
        measured=[Measured(PANEL, {name: value for name, value in values.items() if value})],
        at=at,
        unusable="" if diastolic else "no-value",
    )
