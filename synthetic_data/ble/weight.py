"""The bytes of the weight scale and body composition services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from synthetic_data.ble import wire

KILOGRAM_STEP: Final = "0.005"
POUND_STEP: Final = "0.01"
UNKNOWN_USER: Final = 255
DEFAULT_PACKET: Final = 20
"""What one indication holds at the smallest MTU."""

_IMPERIAL, _TIME, _USER, _BMI = (1 << bit for bit in range(4))
(
    _BASAL, _MUSCLE_PERCENT, _MUSCLE, _FAT_FREE, _SOFT_LEAN, _WATER, _IMPEDANCE, _WEIGHT, _HEIGHT, _MULTIPLE,
) = (1 << bit for bit in range(3, 13))  # fmt: skip

WEIGHT_FEATURE: Final = wire.u32(0b111 | 4 << 3 | 3 << 7)
"""Time, users, BMI; steps of 0.05 kg and of 1 mm."""
COMPOSITION_FEATURE: Final = wire.u32(0x7FF | 4 << 11 | 3 << 15)
"""Every field; the same steps."""

Quantity = Decimal | float | None


@dataclass(frozen=True, slots=True)
class Composition:
    """What the scale makes of the impedance. Masses are in the unit of the weighing."""

    fat_percent: Quantity
    """``None``: the measurement was unsuccessful."""
    basal_kilojoule: int | None = None
    muscle_percent: Quantity = None
    muscle: Quantity = None
    fat_free: Quantity = None
    soft_lean: Quantity = None
    water: Quantity = None
    impedance_ohm: Quantity = None
    weight: Quantity = None
    height: Quantity = None


@dataclass(frozen=True, slots=True)
class Weighing:
    """One step on the scale: kilograms and metres, or pounds and inches."""

    weight: Quantity
    """``None``: the measurement was unsuccessful."""
    time: datetime | None = None
    user: int | None = None
    bmi: Quantity = None
    height: Quantity = None
    imperial: bool = False
    composition: Composition | None = None


def encode_weight(weighing: Weighing) -> bytes:
    """Weight Measurement 2A9D."""
    flags, head = _head(weighing)
    value = wire.scaled(weighing.weight, _mass_step(weighing)) + head
    if weighing.bmi is not None and weighing.height is not None and weighing.weight is not None:
        flags |= _BMI
        value += wire.scaled(weighing.bmi, "0.1") + wire.scaled(weighing.height, _height_step(weighing))
    return wire.u8(flags) + value


def encode_composition(weighing: Weighing, longest: int = DEFAULT_PACKET) -> list[bytes]:
    """Body Composition Measurement 2A9C: one value, or two that make one result."""
    body = weighing.composition
    if body is None:
        return []
    flags, head = _head(weighing)
    fat = wire.scaled(body.fat_percent, "0.1")
    fields = [] if body.fat_percent is None else list(_fields(body, weighing))
    packets: list[tuple[int, bytes]] = [(flags, fat + head)]
    for bit, value in fields:
        if 2 + len(packets[-1][1]) + len(value) > longest:
            packets.append((flags & _IMPERIAL, fat))
        done, content = packets[-1]
        packets[-1] = (done | bit, content + value)
    multiple = _MULTIPLE if len(packets) > 1 else 0
    return [wire.u16(done | multiple) + content for done, content in packets]


def _fields(body: Composition, weighing: Weighing) -> Iterator[tuple[int, bytes]]:
    mass = _mass_step(weighing)
    if body.basal_kilojoule is not None:
        yield _BASAL, wire.u16(body.basal_kilojoule)
    for bit, value, step in (
        (_MUSCLE_PERCENT, body.muscle_percent, "0.1"),
        (_MUSCLE, body.muscle, mass),
        (_FAT_FREE, body.fat_free, mass),
        (_SOFT_LEAN, body.soft_lean, mass),
        (_WATER, body.water, mass),
        (_IMPEDANCE, body.impedance_ohm, "0.1"),
        (_WEIGHT, body.weight, mass),
        (_HEIGHT, body.height, _height_step(weighing)),
    ):
        if value is not None:
            yield bit, wire.scaled(value, step)


def _head(weighing: Weighing) -> tuple[int, bytes]:
    flags = _IMPERIAL if weighing.imperial else 0
    value = b""
    if weighing.time is not None:
        flags |= _TIME
        value += wire.date_time(weighing.time)
    if weighing.user is not None:
        flags |= _USER
        value += wire.u8(weighing.user)
    return flags, value


def _mass_step(weighing: Weighing) -> str:
    return POUND_STEP if weighing.imperial else KILOGRAM_STEP


def _height_step(weighing: Weighing) -> str:
    return "0.1" if weighing.imperial else "0.001"
