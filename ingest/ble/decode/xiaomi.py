"""Xiaomi scales: what they put into the service data of their advertisements (181D, 181B); not a Bluetooth SIG layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed
from ingest.ble.decode.date_time import WallClock, read_wall_clock
from ingest.ble.decode.units import POUND, plain, rounded
from ingest.ble.decode.weight import WEIGHT
from ingest.ble.reading import Measured, Reading

_CATTY_HALVES: Final = Decimal("0.005")  # a catty of 0.5 kg in hundredths
_NO_IMPEDANCE: Final = 0
_HIGHEST_IMPEDANCE: Final = 3000  # ohm; 0xFFFF and 0xFFFE stand for a foot that was lifted


@dataclass(frozen=True, slots=True)
class _Control:
    pounds: bool
    catty: bool
    stable: bool
    removed: bool


def scale(payload: bytes) -> Reading:
    """181D: weight. The frame repeats for minutes after the person has stepped off; only the first state counts."""
    cursor = Cursor(payload)
    bits = cursor.u8("control")
    control = _Control(bool(bits & 0x01), bool(bits & 0x10), bool(bits & 0x20), bool(bits & 0x80))
    raw = cursor.u16("weight")
    clock = read_wall_clock(cursor)
    flags: Flags = {"flags": bits}
    return _reading("181D", cursor, flags, control, raw, clock, ())


def composition_scale(payload: bytes) -> Reading:
    """181B: weight and impedance; a frame before the impedance is measured is not the last word."""
    cursor = Cursor(payload)
    first, bits = cursor.u8("unit"), cursor.u8("control")
    clock = read_wall_clock(cursor)
    impedance, raw = cursor.u16("impedance"), cursor.u16("weight")
    control = _Control(bool(first & 0x01), bool(bits & 0x40), bool(bits & 0x20), bool(bits & 0x80))
    flags: Flags = {"flags": first | bits << 8}
    has = bool(bits & 0x02) and _NO_IMPEDANCE < impedance < _HIGHEST_IMPEDANCE
    flags |= {"impedance_ohm": str(impedance)} if has else {}
    return _reading("181B", cursor, flags, control, raw, clock, () if has else ("no-impedance",))


def _reading(
    characteristic: str,
    cursor: Cursor,
    flags: Flags,
    control: _Control,
    raw: int,
    clock: WallClock,
    lacks: Sequence[str],
) -> Reading:
    value = _kilograms(raw, control)
    flags |= {"stabilized": control.stable, "weight_removed": control.removed, "weight_kg": plain(value)}
    flags |= {"unit": "[lb_av]" if control.pounds else "catty" if control.catty else "kg", **clock.flags()}
    reasons = [
        *(() if control.stable else ("unstable",)),
        *(("repeated",) if control.removed else ()),
        *lacks,
        *(() if raw else ("no-value",)),
    ]
    measured = [Measured(WEIGHT, {"value": value})]
    unusable = reasons[0] if reasons else ""
    return closed(characteristic, cursor, flags, measured=measured, at=clock.at, unusable=unusable)


def _kilograms(raw: int, control: _Control) -> Decimal:
    """Hundredths of a pound or of a catty, or two hundredths of a kilogram."""
    if control.pounds:
        return rounded(Decimal(raw).scaleb(-2) * POUND, 3)
    return (raw * _CATTY_HALVES).quantize(Decimal("0.001"))
