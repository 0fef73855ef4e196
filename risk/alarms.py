"""Readings that must not wait for a nightly job: what fires, how urgent it is, and which text to show.

Runs inside the transaction that stores the readings, so the usual case (nothing near a limit) is one pass over the
column. What it decides by itself: one reading is enough for glucose, temperature, SpO2 and a first high blood
pressure. What needs a second reading: confirmed blood pressure and SpO2, and every pulse rule.

Heart rate that a wearable collects by itself (source method ``passive`` or ``derived``, code 8867-4) never fires:
the rule is about rest, and a run or a loose strap would flood the nurses. Nor does a heart rate of any method that
arrives as a stream. A resting rate (40443-4), a measurement the
person started, and the pulse of a blood-pressure reading do. SpO2 that a watch collects by itself never fires either;
it needs confirmation with a finger device, which then fires by its own value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from risk import plausibility
from risk.limits import SEVERITIES, Limit, Limits, standard

Values = npt.NDArray[np.float64]
Micros = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Recent = tuple[Micros, Mapping[str, Values]]

BLOOD_PRESSURE: Final = "85354-9"
HEART_RATE: Final = "8867-4"
RESTING_RATE: Final = "40443-4"
SPO2: Final = "59408-5"
GLUCOSE: Final = "2339-0"
SENSOR_GLUCOSE: Final = "99504-3"
TEMPERATURE: Final = "8310-5"

UNATTENDED: Final = frozenset({"passive", "derived"})
"""Source methods of values that a device collected without the person starting a measurement."""
URGENT_SYMPTOMS: Final = frozenset({"chest-pain", "breathless", "speech", "weakness", "headache", "vision"})
FAINT_SYMPTOMS: Final = frozenset({"dizziness", "fainting"})

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
CITY: Final = dt.timezone(dt.timedelta(hours=9))
"""Japan has one zone without summer time; used only for the age of an infant in days."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """One reading that must not wait. row: its place in the columns given. limits: what it reached.

    top: goes to the top of the red queue. late: older than a message may be; it goes to the nurse's list alone.
    """

    rule: str
    severity: str
    row: int
    text_key: str
    limits: tuple[Limit, ...]
    top: bool = False
    late: bool = False


class Sent(NamedTuple):
    """The alarm of a rule that was sent last: when, how severe it was, and whether it went to the top of the red queue."""

    at_us: int
    severity: str
    top: bool = False


@dataclass(frozen=True, slots=True)
class _Readings:
    """The fresh, possible rows of one call, and the earlier readings that may confirm them."""

    rows: npt.NDArray[np.intp]
    start: Micros
    channels: Mapping[str, Values]
    earlier: Recent
    symptoms: frozenset[str]
    born: dt.date | None
    limits: Limits

    def beyond(self, channel: str, *names: str) -> Mask:
        """Rows whose value reaches any of the limits."""
        return _beyond(self.channels, channel, len(self.rows), [self.limits.alarm[name] for name in names])

    def repeated(self, mask: Mask, earlier: Mask, window: int) -> Mask:
        """Rows of the mask with another such reading before them, or an earlier-delivered one after them, in the window.

        Two readings of one instant are one reading.
        """
        known = np.sort(self.earlier[0][earlier])
        before = np.sort(np.concatenate([self.start[mask], known]))
        start = self.start
        behind = np.searchsorted(before, start, "left") - np.searchsorted(before, start - window, "left")
        ahead = np.searchsorted(known, start + window, "right") - np.searchsorted(known, start, "right")
        return mask & ((behind > 0) | (ahead > 0))

    def earlier_beyond(self, channel: str, *names: str) -> Mask:
        return _beyond(
            self.earlier[1], channel, len(self.earlier[0]), [self.limits.alarm[name] for name in names]
        )


def _beyond(channels: Mapping[str, Values], channel: str, rows: int, limits: Iterable[Limit]) -> Mask:
    mask: Mask = np.zeros(rows, dtype=np.bool_)
    if channel in channels:
        for limit in limits:
            np.logical_or(mask, limit.reached(channels[channel]), out=mask)
    return mask


_Hit = tuple[str, Mask, tuple[str, ...]]
"""A rule, its rows, and the limits to cite (those that the row reached are kept)."""


def alarms(
    code: str,
    channels: Mapping[str, Values],
    start_us: Micros,
    *,
    now_us: int,
    recent: Recent | None = None,
    source_method: str = "unknown",
    birth: dt.date | None = None,
    symptoms: frozenset[str] = frozenset(),
    limits: Limits | None = None,
    listed: bool = False,
) -> list[Alarm]:
    """The alarms of a batch of one person's readings of one code, ordered by row.

    recent: start and channels of readings of the same code that were stored before (the last two days are enough).
    symptoms: what the person ticked with this batch. listed: with late ones. Codes without a rule give no alarm.
    """
    known = limits or standard()
    watch = _WATCHES.get(code)
    if watch is None or not len(start_us) or (source_method in UNATTENDED and code in {HEART_RATE, SPO2}):
        return []
    close = _near(watch, channels, len(start_us), known)
    if not close.any():
        return []
    fresh = _fresh(code, start_us, now_us, known)
    told = _fresh(code, start_us, now_us, known, late=True) if listed else fresh
    rows = np.flatnonzero(close & told)
    if code == HEART_RATE and rows.size:
        rows = rows[~_streamed(start_us, recent, rows, known)]
    kept = {name: column[rows] for name, column in channels.items()}
    possible = ~plausibility.check(code, kept).hard
    rows = rows[possible]
    if not rows.size:
        return []
    readings = _Readings(
        rows=rows,
        start=start_us[rows],
        channels={watch.rename.get(name, name): column[possible] for name, column in kept.items()},
        earlier=_possible(code, recent, watch.rename),
        symptoms=symptoms,
        born=birth,
        limits=known,
    )
    found = [
        alarm if fresh[alarm.row] else replace(alarm, late=True)
        for hit in watch.rules(readings)
        for alarm in _alarms(readings, hit)
    ]
    return sorted(found, key=lambda alarm: alarm.row)


def near(code: str, channels: Mapping[str, Values], limits: Limits | None = None) -> bool:
    """Whether any value of a column reaches a limit, so that the readings around it are worth fetching."""
    watch = _WATCHES.get(code)
    rows = len(next(iter(channels.values()), ()))
    return watch is not None and bool(_near(watch, channels, rows, limits or standard()).any())


def _near(watch: _Watch, channels: Mapping[str, Values], rows: int, limits: Limits) -> Mask:
    mask: Mask = np.zeros(rows, dtype=np.bool_)
    for channel, names in watch.near.items():
        reach = [limits.alarm[name] for name in names]
        if channel in channels and rows and _any_near(channels[channel], reach):
            mask |= _beyond(channels, channel, rows, reach)
    return mask


def worst(found: Iterable[Alarm]) -> dict[str, Alarm]:
    """Of several alarms of one rule the most severe, then the last row; by rule."""
    chosen: dict[str, Alarm] = {}
    for alarm in found:
        best = chosen.get(alarm.rule)
        if best is None or (*_weight(alarm), alarm.row) > (*_weight(best), best.row):
            chosen[alarm.rule] = alarm
    return chosen


def due(
    found: Iterable[Alarm], last: Mapping[str, Sent], now_us: int, limits: Limits | None = None
) -> list[Alarm]:
    """R5-5: of these alarms, those to send now; at most one per rule, and none that was sent within the quiet hours.

    last: the alarm of each rule that was sent last. What is more severe, or goes to the top, is always sent.
    """
    quiet = (limits or standard()).windows["quiet_hours"] * HOUR
    return [
        alarm
        for rule, alarm in worst(found).items()
        if (sent := last.get(rule)) is None
        or now_us - sent.at_us >= quiet
        or _weight(alarm) > (_rank(sent.severity), sent.top)
    ]


def _weight(alarm: Alarm) -> tuple[int, bool]:
    return _rank(alarm.severity), alarm.top


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity)


def _any_near(column: Values, limits: Iterable[Limit]) -> bool:
    """Whether the extremes of a column reach a limit; NaN is skipped, and an empty column reaches none."""
    low, high = float(np.fmin.reduce(column)), float(np.fmax.reduce(column))
    return any(limit.passes(low) or limit.passes(high) for limit in limits)


def _fresh(code: str, start: Micros, now: int, limits: Limits, *, late: bool = False) -> Mask:
    """At most a day old (late: some days) and not ahead of the clock; a whole day's value is as old as that day's end."""
    age = limits.windows["listed_days"] * DAY if late else limits.windows["max_age_hours"] * HOUR
    oldest = now - age - (DAY if code == RESTING_RATE else 0)
    return (start >= oldest) & (start <= now + limits.windows["future_minutes"] * MINUTE)


def _streamed(start: Micros, recent: Recent | None, rows: npt.NDArray[np.intp], limits: Limits) -> Mask:
    """Rows in the middle of a stream of readings (a strap or a watch at work), which is not a measurement at rest."""
    within = limits.windows["stream_minutes"] * MINUTE
    every = np.unique(start if recent is None else np.concatenate([start, recent[0]]))
    seen = start[rows]
    around = np.searchsorted(every, seen + within, "right") - np.searchsorted(every, seen - within, "left")
    mask: Mask = around >= limits.windows["stream_readings"]
    return mask


def _possible(code: str, recent: Recent | None, rename: Mapping[str, str]) -> Recent:
    """The earlier readings that can be true: a twin of 999 confirms nothing."""
    if recent is None or not len(recent[0]):
        return np.empty(0, dtype=np.int64), {}
    keep = ~plausibility.check(code, recent[1]).hard
    return recent[0][keep], {rename.get(name, name): column[keep] for name, column in recent[1].items()}


def _alarms(readings: _Readings, hit: _Hit) -> Iterable[Alarm]:
    rule, mask, names = hit
    shown = readings.limits.alarm_rules[rule]
    cited = [readings.limits.alarm[name] for name in names]
    top = readings.limits.alarm["sbp_high"], readings.limits.alarm["dbp_top"]
    for place in np.flatnonzero(mask):
        values = {name: column[place : place + 1] for name, column in readings.channels.items()}
        reached = tuple(c for c in cited if c.item in values and c.reached(values[c.item])[0])
        first = rule == "bp-high-symptoms" or (
            rule.startswith("bp-high") and all(t.item in values and t.reached(values[t.item])[0] for t in top)
        )
        yield Alarm(rule, shown.severity, int(readings.rows[place]), shown.text, reached, first)


def _blood_pressure(r: _Readings) -> list[_Hit]:
    names = ("sbp_high", "dbp_high")
    high = r.beyond("systolic", "sbp_high") | r.beyond("diastolic", "dbp_high")
    earlier = r.earlier_beyond("systolic", "sbp_high") | r.earlier_beyond("diastolic", "dbp_high")
    confirmed = r.repeated(high, earlier, r.limits.windows["repeat_minutes"] * MINUTE)
    urgent = high & bool(r.symptoms & URGENT_SYMPTOMS)
    low = r.beyond("systolic", "sbp_low") & bool(r.symptoms & FAINT_SYMPTOMS)
    return [
        ("bp-high-symptoms", urgent, names),
        ("bp-high-confirmed", confirmed & ~urgent, names),
        ("bp-high", high & ~confirmed & ~urgent, names),
        ("bp-low-symptoms", low, ("sbp_low",)),
        *_pulse(r, "pulse_repeat_hours"),
    ]


def _pulse(r: _Readings, window: str) -> list[_Hit]:
    """Both readings on the same side: one slow and one fast pulse are not two of a kind."""
    return [
        (
            rule,
            r.repeated(
                r.beyond("pulse", name), r.earlier_beyond("pulse", name), r.limits.windows[window] * HOUR
            ),
            (name,),
        )
        for rule, name in (("pulse-low", "pulse_low"), ("pulse-high", "pulse_high"))
    ]


def _spo2(r: _Readings) -> list[_Hit]:
    very_low = r.beyond("spo2", "spo2_very_low")
    earlier = r.earlier_beyond("spo2", "spo2_very_low")
    confirmed = r.repeated(very_low, earlier, r.limits.windows["repeat_minutes"] * MINUTE)
    return [
        ("spo2-very-low-confirmed", confirmed, ("spo2_very_low",)),
        ("spo2-very-low", very_low & ~confirmed, ("spo2_very_low",)),
        ("spo2-low", r.beyond("spo2", "spo2_low") & ~very_low, ("spo2_low",)),
    ]


def _glucose(r: _Readings) -> list[_Hit]:
    very_low = r.beyond("glucose", "glucose_very_low")
    return [
        ("glucose-very-low", very_low, ("glucose_very_low",)),
        ("glucose-low", r.beyond("glucose", "glucose_low") & ~very_low, ("glucose_low",)),
        ("glucose-high", r.beyond("glucose", "glucose_high"), ("glucose_high",)),
    ]


def _temperature(r: _Readings) -> list[_Hit]:
    infant = r.beyond("temperature", "temperature_infant") & _infant(r)
    return [
        ("temperature-infant", infant, ("temperature_infant",)),
        ("temperature-high", r.beyond("temperature", "temperature_high") & ~infant, ("temperature_high",)),
        ("temperature-low", r.beyond("temperature", "temperature_low"), ("temperature_low",)),
    ]


def _infant(r: _Readings) -> Mask:
    """Rows of a baby under three months; without a birth date nobody is one."""
    if r.born is None:
        return np.zeros(len(r.rows), dtype=np.bool_)
    born = int(dt.datetime.combine(r.born, dt.time(), CITY).timestamp()) * 1_000_000
    age = r.start - born
    return (age >= 0) & (age < r.limits.windows["infant_days"] * DAY)


@dataclass(frozen=True, slots=True)
class _Watch:
    """What is watched in one code: the limits whose reach makes a row worth a look, and the rules for such rows."""

    near: Mapping[str, tuple[str, ...]]
    rules: Callable[[_Readings], list[_Hit]]
    rename: Mapping[str, str]


_SUGAR: Final = _Watch(
    {"value": ("glucose_low", "glucose_very_low", "glucose_high")}, _glucose, {"value": "glucose"}
)
_WATCHES: Final[Mapping[str, _Watch]] = {
    BLOOD_PRESSURE: _Watch(
        near={
            "systolic": ("sbp_high", "sbp_low"),
            "diastolic": ("dbp_high",),
            "pulse": ("pulse_low", "pulse_high"),
        },
        rules=_blood_pressure,
        rename={},
    ),
    HEART_RATE: _Watch(
        {"value": ("pulse_low", "pulse_high")}, lambda r: _pulse(r, "pulse_repeat_hours"), {"value": "pulse"}
    ),
    RESTING_RATE: _Watch(
        {"value": ("pulse_low", "pulse_high")},
        lambda r: _pulse(r, "resting_repeat_hours"),
        {"value": "pulse"},
    ),
    SPO2: _Watch({"value": ("spo2_very_low", "spo2_low")}, _spo2, {"value": "spo2"}),
    GLUCOSE: _SUGAR,
    SENSOR_GLUCOSE: _SUGAR,
    TEMPERATURE: _Watch(
        {"value": ("temperature_high", "temperature_low", "temperature_infant")},
        _temperature,
        {"value": "temperature"},
    ),
}
WATCHED: Final = frozenset(_WATCHES)
"""The codes that have a rule."""
