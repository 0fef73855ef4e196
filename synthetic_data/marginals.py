"""Quantile curves that meet a published mean and the published shares of a check-up item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NORMAL: Final = NormalDist()
_GRID: Final[Floats] = np.array([_NORMAL.inv_cdf((i + 0.5) / 1000) for i in range(1000)])
_END: Final = 6.0
"""Normal scores beyond this do not occur."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A rising curve from a normal score to a value: straight lines between knots on the item's scale."""

    scores: Floats
    levels: Floats
    log: bool
    low: float
    high: float

    def __call__(self, scores: Floats) -> Floats:
        """The values at these normal scores, inside the item's range."""
        levels = np.interp(scores, self.scores, self.levels)
        return np.clip(np.exp(levels) if self.log else levels, self.low, self.high)


def normal_curve(mean: float, spread: float, low: float, high: float) -> Curve:
    """A plain normal distribution, for items of which only mean and spread are known."""
    ends = np.array([-_END, _END])
    return Curve(ends, mean + spread * ends, log=False, low=low, high=high)


def fit(
    cuts: Sequence[float],
    below: Sequence[float],
    mean: float,
    *,
    scale: Literal["log", "linear"],
    limits: tuple[float, float],
) -> Curve:
    """The curve through the cuts whose mean is the published one.

    The shares fix the curve at the cuts. Outside them nothing is known but the mean, so the slope of the open end
    that holds more people is chosen to meet it; the other open end goes on as steeply as its neighbour.
    """
    share = np.asarray(below, dtype=np.float64)
    usable = (share > 0.0005) & (share < 0.9995)
    scores = np.array([_NORMAL.inv_cdf(float(s)) for s in share[usable]])
    edges = np.asarray(cuts, dtype=np.float64)[usable]
    levels = np.log(edges) if scale == "log" else edges
    slopes = np.diff(levels) / np.diff(scores)
    first, last = float(slopes[0]), float(slopes[-1])
    lower_is_larger = share[usable][0] > 1 - share[usable][-1]

    def curve(slope: float) -> Curve:
        low_slope, high_slope = (slope, last) if lower_is_larger else (first, slope)
        start = levels[0] - low_slope * (scores[0] + _END)
        stop = levels[-1] + high_slope * (_END - scores[-1])
        knots = np.concatenate(([-_END], scores, [_END]))
        return Curve(knots, np.concatenate(([start], levels, [stop])), scale == "log", *limits)

    return _solve(curve, mean, first if lower_is_larger else last, falling=bool(lower_is_larger))


def _solve(curve: Callable[[float], Curve], mean: float, neighbour: float, *, falling: bool) -> Curve:
    """Bisects the open slope between a tenth and six times its neighbour's; a steeper lower end lowers the mean."""
    shallow, steep = 0.1 * neighbour, 6.0 * neighbour
    for _ in range(40):
        middle = (shallow + steep) / 2
        too_high = float(curve(middle)(_GRID).mean()) > mean
        if too_high == falling:
            shallow = middle
        else:
            steep = middle
    return curve((shallow + steep) / 2)
