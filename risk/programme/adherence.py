"""Adherence: on how many days of the week a lent device was worn, and how that goes with the change. An association only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from risk.programme.intervals import Interval, Share, share
from risk.programme.people import People
from risk.programme.regression import slope
from risk.programme.rules import Rules


@dataclass(frozen=True, slots=True)
class Adherence:
    """Worn days a week of participants; quartiles are None below the fewest people.

    most_days: who wore it on at least five days. association: change of the primary outcome that goes with one more
    worn day a week. People who wear a device more differ in other ways too: this is no effect of wearing it.
    """

    people: int
    quartiles: tuple[float, float, float] | None
    most_days: Share
    association: Interval | None


def adherence(people: People, primary: str, rules: Rules) -> Adherence:
    """Of the participants with a device."""
    known = people.participants & ~np.isnan(people.worn)
    worn = people.worn[known]
    often = share(int((worn >= 5).sum()), len(worn), rules.confidence)
    if len(worn) < rules.fewest:
        return Adherence(len(worn), None, often, None)
    low, middle, high = (float(q) for q in np.quantile(worn, [0.25, 0.5, 0.75]))
    phases = people.values[primary]
    change = (phases["after"] - phases["before"])[known]
    both = ~np.isnan(change)
    association = None
    if int(both.sum()) >= rules.fewest and float(worn[both].std()) > 0:
        association = slope(change[both], worn[both], [], rules.confidence)[0]
    return Adherence(len(worn), (low, middle, high), often, association)
