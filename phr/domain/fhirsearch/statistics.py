"""Figures over values: the statistics of FHIR's Observation/$stats, each by its code.

http://terminology.hl7.org/CodeSystem/observation-statistics. Deviations and quantiles are those of the values at hand:
variance and std-dev divide by one less than their number, quantiles lie between neighbours in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from phr.errors import Invalid

SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/observation-statistics"
Floats = npt.NDArray[np.float64]
COUNTS: Final = frozenset({"count", "total-count"})
"""Numbers of Observations, which have no unit."""
FROM_DAYS: Final = frozenset({"count", "minimum", "maximum", "sum", "average"})
"""What sums of whole days give exactly."""


def _quantile(share: float) -> Callable[[Floats], float]:
    return lambda values: float(np.quantile(values, share))


def _variance(values: Floats) -> float:
    return float(np.var(values, ddof=1)) if len(values) > 1 else 0.0


_MADE: Final[Mapping[str, Callable[[Floats], float]]] = MappingProxyType(
    {
        "average": lambda values: float(np.mean(values)),
        "maximum": lambda values: float(np.max(values)),
        "minimum": lambda values: float(np.min(values)),
        "count": lambda values: float(len(values)),
        "sum": lambda values: float(np.sum(values)),
        "median": _quantile(0.5),
        "std-dev": lambda values: float(np.sqrt(_variance(values))),
        "variance": _variance,
        "20-percent": _quantile(0.2),
        "80-percent": _quantile(0.8),
        "4-lower": _quantile(0.25),
        "4-upper": _quantile(0.75),
        "4-dev": lambda values: float(np.quantile(values, 0.75) - np.quantile(values, 0.25)),
        "5-1": _quantile(0.2),
        "5-2": _quantile(0.4),
        "5-3": _quantile(0.6),
        "5-4": _quantile(0.8),
    }
)
KNOWN: Final = (*_MADE, "total-count")


def known(names: Sequence[str]) -> tuple[str, ...]:
    """The statistics that are asked for, each once. Raises Invalid."""
    if not names:
        raise Invalid("name a statistic", field="statistic")
    if any(one not in KNOWN for one in names):
        raise Invalid(f"expected some of {', '.join(KNOWN)}", field="statistic")
    return tuple(dict.fromkeys(names))


def figures(names: Sequence[str], values: Floats, total: int) -> dict[str, float | None]:
    """The statistics of values; total: how many Observations there are, those without a value among them.

    None where there is nothing to say: of no values at all there is a number alone.
    """
    found: dict[str, float | None] = {}
    for name in names:
        if name == "total-count":
            found[name] = float(total)
        elif name == "count" or len(values):
            found[name] = _MADE[name](values)
        else:
            found[name] = None
    return found


def of_days(names: Sequence[str], days: Sequence[tuple[int, float, float, float]]) -> dict[str, float | None]:
    """The statistics of whole days, each with its number of values, least, greatest and sum."""
    number = sum(day[0] for day in days)
    if not number:
        return {name: 0.0 if name == "count" else None for name in names}
    total = float(np.sum([day[3] for day in days]))
    made = {
        "count": float(number),
        "minimum": min(day[1] for day in days),
        "maximum": max(day[2] for day in days),
        "sum": total,
        "average": total / number,
    }
    return {name: made[name] for name in names}
