"""Glucose Measurement Context (2A34): what a person ate, did and took around a measurement."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.decode.sfloat import Number
from ingest.ble.decode.units import plain
from ingest.ble.reading import Reading

_CARBOHYDRATES: Final = ("breakfast", "lunch", "dinner", "snack", "drink", "supper", "brunch")
_MEALS: Final = ("before", "after", "fasting", "casual", "bedtime")
_TESTERS: Final = {1: "self", 2: "professional", 3: "laboratory", 15: "not-available"}
_HEALTH: Final = {1: "minor", 2: "major", 3: "menses", 4: "stress", 5: "none", 15: "not-available"}
_MEDICATIONS: Final = ("rapid", "short", "intermediate", "long", "premixed")
_OVERRUN: Final = 0xFFFF
_MOST_CARBOHYDRATE: Final = Decimal(1)
_MOST_MEDICATION: Final = {"kg": Decimal("0.01"), "L": Decimal("0.1")}


def context(payload: bytes) -> Reading:
    """2A34. The order of the fields is that of the specification; bit 7 puts one byte before them all."""
    cursor = Cursor(payload)
    bits = cursor.u8("flags")
    sequence = cursor.u16("sequence_number")
    flags: Flags = {"flags": bits}
    if bits & 0x80:
        flags["extended_flags"] = cursor.u8("extended_flags")
    if bits & 0x01:
        flags |= _named("carbohydrate", cursor.u8("carbohydrate_id"), _CARBOHYDRATES)
        flags |= _amount("carbohydrate", "kg", cursor.sfloat("carbohydrate"), _MOST_CARBOHYDRATE, 1000)
    if bits & 0x02:
        flags |= _named("meal", cursor.u8("meal"), _MEALS)
    if bits & 0x04:
        flags |= _who(cursor.u8("tester_health"))
    if bits & 0x08:
        seconds, percent = cursor.u16("exercise_duration"), cursor.u8("exercise_intensity")
        flags |= {"exercise_seconds": seconds, "exercise_intensity_percent": percent}
        flags |= {"exercise_overrun": True} if seconds == _OVERRUN else {}
    if bits & 0x10:
        unit = "L" if bits & 0x20 else "kg"
        flags |= _named("medication", cursor.u8("medication_id"), _MEDICATIONS)
        # A thousandth of a litre is a millilitre, a millionth of a kilogram a milligram.
        smaller = 1000 if unit == "L" else 1_000_000
        flags |= _amount("medication", unit, cursor.sfloat("medication"), _MOST_MEDICATION[unit], smaller)
    if bits & 0x40:
        flags |= _plain("hba1c_percent", cursor.sfloat("hba1c"))
    return closed("2A34", cursor, flags, sequence=sequence)


def _named(name: str, number: int, words: tuple[str, ...]) -> Flags:
    flags: Flags = {f"{name}_id": number}
    if 1 <= number <= len(words):
        flags[name] = words[number - 1]
    return flags


def _who(both: int) -> Flags:
    tester, health = both & 0x0F, both >> 4
    flags: Flags = {"tester_id": tester, "health_id": health}
    if tester in _TESTERS:
        flags["tester"] = _TESTERS[tester]
    if health in _HEALTH:
        flags["health"] = _HEALTH[health]
    return flags


def _plain(name: str, number: Number) -> Flags:
    return {f"{name}_absent": number.absent} if number.value is None else {name: plain(number.value)}


def _amount(name: str, unit: str, sent: Number, most: Decimal, smaller: int) -> Flags:
    """As it was sent, and as it must be meant: old devices send the smaller unit under the name of the larger."""
    flags = _plain(f"{name}_sent", sent)
    if sent.value is None:
        return flags
    meant = sent.value
    if meant > most:
        meant /= smaller
        flags[f"{name}_adjusted"] = True
    return flags | {f"{name}_{unit.lower()}": plain(meant)}
