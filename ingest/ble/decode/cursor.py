"""Cursor: reads little-endian fields one after the other and names the field that is cut off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from ingest.ble.decode.sfloat import Number, medfloat, sfloat
from ingest.ble.reading import Measured, Reading
from ingest.errors import BadPayload

Flags = dict[str, bool | int | str]
LONGEST: Final = 512
"""No attribute value is longer (Bluetooth Core, Vol 3, Part F, 3.2.9)."""


class Cursor:
    """A place in the bytes of one characteristic value."""

    def __init__(self, payload: bytes) -> None:
        if len(payload) > LONGEST:
            raise BadPayload("longer than an attribute value can be", field="value")
        self.payload = payload
        self.place = 0

    @property
    def left(self) -> int:
        """How many bytes have not been read."""
        return len(self.payload) - self.place

    def take(self, size: int, field: str) -> bytes:
        """The next bytes; BadPayload names the field when they are not all there."""
        if size > self.left:
            raise BadPayload("cut off", field=field)
        start, self.place = self.place, self.place + size
        return self.payload[start : self.place]

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(self.left, "rest")

    def unsigned(self, size: int, field: str) -> int:
        """An unsigned number of so many bytes."""
        return int.from_bytes(self.take(size, field), "little")

    def signed(self, size: int, field: str) -> int:
        """A two's complement number of so many bytes."""
        return int.from_bytes(self.take(size, field), "little", signed=True)

    def u8(self, field: str) -> int:
        """One byte."""
        return self.unsigned(1, field)

    def u16(self, field: str) -> int:
        """Two bytes."""
        return self.unsigned(2, field)

    def sfloat(self, field: str) -> Number:
        """An IEEE 11073 number of 16 bits."""
        return sfloat(self.u16(field))

    def medfloat(self, field: str) -> Number:
        """An IEEE 11073 number of 32 bits."""
        return medfloat(self.unsigned(4, field))


def named_bits(word: int, names: Mapping[int, str]) -> Flags:
    """The names of the bits that are set; reserved bits have none and stay in the raw word.

    >>> named_bits(0b101, {0: "battery_low", 1: "malfunction"})
    {'battery_low': True}
    """
    return {name: True for bit, name in names.items() if word >> bit & 1}


def closed(
    characteristic: str,
    cursor: Cursor,
    flags: Flags,
    *,
    measured: Sequence[Measured] = (),
    at: datetime | None = None,
    user: int | None = None,
    sequence: int | None = None,
    unusable: str = "",
) -> Reading:
    """The reading of a value that has been read to its end; surplus bytes are kept and counted, not refused."""
    if cursor.left:
        flags["trailing_bytes"] = cursor.left
    return Reading(
        characteristic,
        cursor.payload,
        measured=() if unusable else tuple(measured),
        at=at,
        user=user,
        sequence=sequence,
        flags=flags,
        unusable=unusable,
    )
