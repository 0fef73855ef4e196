"""Time in range of a continuous glucose sensor (Battelino 2019): shares of time, how much was measured, the targets.

A share of time is a share of the readings, each standing for one interval of the sensor. Nothing is said about targets
before two weeks with enough readings. The words show and cite.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk import plausibility
from risk.errors import BadInput
from risk.home_limits import HomeLimits, Target, standard
from risk.reasons import Reason

Values = npt.NDArray[np.float64]
Micros = npt.NDArray[np.int64]

SENSOR: Final = "99504-3"
MINUTE: Final = 60_000_000
DAY_MINUTES: Final = 1440
CITED: Final = "Battelino 2019"
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "in_range": ("70~180 mg/dL の時間", "time at 70 to 180 mg/dL"),
    "below_70": ("70 mg/dL 未満の時間", "time below 70 mg/dL"),
    "below_54": ("54 mg/dL 未満の時間", "time below 54 mg/dL"),
    "above_180": ("180 mg/dL 超の時間", "time above 180 mg/dL"),
    "above_250": ("250 mg/dL 超の時間", "time above 250 mg/dL"),
    "cv": ("変動係数", "coefficient of variation"),
}


@dataclass(frozen=True, slots=True)
class TimeInRange:
    """A stretch of days with a sensor. shares: percent by name, with cv; empty without readings.

    covered: percent of the time that was measured. enough: two weeks with the least share of readings.
    met: target -> whether it holds; empty unless there is enough. refused: readings that cannot be true.
    """

    first: dt.date
    last: dt.date
    readings: int
    covered: float
    enough: bool
    mean: float | None
    shares: Mapping[str, float]
    met: Mapping[str, bool]
    refused: int
    reasons: tuple[Reason, ...]


def time_in_range(
    start_us: Micros,
    glucose: Values,
    *,
    first: dt.date,
    last: dt.date,
    every_minutes: float | None = None,
    offset: int = 32_400,
    older: bool = False,
    limits: HomeLimits | None = None,
) -> TimeInRange:
    """The shares of the days from first to last, both included.

    every_minutes: the interval of the sensor; without it the usual gap between readings. A reading delivered twice
    counts once. older: the targets for older people and people at high risk.
    """
    known = limits or standard()
    if len(glucose) != len(start_us):
        raise BadInput("is not as long as the table", field="glucose")
    if last < first:
        raise BadInput("is before the first day", field="last")
    if every_minutes is not None and not 0 < every_minutes <= DAY_MINUTES:
        raise BadInput("is not an interval of a sensor", field="every_minutes")
    bad = plausibility.check(SENSOR, {"value": glucose}).hard | np.isnan(glucose)
    day = (start_us + offset * 1_000_000) // (DAY_MINUTES * MINUTE)
    origin = dt.date(1970, 1, 1)
    inside = (day >= (first - origin).days) & (day <= (last - origin).days)
    rows = np.flatnonzero(~bad & inside)
    order = np.lexsort((glucose[rows], start_us[rows]))
    times, kept = np.unique(start_us[rows][order], return_index=True)
    values = glucose[rows][order][kept]
    days = (last - first).days + 1
    covered = _covered(times, days, every_minutes)
    shares = _shares(values)
    rules = known.cgm
    enough = days >= rules["minimum_days"] and covered >= rules["minimum_share"]
    targets = known.targets["older" if older else "adult"]
    met = {each.key: each.holds(shares[each.key]) for each in targets if enough and each.key in shares}
    return TimeInRange(
        first=first,
        last=last,
        readings=len(values),
        covered=covered,
        enough=enough,
        mean=float(values.mean()) if len(values) else None,
        shares=shares,
        met=met,
        refused=int((bad & inside).sum()),
        reasons=tuple(_reason(each, shares[each.key], first, last) for each in targets if each.key in met),
    )


def _covered(times: Micros, days: int, every_minutes: float | None) -> float:
    """Percent of the intervals of these days that have a reading."""
    if not len(times):
        return 0.0
    every = every_minutes
    if every is None:
        if len(times) < 2:
            return 0.0
        every = max(float(np.median(np.diff(times))) / MINUTE, 1.0)
    slots = len(np.unique(times // int(every * MINUTE)))
    return min(100.0, 100 * slots * every / (days * DAY_MINUTES))


def _shares(values: Values) -> dict[str, float]:
    n = len(values)
    if not n:
        return {}
    counts = {
        "in_range": ((values >= 70) & (values <= 180)).sum(),
        "below_70": (values < 70).sum(),
        "below_54": (values < 54).sum(),
        "above_180": (values > 180).sum(),
        "above_250": (values > 250).sum(),
    }
    shares = {name: 100 * float(count) / n for name, count in counts.items()}
    if n > 1:
        shares["cv"] = 100 * float(values.std(ddof=1) / values.mean())
    return shares


def _reason(target: Target, share: float, first: dt.date, last: dt.date) -> Reason:
    ja, en = LABELS[target.key]
    when = f"{first.isoformat()}~{last.isoformat()}"
    sign = {">": "超", "<": "未満", "<=": "以下", ">=": "以上"}[target.op]
    return Reason(
        "cgm",
        target.key,
        f"{ja} {share:.1f} %(目標 {target.value:g} % {sign}、{CITED}){when}",
        f"{en} {share:.1f} % (target {target.op} {target.value:g} %, {CITED}) {when}",
        ("glucose",),
    )
