"""Changes against the own past for many people at once: who has a signal, by the rules of risk.trends.

A city is too many people to ask one by one. The rows of a table are people, its columns are days, newest first; NaN is
"no value". What is found here is explained with risk.trends, person by person.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from risk.errors import BadInput
from risk.home_limits import HomeLimits, standard
from risk.trends import MAD_TO_SD

Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def span(measure: str, limits: HomeLimits | None = None) -> int:
    """How many days, today included, the rule of a measure looks back on."""
    known = (limits or standard()).trends
    if measure not in known:
        raise BadInput(f"is none of {', '.join(known)}", field="measure")
    return known[measure].recent_days + known[measure].past_days


def signals(
    measure: str, values: Values, *, worn_minutes: Values | None = None, limits: HomeLimits | None = None
) -> Mask:
    """Whose change is a signal. values, worn_minutes: people by days, today first, of the length of ``span``."""
    days = span(measure, limits)
    trend = (limits or standard()).trends[measure]
    if values.ndim != 2 or values.shape[1] != days:
        raise BadInput(f"is not a table of {days} days", field="values")
    counted = np.where(np.isfinite(values), values, np.nan)
    if worn_minutes is not None:
        if worn_minutes.shape != values.shape:
            raise BadInput("is not as long as the table", field="worn_minutes")
        used = worn_minutes >= max(trend.worn, 1.0) if trend.worn else ~(worn_minutes <= 0)
        counted = np.where(used, counted, np.nan)
    elif trend.worn:
        raise BadInput("is needed for this measure", field="worn_minutes")
    recent, past = counted[:, : trend.recent_days], counted[:, trend.recent_days :]
    enough = (_number(recent) >= trend.recent_minimum) & (_number(past) >= trend.past_minimum)
    found = np.zeros(len(values), dtype=np.bool_)
    rows = np.flatnonzero(enough) if trend.alone else np.empty(0, np.intp)
    recent, past = recent[rows], past[rows]
    before = medians(past)
    moved = medians(recent) - before
    spread = np.maximum(MAD_TO_SD * medians(np.abs(past - before[:, None])), trend.floor)
    notable = (np.abs(moved) >= trend.change) & (np.abs(moved) >= trend.spread * spread)
    if trend.worse != "both":
        notable &= (moved > 0) == (trend.worse == "up")
    found[rows] = notable
    return found


def weight_signals(values: Values, *, limits: HomeLimits | None = None) -> Mask:
    """Who gained two kilograms within a week, or lost two against about six months ago. values: as for ``signals``."""
    rules = (limits or standard()).weight
    days = weight_span(limits)
    if values.ndim != 2 or values.shape[1] != days:
        raise BadInput(f"is not a table of {days} days", field="values")
    week = values[:, : int(rules["gain_days"]) + 1]
    first = int(rules["loss_days"] - rules["loss_window_days"])
    then = values[:, max(first, 0) :]
    there = np.isfinite(week)
    has_week = there.any(axis=1)
    latest = week[np.arange(len(week)), there.argmax(axis=1)]
    gain = latest - np.where(there, week, np.inf).min(axis=1)
    gained = there[:, 1:].any(axis=1) & (np.round(gain, 6) >= rules["gain_kg"])
    loss = medians(then) - medians(week)
    lost = has_week & np.isfinite(then).any(axis=1) & (np.round(loss, 6) >= rules["loss_kg"])
    found: Mask = gained | lost
    return found


def weight_span(limits: HomeLimits | None = None) -> int:
    """How many days the rules about weight look back on."""
    rules = (limits or standard()).weight
    return int(rules["loss_days"] + rules["loss_window_days"]) + 1


def medians(table: Values) -> Values:
    """The middle value of each row, NaN left out; NaN for a row without a value."""
    if not table.size:
        return np.full(len(table), np.nan)
    ordered = np.sort(np.where(np.isfinite(table), table, np.nan), axis=1)  # NaN go to the end
    number = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(ordered))
    low, high = np.maximum(number - 1, 0) // 2, number // 2
    middle: Values = (ordered[rows, low] + ordered[rows, np.minimum(high, ordered.shape[1] - 1)]) / 2
    return np.where(number == 0, np.nan, middle)


def _number(table: Values) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = np.isfinite(table).sum(axis=1)
    return found
