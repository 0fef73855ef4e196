"""The records of a continuous glucose sensor, one by one, on the wall clock of its session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ingest.ble.decode import cgm, cgm_session
from ingest.ble.reading import Reading
from ingest.errors import BadPayload

SENSOR: Final = "2AA7"
_SMALLEST: Final = 6


@dataclass(frozen=True, slots=True)
class Sensor:
    """What must be known to read a record: when the session began, where, and whether a checksum follows.

    start: local wall time, None while it is not set. east: seconds east of UTC, where the sensor says it.
    """

    start: datetime | None = None
    east: int | None = None
    checksum: bool | None = None

    @classmethod
    def known(cls, features: Mapping[str, bytes]) -> Sensor:
        """From the session start 2AAA and the features 2AA8; what cannot be read is not known."""
        start: datetime | None = None
        east: int | None = None
        checksum: bool | None = None
        try:
            if "2AAA" in features:
                session = cgm_session.session_start(features["2AAA"])
                start = session.at
                offset = session.flags.get("utc_offset_seconds")
                east = offset if isinstance(offset, int) else None
            if "2AA8" in features:
                checksum = "e2e_crc" in cgm_session.feature(features["2AA8"]).flags
        except BadPayload:
            return cls(None, None, checksum)
        return cls(start, east, checksum)

    def records(self, payload: bytes) -> list[Reading]:
        """One reading for each record of a notification; its number is its minute of the session."""
        return [self._on_the_clock(record) for record in self._split(payload)]

    def _split(self, payload: bytes) -> list[bytes]:
        parts: list[bytes] = []
        place = 0
        while place < len(payload):
            size = payload[place]
            if size < _SMALLEST or place + size > len(payload):
                raise BadPayload("a record of another size than it says", field="size")
            parts.append(payload[place : place + size])
            place += size
        if not parts:
            raise BadPayload("empty", field="size")
        return parts

    def _on_the_clock(self, record: bytes) -> Reading:
        reading = cgm.measurement(record, crc=self.checksum)
        if reading.unusable == "bad-checksum":
            raise BadPayload("the checksum does not fit", field="e2e_crc")
        minutes = int.from_bytes(record[4:6], "little")
        flags = dict(reading.flags)
        if self.start is not None:
            flags["session_start_day"] = self.start.date().isoformat()
        if self.east is not None:
            flags["utc_offset_seconds"] = self.east
        measured = tuple(replace(each, seconds=Decimal(0)) for each in reading.measured)
        return replace(reading, at=self._wall(minutes), sequence=minutes, measured=measured, flags=flags)

    def _wall(self, minutes: int) -> datetime | None:
        try:
            return None if self.start is None else self.start + timedelta(minutes=minutes)
        except OverflowError:  # it began at the end of the calendar
            return None
