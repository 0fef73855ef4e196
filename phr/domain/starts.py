"""Starts of jobs: a job that a worker was lost in again and again rests, so that it does not take everything else with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from phr.domain.signs import FAILED, JOB

BEGUN: Final = "begun-"
LOSSES: Final = 3
"""So many starts without an end, and the job rests."""
REST: Final = timedelta(hours=1)


def open_starts(signs: Mapping[str, datetime], job: str) -> list[datetime]:
    """When the job began since it ended last, well or not; oldest first.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 22, tzinfo=UTC)
    >>> len(open_starts({"begun-1-seal": at, "begun-2-seal": at - REST, "job-seal": at - 2 * REST}, "seal"))
    2
    """
    ends = [signs[name] for name in (JOB + job, FAILED + job) if name in signs]
    begun = [signs[name] for slot in range(1, LOSSES + 1) if (name := _name(slot, job)) in signs]
    return sorted(at for at in begun if not ends or at > max(ends))


def start_of(signs: Mapping[str, datetime], job: str, now: datetime) -> str | None:
    """The sign under which this start is noted; None: the job rests, since workers were lost in its last starts.

    A start later than now is of a clock that went back: it says nothing of when the job may begin.
    """
    begun = open_starts(signs, job)
    if len(begun) == LOSSES and timedelta() <= now - begun[-1] < REST:
        return None
    names = [_name(slot, job) for slot in range(1, LOSSES + 1)]
    return min(
        names, key=lambda name: (signs.get(name) in begun, signs.get(name, now))
    )  # free, or the oldest


def _name(slot: int, job: str) -> str:
    return f"{BEGUN}{slot}-{job}"
