"""Each reading once: its internal key, its public identifier, and what a gateway remembers between sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Protocol

from ingest.ble.clock import Checkpoint
from ingest.ble.reading import Reading

EPOCH: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - the identifier counts the device's own seconds, which have no zone
UTC_QUARTER: Final = 15


def reading_key(device: str, reading: Reading, session: str = "") -> str:
    """The internal identity of a reading: the same record sent twice has the same key.

    ``session`` counts only for readings in which the device put neither a time nor a record number: nothing
    else tells two equal ones apart.
    """
    dated = reading.at is not None or reading.sequence is not None
    slot = "" if reading.user is None else str(reading.user)
    sequence = "" if reading.sequence is None else str(reading.sequence)
    head = "|".join((device, reading.characteristic, slot, sequence, "" if dated else session))
    return sha256(head.encode() + b"|" + reading.raw).hexdigest()


def phd_identifier(
    device: str,
    patient: str,
    code: int,
    at: datetime,
    supplemental: Sequence[int] = (),
    *,
    east_minutes: int | None = None,
    duration: int | None = None,
) -> str:
    """The duplicate identifier of the HL7 Personal Health Device guide.

    device: System ID in the order of the wire, hexadecimal. at: as the device said it, never corrected.

    >>> phd_identifier("74E8FFFEFF051C00", "p1", 150020, datetime(2026, 11, 21, 7, 30))
    '74E8FFFEFF051C00-p1-150020-848561400'
    """
    stamp = str((at - EPOCH) // timedelta(seconds=1))
    if east_minutes is not None:
        stamp += f"{east_minutes // UTC_QUARTER:+d}"
    if duration is not None:
        stamp += f"..{duration}"
    return "-".join((device.upper(), patient, str(code), stamp, *(str(term) for term in supplemental)))


@dataclass(frozen=True, slots=True)
class Bookmark:
    """What is remembered of a device: the highest record number stored, and its clock when last seen."""

    sequence: int | None = None
    clock: Checkpoint | None = None


class Seen(Protocol):
    """What a gateway remembers. It is changed only after the readings are durable."""

    def has(self, key: str) -> bool:
        """Whether a reading was stored before."""

    def add(self, key: str) -> None:
        """A reading is stored."""

    def bookmark(self, device: str) -> Bookmark:
        """What is remembered of a device; an empty bookmark for a new one."""

    def advance(self, device: str, bookmark: Bookmark) -> None:
        """Everything of a device up to this bookmark is stored."""


@dataclass(slots=True)
class SeenInMemory:
    """A memory that ends with the process: for tests and demonstrations."""

    keys: set[str] = field(default_factory=set)
    bookmarks: dict[str, Bookmark] = field(default_factory=dict)

    def has(self, key: str) -> bool:
        """Whether a reading was stored before."""
        return key in self.keys

    def add(self, key: str) -> None:
        """A reading is stored."""
        self.keys.add(key)

    def bookmark(self, device: str) -> Bookmark:
        """What is remembered of a device."""
        return self.bookmarks.get(device, Bookmark())

    def advance(self, device: str, bookmark: Bookmark) -> None:
        """Everything of a device up to this bookmark is stored."""
        self.bookmarks[device] = bookmark


def further(before: Bookmark, sequence: int | None, clock: Checkpoint | None) -> Bookmark:
    """The bookmark after a session."""
    return replace(
        before,
        sequence=before.sequence if sequence is None else sequence,
        clock=before.clock if clock is None else clock,
    )
