"""Goals that adapt to a person's own weeks, and streaks that forgive: small steps, a plateau, and never a reproach."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final

WEEKS: Final = 4
STEP: Final = 500
"""The most that a goal grows from one week to the next."""
LOWEST: Final = 2000
_ROUND: Final = 100
_WORN: Final = 7  # days with steps in the four weeks that a goal needs
_GAP: Final = 7  # days without any: illness, a journey; the goal then does not grow
_EACH: Final = 7  # one missed day in so many is forgiven


@dataclass(frozen=True, slots=True)
class Goal:
    """A proposal. why: grew, kept, gap, plateau or few, a word that the pages translate."""

    steps: int | None
    why: str


def propose(steps: Mapping[date, int], today: date, plateau: int, held: int | None) -> Goal:
    """The goal of a week, from the person's own last four weeks.

    plateau: 8,000 steps, 6,000 from 65 on: more is no better for the game, so no goal is above it. held: the goal that
    the person has now; a goal falls with what was walked and grows by a small step, never after a gap.
    """
    first = today - timedelta(weeks=WEEKS)
    walked = {day: n for day, n in steps.items() if first <= day < today and n > 0}
    if len(walked) < _WORN:
        return Goal(None if held is None else min(held, plateau), "few")
    usual = int(median(walked.values()))
    base = usual if held is None else min(held, usual)
    if _longest_gap(walked, first, today) >= _GAP:
        return Goal(_rounded(min(base, plateau)), "gap")
    if usual >= plateau:
        return Goal(plateau, "plateau")
    most = usual if held is None else max(held, LOWEST)
    grown = min(usual + STEP, most + STEP, plateau)
    found = _rounded(grown)
    return Goal(found, "grew" if held is None or found > held else "kept")


def _rounded(steps: int) -> int:
    return max(steps // _ROUND * _ROUND, LOWEST)


def _longest_gap(walked: Collection[date], first: date, today: date) -> int:
    longest = run = 0
    day = min(walked)  # before the first day nobody knows whether there was a device
    while first <= day < today:
        run = 0 if day in walked else run + 1
        longest = max(longest, run)
        day += timedelta(days=1)
    return longest


def streak(reached: Collection[date], today: date) -> int:
    """Days in a row, one missed day a week forgiven; today may still come. It is shown while it lives, never its end."""
    days = frozenset(reached)
    count, day, forgiven = 0, today if today in days else today - timedelta(days=1), None
    while days and day >= min(days):
        if day in days:
            count += 1
        elif forgiven is None or (forgiven - day).days >= _EACH:
            forgiven = day
        else:
            break
        day -= timedelta(days=1)
    return count
