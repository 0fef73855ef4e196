"""What happens to the numbers of a release: top-coding, means of groups, noise and rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from phr.domain.deid import GROUP, Numbers, Step, Texts


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rules for values look at besides the value: who, which variable, the day's mean, a drawn factor.

    cell: rows of one group, variable and week have the same number; each row its own where nobody is grouped.
    """

    person: npt.NDArray[np.int64]
    code: Texts
    mean: Numbers
    noise: Numbers
    cell: npt.NDArray[np.int64]


def coarsened(values: Numbers, steps: Sequence[Step], rows: Rows) -> Numbers | None:
    """One value column after its steps; None when the column is dropped."""
    for step in steps:
        options = step.options
        if step.action == "drop":
            return None
        if step.action == "top_code":
            values = _top_coded(values, rows, **options)
        elif step.action == "blank":
            values = np.where(np.isin(rows.code, options["codes"]), np.nan, values)
        elif step.action == GROUP:
            values = _group_mean(values, rows.cell, **options)
        elif step.action == "noise":
            values = values * (1 + options["share"] * rows.noise)
        elif step.action == "round":
            values = significant(values, options["digits"])
        elif step.action == "band":
            values = np.floor(values / options["width"]) * options["width"]
    return values


def _top_coded(values: Numbers, rows: Rows, *, codes: Sequence[str], low: int, high: int) -> Numbers:
    """Values beyond the persons' percentiles are set to a bound that is another person's mean."""
    out = values.copy()
    for code in codes:
        here = rows.code == code
        means = pd.Series(rows.mean[here]).groupby(rows.person[here]).mean().dropna().to_numpy()
        if len(means):
            bounds = np.percentile(means, low, method="higher"), np.percentile(means, high, method="lower")
            out[here] = np.clip(values[here], min(bounds), max(bounds))
    return out


def _group_mean(values: Numbers, cell: npt.NDArray[np.int64], *, least: int) -> Numbers:
    """The mean of a group in place of each of its values; none where fewer than `least` people have one."""
    there = ~np.isnan(values)
    count = np.bincount(cell[there], minlength=cell.max(initial=-1) + 1)
    total = np.bincount(cell[there], weights=values[there], minlength=len(count))
    means = np.full(len(count), np.nan)
    enough = count >= least
    means[enough] = total[enough] / count[enough]
    shown: Numbers = means[cell]
    return shown


def significant(values: Numbers, digits: int) -> Numbers:
    """Rounds to so many significant digits; keeps order, so that min <= mean <= max stays true.

    >>> significant(np.array([71.26, 8123.4, 0.0]), 3).tolist()
    [71.3, 8120.0, 0.0]
    """
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.abs(values)))
    power = np.clip(np.where(np.isfinite(size), size, 0.0) - digits + 1, -300, 300)
    scale = 10.0 ** np.abs(power)
    rounded: Numbers = np.where(power < 0, np.rint(values * scale) / scale, np.rint(values / scale) * scale)
    return rounded
