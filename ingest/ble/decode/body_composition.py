"""Body Composition service: measurement (2A9C), which may come in two packets, and features (2A9B)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from ingest.ble.decode import weight
from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.decode.date_time import read_wall_clock
from ingest.ble.decode.units import KILOJOULE, plain, rounded
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload

FAT: Final = "41982-0"
BASAL: Final = "basal-metabolism"
_IMPERIAL: Final = 0x01
_MULTIPLE: Final = 1 << 12
_FIELDS: Final = {  # flag bit -> field, in the order of the wire
    3: "basal_metabolism",
    4: "muscle_percent",
    5: "muscle_mass",
    6: "fat_free_mass",
    7: "soft_lean_mass",
    8: "body_water_mass",
    9: "impedance",
    10: "weight",
    11: "height",
}
_FEATURES: Final = {0: "time_stamp", 1: "multiple_users", **_FIELDS}
_OF_THE_BODY: Final = {"weight", "height"}
"""Fields that do not come from the impedance, so they hold when the composition could not be measured."""
HALF: Final = "half-packet"


@dataclass(frozen=True, slots=True)
class _Packet:
    """One indication: raw fields by name, without those that the scale marked as unknown."""

    bits: int
    fat: int
    fields: dict[str, int]
    at: datetime | None
    user: int | None
    flags: Flags


def measurement(payload: bytes) -> Reading:
    """2A9C. One of two packets is kept back as ``half-packet`` until ``merge`` has both."""
    cursor = Cursor(payload)
    packet = _packet(cursor)
    reading = _reading(cursor, packet, packet.flags)
    if not packet.bits & _MULTIPLE:
        return reading
    return Reading(
        reading.characteristic,
        payload,
        at=packet.at,
        user=packet.user,
        flags=reading.flags,
        unusable=HALF,
    )


def merge(first: Reading, second: Reading) -> Reading:
    """One result of the two packets of a weighing; where both have a field, the second packet holds."""
    one, two = _packet(Cursor(first.raw)), _packet(Cursor(second.raw))
    if not one.bits & two.bits & _MULTIPLE:
        raise BadPayload("is no part of a result in two packets", field="flags")
    if (one.bits ^ two.bits) & _IMPERIAL:
        raise BadPayload("the two packets differ in their unit", field="flags")
    if None not in {one.user, two.user} and one.user != two.user:
        raise BadPayload("the two packets are of different users", field="user_id")
    both = _Packet(
        bits=one.bits | two.bits,
        fat=two.fat,
        fields={**one.fields, **two.fields},
        at=two.at or one.at,
        user=one.user if two.user is None else two.user,
        flags={**one.flags, **two.flags},
    )
    joined = Cursor(first.raw + second.raw)
    joined.rest()
    return _reading(joined, both, both.flags)


def feature(payload: bytes) -> Reading:
    """2A9B: what the scale can do, and the steps of its accuracy."""
    cursor = Cursor(payload)
    bits = cursor.unsigned(4, "features")
    flags: Flags = {"features": bits, **named_bits(bits, _FEATURES)}
    flags |= {"mass_resolution": bits >> 11 & 15, "height_resolution": bits >> 15 & 7}
    return closed("2A9B", cursor, flags)


def _packet(cursor: Cursor) -> _Packet:
    bits = cursor.u16("flags")
    flags: Flags = {"flags": bits, "unit": "[lb_av]" if bits & _IMPERIAL else "kg"}
    if bits & _MULTIPLE:
        flags["multiple_packet"] = True
    fat = cursor.u16("body_fat_percentage")
    clock = read_wall_clock(cursor) if bits & 0x02 else None
    flags |= clock.flags() if clock else {}
    user = cursor.u8("user_id") if bits & 0x04 else None
    fields = {name: cursor.u16(name) for bit, name in _FIELDS.items() if bits >> bit & 1}
    known = {name: raw for name, raw in fields.items() if raw != weight.UNSUCCESSFUL}
    if fat != weight.UNSUCCESSFUL:
        flags["body_fat_percent"] = _tenths(fat)
    flags |= {_NAMES.get(name, name): _TEXTS[name](raw, bits) for name, raw in known.items()}
    return _Packet(bits, fat, known, clock.at if clock else None, user, flags)


def _reading(cursor: Cursor, packet: _Packet, flags: Flags) -> Reading:
    """What the packet measured; a fat of 0 is a stub of a scale that had no contact with bare feet."""
    measured: list[Measured] = []
    composed = packet.fat not in {0, weight.UNSUCCESSFUL}
    if composed:
        measured.append(Measured(FAT, {"value": Decimal(packet.fat).scaleb(-1)}))
    for name, code in _CODES.items():
        raw = packet.fields.get(name, 0)
        if raw and (composed or name in _OF_THE_BODY):
            measured.append(Measured(code, {"value": _VALUES[name](raw, packet.bits)}))
    if any(one.code == weight.WEIGHT for one in measured) or composed:
        measured += weight.heights(packet.fields.get("height", 0), packet.bits)
    failed = packet.fat == weight.UNSUCCESSFUL
    unusable = "" if measured else "unsuccessful" if failed else "no-value"
    return closed("2A9C", cursor, flags, measured=measured, at=packet.at, user=packet.user, unusable=unusable)


def _tenths(raw: int, _bits: int = 0) -> str:
    return plain(Decimal(raw).scaleb(-1))


def _height_metres(raw: int, bits: int) -> str:
    return _tenths(raw) if bits & _IMPERIAL else plain(Decimal(raw).scaleb(-3))


_NAMES: Final = {
    "basal_metabolism": "basal_metabolism_kj",
    "muscle_mass": "muscle_mass_kg",
    "fat_free_mass": "fat_free_mass_kg",
    "soft_lean_mass": "soft_lean_mass_kg",
    "body_water_mass": "body_water_mass_kg",
    "impedance": "impedance_ohm",
    "weight": "weight_kg",
}
_TEXTS: Final[dict[str, Callable[[int, int], str]]] = {
    "basal_metabolism": lambda raw, _: str(raw),
    "muscle_percent": _tenths,
    "muscle_mass": weight.mass_text,
    "fat_free_mass": weight.mass_text,
    "soft_lean_mass": weight.mass_text,
    "body_water_mass": weight.mass_text,
    "impedance": _tenths,
    "weight": weight.mass_text,
    "height": _height_metres,
}
_CODES: Final = {
    "basal_metabolism": BASAL,
    "muscle_percent": "73965-6",
    "muscle_mass": "73964-9",
    "fat_free_mass": "fat-free-mass",
    "body_water_mass": "101683-1",
    "weight": weight.WEIGHT,
}
_VALUES: Final[dict[str, Callable[[int, int], Decimal]]] = {
    "basal_metabolism": lambda raw, _: rounded(raw / KILOJOULE, 1),
    "muscle_percent": lambda raw, _: Decimal(raw).scaleb(-1),
    "muscle_mass": weight.mass,
    "fat_free_mass": weight.mass,
    "body_water_mass": weight.mass,
    "weight": weight.mass,
}
