"""Before and after in one group: what changed in those measured twice, and who was lost in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk.programme.intervals import Interval, mean, standardised
from risk.programme.people import Mask, People
from risk.programme.rules import Rules


@dataclass(frozen=True, slots=True)
class Change:
    """One outcome in one group. Means and the change are None below the fewest people.

    lost: measured before and not after. lost_differ: standardised difference of the baseline between those lost and
    those measured twice; far from 0 says that the loss was not by chance.
    """

    outcome: str
    group: str
    people: int
    twice: int
    lost: int
    lost_differ: float | None
    before: float | None
    after: float | None
    change: Interval | None


def change(people: People, outcome: str, group: str, chosen: Mask, rules: Rules) -> Change:
    """Complete cases only; how many are not is in the counts."""
    before, after = (people.values[outcome][phase] for phase in ("before", "after"))
    known = chosen & ~np.isnan(before)
    twice = known & ~np.isnan(after)
    lost = known & ~twice
    n, gone = int(twice.sum()), int(lost.sum())
    counts = (outcome, group, int(chosen.sum()), n, gone)
    differ = None
    if min(n, gone) >= rules.fewest:
        differ = standardised(before[lost], before[twice])
    if n < rules.fewest:
        return Change(*counts, differ, None, None, None)
    gained = mean(after[twice] - before[twice], rules.confidence)
    return Change(*counts, differ, float(before[twice].mean()), float(after[twice].mean()), gained)
