"""Measurements at home as the rules judge them: a week of blood pressure, change against one's own past, time in range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from ingest.series import WRIST
from phr.domain.family.acting import PROXY
from phr.domain.reconcile import worn_spans
from phr.domain.samples import Columns
from phr.services.charts import DaySamples
from phr.web.views.home import GlucoseShares, HomeWeek, OwnChange, Share
from phr.web.views.resident import SlotAverage
from phr.web.wired import vitals
from phr.web.wired.vitals import EVENING_KEY, MORNING_KEY
from risk import cgm, home_limits, trends
from risk.cgm import TimeInRange
from risk.home_blood_pressure import EVENING, MORNING, HomePressure, Period, week
from risk.home_limits import Target

Kind = TypeVar("Kind", bound=np.generic)

HEART: Final = "8867-4"
SENSOR: Final = cgm.SENSOR
SENSOR_DAYS: Final = 14
OLDER: Final = 65
"""From this age on the targets for older people are shown."""
MEASURES: Final[Mapping[str, str]] = {
    "weight": "weight",
    "spo2": "spo2",
    "temperature": "temperature",
    "resting-heart-rate": "resting_heart_rate",
    "steps": "steps",
    "sleep": "sleep",
}
_SCALES: Final = {"sleep": 60.0}
"""Units of the rule in one unit of the page: the page counts hours of sleep, the rule minutes."""
_LABELS: Final = {
    MORNING_KEY: MORNING,
    EVENING_KEY: EVENING,
    f"{vitals.PAPER}|morning": MORNING,
    f"{vitals.PAPER}|evening": EVENING,
    f"{PROXY}|morning": MORNING,
    f"{PROXY}|evening": EVENING,
}


def judged_week(
    chunks: Sequence[DaySamples], last: date, zone: ZoneInfo, target: tuple[float, float] | None = None
) -> HomePressure:
    """The week of blood pressure that ends with ``last``, as the rule judges it."""
    parts = [one for one in chunks if one.code == vitals.BLOOD_PRESSURE and len(one.columns)]
    empty = np.empty(0)
    quality = _joined([one.columns.quality for one in parts], empty.astype(np.uint8))
    offset = datetime.combine(last, time(12), zone).utcoffset() or timedelta()
    return week(
        _joined([one.columns.start for one in parts], empty.astype(np.int64)),
        _joined([one.columns.channels["systolic"] for one in parts], empty),
        _joined([one.columns.channels["diastolic"] for one in parts], empty),
        last=last,
        cuff=np.where(quality & WRIST, "wrist", "upper-arm"),
        label=_joined(
            [np.full(len(one.columns), _LABELS.get(one.key, "")) for one in parts], np.empty(0, np.str_)
        ),
        offset=int(offset.total_seconds()),
        target=target,
    )


def _joined(parts: Sequence[npt.NDArray[Kind]], empty: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    return np.concatenate(parts) if parts else empty


def home_week(found: HomePressure, target: tuple[float, float] | None = None) -> HomeWeek | None:
    """What the page says of a week; None when nothing was measured."""
    if not found.occasions:
        return None
    needed = int(home_limits.standard().home_bp["minimum_days"])
    return HomeWeek(
        first=found.first,
        last=found.last,
        high=found.high if found.enough else None,
        missing=max(0, needed - max(found.morning.days, found.evening.days)),
        wrist=found.wrist,
        refused=found.refused,
        target=target,
        over_target=found.over_target,
    )


def averages(found: HomePressure) -> tuple[SlotAverage, ...]:
    """Mornings and evenings; a mean is shown from the least number of days on."""
    if not found.occasions:
        return ()
    return (_average("morning", found.morning), _average("evening", found.evening))


def _average(slot: str, period: Period) -> SlotAverage:
    limits = home_limits.standard()
    judged = period.grade is not None
    values = (period.systolic or 0.0, period.diastolic or 0.0) if judged else None
    high = limits.grades[3]
    return SlotAverage(
        "morning" if slot == "morning" else "evening",
        period.days,
        int(limits.home_bp["minimum_days"]),
        values,
        (high.sbp, high.dbp),
    )


def days_needed() -> int:
    """How many days back a comparison looks at most."""
    known = home_limits.standard().trends
    return max(known[one].recent_days + known[one].past_days for one in MEASURES.values())


def needs_worn(vital: str) -> bool:
    """Whether only days count on which the device was worn long enough."""
    return vital in MEASURES and home_limits.standard().trends[MEASURES[vital]].worn > 0


def worn_minutes(chunks: Sequence[DaySamples]) -> dict[date, float]:
    """Minutes of each day in which heart rates show that a device was worn; of several devices the one worn longest."""
    found: dict[date, float] = {}
    for one in chunks:
        if one.code == HEART:
            found[one.day] = max(found.get(one.day, 0.0), _minutes(one.columns))
    return found


def _minutes(columns: Columns) -> float:
    begins, ends = worn_spans(columns)
    return float((ends - begins).sum()) / 60_000_000


def own_change(
    vital: str, daily: Mapping[date, float], today: date, worn: Mapping[date, float] | None = None
) -> OwnChange | None:
    """The change of one vital against the person's own past; None for a vital that has no such rule."""
    if vital not in MEASURES:
        return None
    trend = home_limits.standard().trends[MEASURES[vital]]
    scale = _SCALES.get(vital, 1.0)
    days = list(daily)
    found = trends.change(
        MEASURES[vital],
        np.array(days, dtype="datetime64[D]"),
        np.array([daily[day] * scale for day in days], dtype=np.float64),
        today=today,
        worn_minutes=None
        if worn is None
        else np.array([worn.get(day, 0.0) for day in days], dtype=np.float64),
    )
    values = None
    if found.recent is not None and found.past is not None:
        values = (found.recent / scale, found.past / scale)
    return OwnChange(
        vital=vital,
        recent=(found.recent_days, trend.recent_minimum, trend.recent_days),
        past=(found.past_days, trend.past_minimum, trend.past_days),
        values=values,
        moved="" if not found.notable else "up" if (found.change or 0) > 0 else "down",
        decimals=1 if vital in _SCALES else trend.decimals,
        unit="h" if vital in _SCALES else trend.unit,
        worn=int(trend.worn // 60),
    )


def glucose_shares(chunks: Sequence[DaySamples], last: date, age: int | None) -> GlucoseShares | None:
    """Time in range of the two weeks that end with ``last``; None without a sensor."""
    parts = [one for one in chunks if one.code == SENSOR and len(one.columns)]
    if not parts:
        return None
    older = age is not None and age >= OLDER
    first = last - timedelta(days=SENSOR_DAYS - 1)
    found = cgm.time_in_range(
        np.concatenate([one.columns.start for one in parts]),
        np.concatenate([one.columns.channels["value"] for one in parts]),
        first=first,
        last=last,
        older=older,
    )
    limits = home_limits.standard()
    targets = limits.targets["older" if older else "adult"]
    return GlucoseShares(
        first=first,
        last=last,
        readings=found.readings,
        covered=found.covered,
        needed=limits.cgm["minimum_share"],
        enough=found.enough,
        mean=found.mean,
        shares=tuple(_share(each, found) for each in targets if each.key in found.shares),
        older=older,
    )


def _share(target: Target, found: TimeInRange) -> Share:
    side = "at-least" if target.op.startswith(">") else "at-most"
    return Share(target.key, found.shares[target.key], target.value, side, found.met.get(target.key))
