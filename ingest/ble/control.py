"""Commands to control points and clocks of devices, and their answers: bytes and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ingest.errors import BadPayload

RACP: Final = "2A52"
USER_CONTROL: Final = "2A9F"

ABORT: Final = bytes((3, 0))
SUCCESS: Final = 1
NO_RECORDS: Final = 6
"""A normal end."""

_REPORT: Final = 1
_COUNT: Final = 4
_ALL: Final = 1
_FROM: Final = 3
_BETWEEN: Final = 4
_FILTER: Final = 1
"""Sequence number, or minutes since the session start of a glucose sensor."""


def _records(opcode: int, first: int | None, last: int | None) -> bytes:
    if first is None:
        return bytes((opcode, _ALL))
    if last is None:
        return bytes((opcode, _FROM, _FILTER)) + first.to_bytes(2, "little")
    return bytes((opcode, _BETWEEN, _FILTER)) + first.to_bytes(2, "little") + last.to_bytes(2, "little")


def report(first: int | None = None, last: int | None = None) -> bytes:
    """Ask for records: all, from a number on, or between two numbers; both ends count.

    >>> report(6).hex(" ")
    '01 03 01 06 00'
    """
    return _records(_REPORT, first, last)


def count(first: int | None = None, last: int | None = None) -> bytes:
    """Ask how many records there are.

    >>> count().hex(" ")
    '04 01'
    """
    return _records(_COUNT, first, last)


def report_last() -> bytes:
    """Ask for the newest record only."""
    return bytes((_REPORT, 6))


@dataclass(frozen=True, slots=True)
class Count:
    """How many records there are."""

    number: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How a procedure ended."""

    request: int
    code: int

    @property
    def is_normal(self) -> bool:
        """All records were sent, or there are none."""
        return self.code in (SUCCESS, NO_RECORDS)


def racp_answer(payload: bytes) -> Count | Answer:
    """What a Record Access Control Point says. Counts of one, two and four bytes are in use."""
    if len(payload) >= 3 and payload[0] == 5:
        return Count(int.from_bytes(payload[2:6], "little"))
    if len(payload) >= 4 and payload[0] == 6:
        return Answer(payload[2], payload[3])
    raise BadPayload("not an answer of the record access control point", field=RACP)


def consent(slot: int, code: int) -> bytes:
    """Ask a scale for the data of one user slot.

    >>> consent(1, 1234).hex(" ")
    '02 01 d2 04'
    """
    return bytes((2, slot)) + code.to_bytes(2, "little")


def user_answer(payload: bytes) -> Answer:
    """What a User Control Point says."""
    if len(payload) < 3 or payload[0] != 0x20:
        raise BadPayload("not an answer of the user control point", field=USER_CONTROL)
    return Answer(payload[1], payload[2])


def date_time(wall: datetime) -> bytes:
    """Date Time 2A08, seven bytes.

    >>> date_time(datetime(2026, 11, 21, 8, 5, 30)).hex(" ")
    'ea 07 0b 15 08 05 1e'
    """
    return wall.year.to_bytes(2, "little") + bytes(
        (wall.month, wall.day, wall.hour, wall.minute, wall.second)
    )


def current_time(wall: datetime, *, reason: int = 1) -> bytes:
    """Current Time 2A2B, ten bytes; the reason is a manual update."""
    fraction = wall.microsecond * 256 // 1_000_000
    return date_time(wall) + bytes((wall.isoweekday(), fraction, reason))


def shown_time(payload: bytes, characteristic: str) -> datetime | None:
    """The wall time at the head of 2A08, 2A2B and 2AAA; None where the device has no date."""
    if len(payload) < 7:
        raise BadPayload("shorter than a date and time", field=characteristic)
    year, month, day = int.from_bytes(payload[:2], "little"), payload[2], payload[3]
    try:
        return datetime(year, month, day, *payload[4:7])  # noqa: DTZ001 - the device has no zone
    except ValueError:  # zero is "unknown"; the rest cannot be
        return None


@dataclass(frozen=True, slots=True)
class SensorStart:
    """When a glucose sensor's session began: wall time, and seconds east of UTC where it knows them."""

    wall: datetime
    east: int | None = None


def sensor_start(payload: bytes) -> SensorStart | None:
    """Session Start Time 2AAA; None while it is not set."""
    if len(payload) < 9:
        raise BadPayload("shorter than a session start", field="2AAA")
    wall = shown_time(payload, "2AAA")
    if wall is None:
        return None
    zone = int.from_bytes(payload[7:8], "little", signed=True)
    summer = payload[8]
    known = -48 <= zone <= 56 and summer in (0, 2, 4, 8)
    return SensorStart(wall, (zone + summer) * 900 if known else None)


def sensor_has_checksum(payload: bytes) -> bool:
    """Feature 2AA8, bit 12: each record of this sensor ends with a checksum."""
    if len(payload) < 3:
        raise BadPayload("shorter than the features of a sensor", field="2AA8")
    return bool(int.from_bytes(payload[:3], "little") & 1 << 12)


def minutes_after(start: datetime, minutes: int) -> datetime:
    """The wall time of a record of a glucose sensor."""
    return start + timedelta(minutes=minutes)
