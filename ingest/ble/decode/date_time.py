"""Clocks of devices: Date Time (2A08), Current Time (2A2B), Local Time (2A0F) and Reference Time (2A14).

A Date Time is the wall clock of the device: it has no zone. An unknown or impossible date is no time at all; it never
becomes today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ingest.ble.decode.cursor import Cursor, Flags, closed, named_bits
from ingest.ble.reading import Reading

FIRST_YEAR: Final = 1582  # the range of the field; the Gregorian calendar begins there
_ZONE_UNKNOWN: Final = -128
_DST_MINUTES: Final = {0: 0, 2: 30, 4: 60, 8: 120}
_ADJUSTED: Final = {
    0: "manual_update",
    1: "external_reference_update",
    2: "time_zone_changed",
    3: "dst_changed",
}
_SOURCES: Final = ("unknown", "ntp", "gps", "radio", "manual", "atomic-clock", "cellular")
EXTERNAL_REFERENCE: Final = 0x02
MANUAL_UPDATE: Final = 0x01


@dataclass(frozen=True, slots=True)
class WallClock:
    """The seven bytes of a Date Time: the clock if there is one, and the text of what was sent."""

    at: datetime | None
    sent: str

    def flags(self) -> Flags:
        """What a reading says of a clock that is not known."""
        return {} if self.at is not None else {"time_unknown": self.sent}


def read_wall_clock(cursor: Cursor, field: str = "time_stamp") -> WallClock:
    """The next seven bytes."""
    year = cursor.u16(f"{field}.year")
    month, day = cursor.u8(f"{field}.month"), cursor.u8(f"{field}.day")
    hour, minute, second = (cursor.u8(f"{field}.{part}") for part in ("hours", "minutes", "seconds"))
    sent = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    try:
        at = datetime(year, month, day, hour, minute, second) if year >= FIRST_YEAR else None  # noqa: DTZ001 - the wall clock of the device has no zone
    except ValueError:
        at = None
    return WallClock(at, sent)


def date_time(payload: bytes) -> Reading:
    """2A08: the clock of a device, or of its session."""
    cursor = Cursor(payload)
    clock = read_wall_clock(cursor)
    return closed("2A08", cursor, clock.flags(), at=clock.at)


def current_time(payload: bytes) -> Reading:
    """2A2B: the clock of a device with day of week, fractions of a second and why it was set."""
    cursor = Cursor(payload)
    clock = read_wall_clock(cursor)
    weekday, fraction = cursor.u8("day_of_week"), cursor.u8("fractions256")
    reason = cursor.u8("adjust_reason")
    flags: Flags = {**clock.flags(), "day_of_week": weekday, "fractions256": fraction}
    flags |= {"adjust_reason": reason, **named_bits(reason, _ADJUSTED)}
    at = clock.at
    if at is not None:
        at = at.replace(microsecond=fraction * 1_000_000 // 256)
    return closed("2A2B", cursor, flags, at=at)


def zone_flags(cursor: Cursor) -> Flags:
    """Time zone and daylight saving time: both, and their sum where both are known."""
    zone, dst = cursor.signed(1, "time_zone"), cursor.u8("dst_offset")
    flags: Flags = {"time_zone": zone, "dst_offset": dst}
    if zone != _ZONE_UNKNOWN and -48 <= zone <= 56:
        flags["zone_minutes"] = zone * 15
        if dst in _DST_MINUTES:
            flags["utc_offset_seconds"] = (zone * 15 + _DST_MINUTES[dst]) * 60
    return flags


def local_time(payload: bytes) -> Reading:
    """2A0F: the zone of a device, in quarters of an hour without daylight saving time, and that."""
    cursor = Cursor(payload)
    return closed("2A0F", cursor, zone_flags(cursor))


def reference_time(payload: bytes) -> Reading:
    """2A14: where a device has its time from and how old that is."""
    cursor = Cursor(payload)
    source, accuracy = cursor.u8("source"), cursor.u8("accuracy")
    days, hours = cursor.u8("days_since_update"), cursor.u8("hours_since_update")
    flags: Flags = {"source": source, "accuracy": accuracy, "days_since_update": days}
    flags["hours_since_update"] = hours
    if source < len(_SOURCES):
        flags["source_name"] = _SOURCES[source]
    if accuracy < 254:  # 254 out of range, 255 unknown
        flags["accuracy_milliseconds"] = accuracy * 125
    return closed("2A14", cursor, flags)


def encode_date_time(at: datetime) -> bytes:
    """2A08 for a wall clock: seven bytes.

    >>> encode_date_time(datetime(2026, 11, 21, 8, 5, 30)).hex(" ")
    'ea 07 0b 15 08 05 1e'
    """
    return at.year.to_bytes(2, "little") + bytes((at.month, at.day, at.hour, at.minute, at.second))


def encode_current_time(at: datetime, *, reason: int = MANUAL_UPDATE) -> bytes:
    """2A2B for a wall clock: ten bytes.

    >>> encode_current_time(datetime(2026, 11, 21, 8, 5, 30, 500_000)).hex(" ")
    'ea 07 0b 15 08 05 1e 06 80 01'
    """
    fraction = at.microsecond * 256 // 1_000_000
    return encode_date_time(at) + bytes((at.isoweekday(), fraction, reason))
