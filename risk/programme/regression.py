"""Least squares with intervals that hold for pairs, or where the spread is not the same for everybody."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from statsmodels.regression.linear_model import OLS

from risk.programme.intervals import Interval
from risk.programme.people import Floats


def slope(
    outcome: Floats,
    of: Floats,
    beside: list[Floats],
    confidence: float,
    pairs: npt.NDArray[np.int64] | None = None,
) -> tuple[Interval, float]:
    """What goes with one more of a column, beside others, with its p.

    Errors are those of clusters where ``pairs`` names them (Abadie & Spiess, JASA 2022;117:983), else robust (HC3).
    """
    columns = [np.ones(len(outcome)), of]
    for values in beside:
        spread = float(values.std())
        if spread > 0:
            columns.append((values - values.mean()) / spread)
    model = OLS(outcome, np.column_stack(columns))
    if pairs is None:
        fit = model.fit(cov_type="HC3", use_t=True)
    else:
        fit = model.fit(cov_type="cluster", cov_kwds={"groups": pairs}, use_t=True)
    low, high = fit.conf_int(alpha=1 - confidence)[1]
    return Interval(float(fit.params[1]), float(low), float(high)), float(fit.pvalues[1])
