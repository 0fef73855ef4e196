"""Examination of the database's log: how much a restore would lose now, and whether it still has something to begin with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from phr.domain.examination import Finding, spoken

LATE: Final = timedelta(minutes=10)
LOST: Final = timedelta(hours=1)
BASE: Final = timedelta(days=9)  # one a week, and two days to mend the timer
HELD: Final = 5_000_000_000  # bytes of log that the server keeps for us on its own disk


@dataclass(frozen=True, slots=True)
class Slot:
    """The server's place for us: bytes that it keeps since we took the last, and whether it had to throw some away."""

    held: int
    lost: bool


def log(kept: datetime | None, slot: Slot | None, base: datetime | None, now: datetime) -> Finding:
    """The instant up to which everything is in the archive, the slot, and the last good base backup."""
    if kept is None and slot is None:
        return Finding("log", "off", "the database's log is not kept: a restore goes back to the last backup")
    if slot is None or slot.lost or kept is None:
        return Finding(
            "log",
            "broken",
            "part of the database's log was never kept",
            "Start phr backup stream with a new folder, and run phr backup base at once.",
        )
    if now - kept > LATE:
        return Finding(
            "log",
            "broken" if now - kept > LOST else "warn",
            f"a loss now would cost the last {spoken(now - kept)}",
            "Read why phr backup stream stopped (systemctl status phr-wal), and start it.",
        )
    if slot.held > HELD:
        return Finding(
            "log",
            "warn",
            f"the server keeps {slot.held // 1_000_000_000} GB of log for us",
            "Look at the network and the disk of phr backup stream; the database's own disk fills.",
        )
    if base is None or now - base > BASE:
        return Finding(
            "log",
            "warn",
            "the log is kept, but there is no base backup of the last nine days to begin with",
            "Run phr backup base.",
        )
    return Finding("log", "ok", f"a loss now would cost the last {spoken(now - kept)}")
