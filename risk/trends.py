"""Change of a person against the own past: weight, SpO2, temperature, resting heart rate, steps and sleep.

The middle value of the recent days is compared with that of the days before, in units of the person's own usual spread
(median and MAD), so that one odd day moves nothing. Days on which the device was not worn do not count at all: a watch
in a drawer is not a person who stopped walking. Too few days is an answer of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from risk.errors import BadInput
from risk.home_limits import HomeLimits, Trend, standard
from risk.reasons import Reason

Values = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]

MAD_TO_SD: Final = 1.4826
"""The spread of a normal distribution in units of its median absolute deviation."""


@dataclass(frozen=True, slots=True)
class Change:
    """One measure against the own past.

    past, recent: middle values; None with too few days. change: recent minus past. spread: the usual spread, at least
    the floor. notable: large enough in itself and against the spread. signal: notable, in the direction that matters, and
    allowed to stand alone.
    """

    measure: str
    today: dt.date
    past_days: int
    recent_days: int
    past: float | None
    recent: float | None
    change: float | None
    spread: float | None
    notable: bool
    signal: bool
    reason: Reason | None

    @property
    def enough(self) -> bool:
        """Whether both stretches had enough days."""
        return self.change is not None


def change(
    measure: str,
    days: Days,
    values: Values,
    *,
    today: dt.date,
    worn_minutes: Values | None = None,
    limits: HomeLimits | None = None,
) -> Change:
    """The change of one measure up to ``today``; one value per day (a day given twice is refused).

    worn_minutes: how long the device was worn on each day; days below the least, or with no value, do not count.
    """
    known = (limits or standard()).trends
    if measure not in known:
        raise BadInput(f"is none of {', '.join(known)}", field="measure")
    trend = known[measure]
    age, kept = _counted(trend, days, values, today, worn_minutes)
    recent = kept[(age >= 0) & (age < trend.recent_days)]
    past = kept[(age >= trend.recent_days) & (age < trend.recent_days + trend.past_days)]
    if len(recent) < trend.recent_minimum or len(past) < trend.past_minimum:
        return Change(measure, today, len(past), len(recent), None, None, None, None, False, False, None)
    before, now = float(np.median(past)), float(np.median(recent))
    spread = max(MAD_TO_SD * float(np.median(np.abs(past - before))), trend.floor)
    moved = now - before
    notable = abs(moved) >= trend.change and abs(moved) >= trend.spread * spread
    return Change(
        measure=measure,
        today=today,
        past_days=len(past),
        recent_days=len(recent),
        past=before,
        recent=now,
        change=moved,
        spread=spread,
        notable=notable,
        signal=notable and trend.alone and _is_worse(trend, moved),
        reason=_reason(trend, before, now, len(past), len(recent), today) if notable else None,
    )


def _is_worse(trend: Trend, moved: float) -> bool:
    return trend.worse == "both" or (moved > 0) == (trend.worse == "up")


def _counted(
    trend: Trend, days: Days, values: Values, today: dt.date, worn_minutes: Values | None
) -> tuple[npt.NDArray[np.int64], Values]:
    """Age in days and value of the days that count."""
    for name, column in (("values", values), ("worn_minutes", worn_minutes)):
        if column is not None and len(column) != len(days):
            raise BadInput("is not as long as the table", field=name)
    if trend.worn and worn_minutes is None:
        raise BadInput("is needed for this measure", field="worn_minutes")
    whole = days.astype("datetime64[D]")
    use = np.isfinite(values) & ~np.isnat(whole)
    if worn_minutes is not None:
        use &= worn_minutes >= max(trend.worn, 1.0) if trend.worn else ~(worn_minutes <= 0)
    whole = whole[use]
    if len(np.unique(whole)) != len(whole):
        raise BadInput("has a day twice", field="days")
    age = (np.datetime64(today, "D") - whole).astype(np.int64)
    return age, values[use]


def _reason(trend: Trend, past: float, recent: float, past_n: int, recent_n: int, today: dt.date) -> Reason:
    shown_past, shown_recent = f"{past:.{trend.decimals}f}", f"{recent:.{trend.decimals}f}"
    moved = f"{recent - past:+.{trend.decimals}f}"
    least = f"{trend.change:g}"
    unit = {"歩": "steps", "分": "min", "/分": "/min", "℃": "°C"}.get(trend.show, trend.show)
    return Reason(
        "trend",
        trend.key,
        f"{trend.ja} {shown_past} → {shown_recent} {trend.show}({moved}、ご自身の直近{recent_n}日と以前の{past_n}日の中央値、"
        f"目安 {least} {trend.show}以上の変化){today.isoformat()}",
        f"{trend.en} {shown_past} → {shown_recent} {unit} ({moved}; middle of the last {recent_n} days against {past_n}"
        f" days before, a change of {least} {unit} or more) {today.isoformat()}",
        (trend.key,),
    )


@dataclass(frozen=True, slots=True)
class WeightRules:
    """Two rules about weight; None where the days for it are not there.

    gain: kilograms gained within a week. loss: kilograms lost against about six months ago (J-CHS, checklist item 11).
    """

    gain: float | None
    gained: bool | None
    loss: float | None
    lost: bool | None
    reasons: tuple[Reason, ...]


def weight_rules(
    days: Days, kilograms: Values, *, today: dt.date, limits: HomeLimits | None = None
) -> WeightRules:
    """Gain of 2 kg within a week, and loss of 2 kg against the middle value of about six months ago."""
    rules = (limits or standard()).weight
    if len(kilograms) != len(days):
        raise BadInput("is not as long as the table", field="kilograms")
    use = np.isfinite(kilograms) & ~np.isnat(days)
    age = (np.datetime64(today, "D") - days[use].astype("datetime64[D]")).astype(np.int64)
    values = kilograms[use]
    week = (age >= 0) & (age <= rules["gain_days"])
    gain = loss = None
    if np.count_nonzero(week & (age > 0)) and np.count_nonzero(week):
        latest = values[week][age[week] == age[week].min()]
        gain = float(np.median(latest) - values[week].min())
    then = np.abs(age - rules["loss_days"]) <= rules["loss_window_days"]
    if then.any() and week.any():
        loss = float(np.median(values[then]) - np.median(values[week]))
    gained = None if gain is None else round(gain, 6) >= rules["gain_kg"]
    lost = None if loss is None else round(loss, 6) >= rules["loss_kg"]
    lines = []
    if gained:
        lines.append(
            _weight("gain", "1週間の体重増加", "weight gained in a week", gain, rules["gain_kg"], today)
        )
    if lost:
        lines.append(
            _weight("loss", "6か月の体重減少", "weight lost in 6 months", loss, rules["loss_kg"], today)
        )
    return WeightRules(gain, gained, loss, lost, tuple(lines))


def _weight(label: str, ja: str, en: str, kilograms: float | None, limit: float, today: dt.date) -> Reason:
    return Reason(
        "trend",
        f"weight-{label}",
        f"{ja} {kilograms:.1f} kg(目安 {limit:g} kg以上){today.isoformat()}",
        f"{en} {kilograms:.1f} kg (limit {limit:g} kg or more) {today.isoformat()}",
        ("weight",),
    )
