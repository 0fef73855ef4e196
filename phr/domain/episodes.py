"""When a change that goes on is new: once when it begins, again when it grows, and not every night in between.

A dismissed case of a trend stays dismissed while the same change goes on (R9-3). It is new data when another signal joins
it, or when it comes back after it was gone for four weeks. What is shown is brought up to date once a week.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

GONE: Final = timedelta(days=28)
"""Without a signal for longer than this, the next one is another episode."""
RENEWED: Final = timedelta(days=7)
"""So old may the values shown become while nothing else changes."""

NEW: Final = "new"
AGAIN: Final = "again"
SAME: Final = "same"


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of nights with signals. seen: the last night that was written down."""

    began: date
    seen: date
    signals: frozenset[str]

    @property
    def mark(self) -> str:
        """What the work list compares: the same as long as nothing is new."""
        return f"{self.began.isoformat()}|{','.join(sorted(self.signals))}"


def read(mark: str, seen: date) -> Episode | None:
    """The episode that a mark names, last written down on a day; None where the mark names none."""
    began, bar, signals = mark.partition("|")
    try:
        return Episode(date.fromisoformat(began), seen, frozenset(signals.split(","))) if bar else None
    except ValueError:
        return None


def follow(before: Episode | None, signals: frozenset[str], today: date) -> tuple[Episode, str]:
    """The episode after a night with these signals, and whether it is NEW, to be shown AGAIN, or the SAME."""
    if before is None or today - before.seen > GONE:
        return Episode(today, today, signals), NEW
    if not signals <= before.signals:
        return Episode(before.began, today, before.signals | signals), NEW
    if today - before.seen >= RENEWED:
        return replace(before, seen=today), AGAIN
    return before, SAME
