"""Intervals: a number with what is between its ends, and the ways to get one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
)

from risk.programme.people import Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the ends of its confidence interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, and the share with its interval; no interval when there is nobody."""

    count: int
    of: int
    share: Interval | None


def share(count: int, of: int, confidence: float) -> Share:
    """Wilson's interval (Wilson 1927), which stays within 0 and 1 and holds for few people."""
    if of == 0:
        return Share(count, of, None)
    low, high = proportion_confint(count, of, alpha=1 - confidence, method="wilson")
    return Share(count, of, Interval(count / of, float(low), float(high)))


def difference(one: Share, other: Share, confidence: float) -> Interval | None:
    """The first share minus the second with Newcombe's interval (Stat Med 1998;17:873, method 10)."""
    if one.share is None or other.share is None:
        return None
    low, high = confint_proportions_2indep(
        one.count, one.of, other.count, other.of, method="newcomb", compare="diff", alpha=1 - confidence
    )
    return Interval(one.share.estimate - other.share.estimate, float(low), float(high))


def mean(values: Floats, confidence: float) -> Interval:
    """The mean with Student's interval; for differences within people this is the paired interval."""
    spread = float(values.std(ddof=1)) / np.sqrt(len(values))
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1)) * spread
    middle = float(values.mean())
    return Interval(middle, middle - reach, middle + reach)


def standardised(one: Floats, other: Floats) -> float:
    """Standardised mean difference: that of the means over the pooled spread; 0 when nothing varies."""
    spread = float(np.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2))
    return float(one.mean() - other.mean()) / spread if spread > 0 else 0.0
