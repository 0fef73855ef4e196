"""How good a risk is on people with censored follow-up: concordance, calibration, Brier score, net benefit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from risk.model.people import Values


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which person of each usable pair had the higher risk; held so that a bootstrap is two products of matrices."""

    first: npt.NDArray[np.int64]
    usable: npt.NDArray[np.float32]
    right: npt.NDArray[np.float32]

    @classmethod
    def of(cls, years: Values, event: Values, risk: Values) -> Pairs:
        """A pair is usable when one was found earlier than the other was last seen."""
        first = np.flatnonzero(event)
        mine, when = risk[first][:, None], years[first][:, None]
        usable = (years > when) | ((years == when) & (event == 0))
        right = usable * ((mine > risk) + 0.5 * (mine == risk))
        return cls(first, usable.astype(np.float32), right.astype(np.float32))

    def concordance(self, weight: Values | None = None) -> float:
        """Harrell's C; a weight counts each person that often."""
        if weight is None:
            weight = np.ones(self.usable.shape[1])
        mine, all_ = weight[self.first], weight.astype(np.float32)
        total = float(mine @ (self.usable @ all_).astype(np.float64))
        right = float(mine @ (self.right @ all_).astype(np.float64))
        return right / total if total else float("nan")


def concordance(years: Values, event: Values, risk: Values) -> float:
    """Harrell's C: of the usable pairs, the share in which the one found earlier had the higher risk."""
    return Pairs.of(years, event, risk).concordance()


def seen_by(years: Values, event: Values, horizon: float) -> tuple[Values, Values]:
    """Whether it was found by the horizon, and the inverse of the chance of still being watched (IPCW).

    People lost before the horizon weigh nothing; the others stand for them as well.
    """
    times, places = np.unique(years, return_inverse=True)
    lost = np.bincount(places, event == 0, len(times))
    at_risk = len(years) - np.searchsorted(np.sort(years), times, side="left")
    watched = np.concatenate([[1.0], np.cumprod(1.0 - lost / at_risk)])
    found = (years <= horizon) & (event == 1)
    before = watched[np.searchsorted(times, np.minimum(years, horizon), side="left")]
    after = watched[np.searchsorted(times, horizon, side="right")]
    weight = np.where(
        found, 1.0 / np.maximum(before, 1e-9), np.where(years > horizon, 1.0 / max(after, 1e-9), 0.0)
    )
    return found.astype(np.float64), weight


def observed(years: Values, event: Values, horizon: float) -> float:
    """The share found by the horizon, by Kaplan and Meier."""
    times, places = np.unique(years[(event == 1) & (years <= horizon)], return_inverse=True)
    events = np.bincount(places, minlength=len(times))
    at_risk = len(years) - np.searchsorted(np.sort(years), times, side="left")
    return float(1.0 - np.prod(1.0 - events / at_risk))


def brier(found: Values, weight: Values, risk: Values) -> float:
    """The weighted mean squared difference."""
    return float(weight @ (found - risk) ** 2 / weight.sum())


def calibration(found: Values, weight: Values, risk: Values) -> tuple[float, float]:
    """Intercept and slope of the logistic recalibration of a risk; 0 and 1 are ideal.

    The intercept is that of a model with the slope held at 1 (calibration in the large).
    """
    odds = np.log(risk / (1.0 - risk))
    large = _logistic(np.ones((len(odds), 1)), found, weight, odds)[0]
    slope = _logistic(np.column_stack([np.ones(len(odds)), odds]), found, weight, np.zeros(len(odds)))[1]
    return float(large), float(slope)


def _logistic(design: Values, found: Values, weight: Values, offset: Values) -> Values:
    """Weighted maximum likelihood by Newton's method."""
    steps = np.zeros(design.shape[1])
    steps[-1] = 1.0 if design.shape[1] > 1 else 0.0
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-(offset + design @ steps)))
        slope = design.T @ (weight * (found - chance))
        curve = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design
        move = np.linalg.solve(curve, slope)
        steps = steps + np.clip(move, -2.0, 2.0)
        if np.abs(move).max() < 1e-9:
            break
    return steps


def net_benefit(found: Values, weight: Values, risk: Values, threshold: float) -> tuple[float, float]:
    """Net benefit of calling those at or above a threshold, and of calling everyone."""
    total = weight.sum()
    odds = threshold / (1.0 - threshold)
    called = risk >= threshold
    of_model = float((weight * found * called).sum() - odds * (weight * (1.0 - found) * called).sum()) / total
    of_all = float((weight * found).sum() - odds * (weight * (1.0 - found)).sum()) / total
    return float(of_model), float(of_all)
