"""Maximum penalised likelihood of an additive hazard: piecewise constant in time, monotone by bounded steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from risk.model.inputs import standard
from risk.model.people import Values

CUTS: Final = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0])
HORIZON: Final = 5.0
QUANTILES: Final = (0.02, 0.3, 0.7, 0.985)
SMOOTH: Final = 2.0
_LIMITS: Final = {"up": (0.0, None), "down": (None, 0.0), "free": (None, None)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Follow-up cut into the intervals of time. weight: how often a person counts (bootstrap)."""

    exposure: Values
    event: Values
    interval: npt.NDArray[np.int64]

    @classmethod
    def of(cls, years: Values, event: Values, until: float = CUTS[-1]) -> Outcome:
        """The exposure and events until a time; what comes later is censored there."""
        event = np.where(years <= until, event, 0.0)
        years = np.minimum(years, until)
        exposure = np.clip(years[:, None] - CUTS[:-1], 0.0, np.diff(CUTS))
        interval = np.clip(np.searchsorted(CUTS, years, side="left") - 1, 0, len(CUTS) - 2)
        return cls(exposure, event, interval)

    def baseline(self, log_hazard: Values, weight: Values) -> Values:
        """The rate of each interval that makes expected and observed events equal."""
        events = np.bincount(self.interval, weight * self.event, len(CUTS) - 1)
        time = self.exposure.T @ (weight * np.exp(log_hazard))
        rates: Values = np.divide(events, time, out=np.zeros_like(events), where=time > 0)
        return rates


def cumulative(rates: Values, until: float = HORIZON) -> float:
    """The cumulative hazard at a time."""
    return float(rates @ np.clip(until - CUTS[:-1], 0.0, np.diff(CUTS)))


@dataclass(frozen=True, slots=True)
class Basis:
    """The steps of each input between its knots: a column rises from 0 to 1 while the value crosses an interval."""

    knots: Mapping[str, Values]
    deviations: Mapping[str, float]

    @classmethod
    def of(cls, values: Mapping[str, Values], names: tuple[str, ...]) -> Basis:
        """Knots at quantiles; the codes themselves for inputs with codes."""
        knots: dict[str, Values] = {}
        for name in names:
            steps = standard().input[name].steps
            places = np.arange(len(steps)) if steps else np.quantile(values[name], QUANTILES)
            knots[name] = np.unique(np.round(places.astype(np.float64), 4))
        return cls(knots, {name: float(np.std(values[name])) for name in names})

    def columns(self, values: Mapping[str, Values]) -> Values:
        """The design: one column per step."""
        parts = [
            np.clip((values[name][:, None] - knots[:-1]) / np.diff(knots), 0.0, 1.0)
            for name, knots in self.knots.items()
        ]
        return np.hstack(parts)

    def places(self) -> dict[str, slice]:
        """Which columns belong to which input."""
        found, start = {}, 0
        for name, knots in self.knots.items():
            found[name] = slice(start, start + len(knots) - 1)
            start += len(knots) - 1
        return found

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """The demanded directions as bounds of the steps."""
        return [
            _LIMITS[standard().input[name].direction]
            for name, knots in self.knots.items()
            for _ in range(len(knots) - 1)
        ]

    def penalty(self, strength: float) -> Values:
        """Slopes are held small, and alike from one interval to the next, in units of a standard deviation."""
        size = sum(len(knots) - 1 for knots in self.knots.values())
        found = np.zeros((size, size))
        for name, place in self.places().items():
            per_width = np.diag(self.deviations[name] / np.diff(self.knots[name]))
            bends = np.diff(np.eye(len(per_width)), axis=0) @ per_width
            found[place, place] = strength * (per_width + SMOOTH * bends.T @ bends)
        return found


@dataclass(frozen=True, slots=True)
class Fit:
    """Steps of the log hazard and the rates of the intervals for a person with no steps."""

    steps: Values
    rates: Values


def fit(
    design: Values,
    outcome: Outcome,
    weight: Values,
    *,
    penalty: Values,
    bounds: list[tuple[float | None, float | None]],
    offset: Values | None = None,
) -> Fit:
    """The penalised maximum; the rates are profiled out, so that only the steps are searched."""
    known = np.zeros(len(design)) if offset is None else offset
    centre = (weight @ design) / weight.sum()
    centred = design - centre

    def loss(steps: Values) -> tuple[float, Values]:
        log_hazard = known + centred @ steps
        rates = outcome.baseline(log_hazard, weight)
        expected = weight * np.exp(log_hazard) * (outcome.exposure @ rates)
        events = weight * outcome.event
        gained = events @ log_hazard + events @ np.log(np.maximum(rates[outcome.interval], 1e-300))
        slope = centred.T @ (events - expected) - penalty @ steps
        return float(0.5 * steps @ penalty @ steps - gained), -slope

    start = np.zeros(design.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    steps: Values = found.x
    rates = outcome.baseline(known + design @ steps, weight)
    return Fit(steps, rates)
