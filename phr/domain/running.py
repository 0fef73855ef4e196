"""Rules of running the service: from when on something is late, and from when on it has failed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from phr.domain import examination_log, examination_server
from phr.domain.examination_log import Slot

RUNNING: Final = "running"
LATE: Final = "late"
FAILING: Final = "failing"
OFF: Final = "off"

LETTER_OLD: Final = timedelta(hours=1)
_WORKER: Final = (timedelta(minutes=5), timedelta(hours=1))
_BOX: Final = (timedelta(days=1), timedelta(days=3))
_CLOUD: Final = (timedelta(hours=24), timedelta(days=3))
_BACKUP: Final = (timedelta(hours=26), timedelta(days=3))
_DRILL: Final = (timedelta(days=92), timedelta(days=184))
"""A restore is tried each quarter (R8-26)."""
_BASE: Final = (examination_log.BASE, 2 * examination_log.BASE)
_KEPT: Final = {"backup": _BACKUP, "base": _BASE, "restore-drill": _DRILL}
_LOG: Final = (examination_log.LATE, examination_log.LOST)
_ROOT: Final = timedelta(days=2)


def _state(age: timedelta, limits: tuple[timedelta, timedelta]) -> str:
    late, failed = limits
    return FAILING if age >= failed else LATE if age >= late else RUNNING


def worker(seen: datetime, now: datetime) -> str:
    """A worker by its last sign of life."""
    return _state(now - seen, _WORKER)


def box(seen: datetime, now: datetime) -> str:
    """A gateway box by its last delivery; it may stand in a room that closes for a night."""
    return _state(now - seen, _BOX)


def cloud(connected: int, failing: int, last: datetime | None, now: datetime) -> str:
    """A cloud by its connections: none is off, all that fail is failing, some that fail or none that went well lately late."""
    if not connected:
        return OFF
    if failing >= connected:
        return FAILING
    if last is None:
        return LATE
    found = _state(now - last, _CLOUD)
    return LATE if failing and found == RUNNING else found


def kept(kind: str, at: datetime | None, ok: bool, now: datetime) -> str:
    """A backup, a base backup or a drill by when the last one was; one that went wrong has failed, one that never was is off."""
    if at is None:
        return OFF
    return _state(now - at, _KEPT[kind]) if ok else FAILING


def log(kept_until: datetime | None, slot: Slot | None, now: datetime) -> str:
    """The database's log by the instant up to which it is in the archive; off where nobody ever kept it."""
    if kept_until is None and slot is None:
        return OFF
    if kept_until is None or slot is None or slot.lost:
        return FAILING
    found = _state(now - kept_until, _LOG)
    return LATE if found == RUNNING and slot.held > examination_log.HELD else found


def standby(behind: timedelta | None) -> str:
    """A standby that settings name, by how far it is behind; None where it does not answer or does not follow."""
    if behind is None:
        return FAILING
    return LATE if behind > examination_server.LATE else RUNNING


def root_late(newest: date | None, today: date) -> bool:
    """Whether the root of a day that is over is missing: it is made the day after."""
    return newest is not None and today - newest > _ROOT
