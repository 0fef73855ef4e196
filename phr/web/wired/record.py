"""The resident's record: one vital over a period, and what is typed by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np

from ingest.series import MANUAL, Series
from phr.clock import micros
from phr.domain.access import Access
from phr.domain.family.acting import typed
from phr.domain.home_target import Target
from phr.domain.points_rules import RulesError
from phr.errors import Invalid, NotFound
from phr.services.points import Happened
from phr.web import charts
from phr.web.columns import Fine, fine
from phr.web.ports import BloodPressureEntry, Saved, Session
from phr.web.sessions import WebSession, held
from phr.web.views.home import GlucoseShares, OwnChange
from phr.web.views.resident import TYPED, Period, Record, SlotAverage
from phr.web.wired import home_results, vitals
from phr.web.wired.daily import daily_values, day_columns, shares_of_day, told_values
from phr.web.wired.goals import age_on, steps_goal
from phr.web.wired.parts import Area, together
from phr.web.wired.vitals import KINDS, Reading
from risk.home_blood_pressure import HomePressure

_STREAMS: Final = frozenset({"heart-rate", "spo2", "glucose", "temperature"})
"""Vitals that a device measures many times a day, so that a day is worth a closer look."""
_SYMPTOMS: Final = {
    "chest": frozenset({"chest-pain", "breathless"}),
    "speech": frozenset({"speech", "weakness"}),
    "head": frozenset({"headache", "vision"}),
}
"""What the form asks together, in the words of the alarm rules."""


class Records(Area):
    """One vital at a time."""

    @together
    def record(self, session: Session, vital: str, period: Period, last: date | None) -> Record:
        """One vital over the period that ends with ``last``."""
        if vital not in KINDS:
            raise NotFound("vital")
        one = held(session)
        today = self._parts.today()
        until = min(last, today) if last is not None else today
        first = charts.first_day(period, until)
        access = one.access()
        averages: tuple[SlotAverage, ...] = ()
        home = None
        if vital == "blood-pressure":
            target = self._system.home_targets.of(one.whom, access)
            chart, judged = self._pressure(one, access, period, until, target)
            averages, home = home_results.averages(judged), home_results.home_week(judged, target)
        else:
            chart = self._chart(one, access, vital, period, until)
        span = until - first + timedelta(days=1)
        return Record(
            vital=vital,
            period=period,
            first=first,
            last=until,
            chart=chart,
            earlier=until - span if first > date(2000, 1, 1) else None,
            later=min(until + span, today) if until < today else None,
            averages=averages,
            week=(until - timedelta(days=6), until) if averages else None,
            home=home,
            change=self._change(one, access, vital, until),
            glucose=self._glucose(one, access, until) if vital == "glucose" else None,
            doubts=len(self._system.confirmations.pending(one.whom, access)),
            shares=shares_of_day(self._parts, one.whom, access, vital, until) if period == "day" else (),
            fine=period == "day" and vital in _STREAMS and chart is not None,
            collecting=self._taken_in(one, KINDS[vital].category),
        )

    def _taken_in(self, one: WebSession, category: str) -> bool:
        """Whether the person lets this kind be taken in at all."""
        recipient = self._parts.settings.recipient
        access = Access("resident", one.subject, recipient, "collect", one.request, one.whom)
        return self._parts.permissions.of(one.whom, access)[category].permitted

    @together
    def record_samples(self, session: Session, vital: str, day: date, most: int) -> Fine:
        """Every sample of one day of a stream, thinned to about so many."""
        if vital not in _STREAMS:
            raise NotFound("vital")
        one = held(session)
        found = day_columns(self._parts, one.whom, one.access(), vital, day)
        if found is None:
            return fine(np.empty(0, np.int64), np.empty(0, np.float64))
        columns = found[0]
        order = np.argsort(columns.start, kind="stable")
        return fine(columns.start[order], columns.channels["value"][order] * KINDS[vital].scale, most)

    def _since(self, period: Period, until: date) -> date:
        """The first day to read: that of the period, or that of the usual range."""
        return min(charts.first_day(period, until), until - timedelta(days=charts.USUAL_DAYS - 1))

    def _pressure(
        self, one: WebSession, access: Access, period: Period, until: date, target: Target | None
    ) -> tuple[charts.Chart | None, HomePressure]:
        since = self._since(period, until) - timedelta(days=1)
        chunks = self._parts.charts.samples(
            one.whom, [vitals.BLOOD_PRESSURE], since, until + timedelta(days=1), access
        )
        found = [r for r in vitals.readings(chunks, self._parts.zone) if r.day <= until]
        judged = home_results.judged_week(chunks, until, self._parts.zone, target)
        if period == "day":
            # What was measured after midnight counts for the evening before, but it is shown where it was typed.
            of_day = [r for r in found if r.at.astimezone(self._parts.zone).date() == until]
            return self._pressure_day(of_day, found, until), judged
        days, columns = vitals.pressure_columns(found)
        sources = vitals.pressure_sources(found)
        return (
            charts.record_chart("t-bp", "blood-pressure", period, until, days, columns, sources=sources),
            judged,
        )

    def _pressure_day(self, of_day: list[Reading], found: list[Reading], until: date) -> charts.Chart | None:
        columns = {line.key: np.full(len(of_day), np.nan) for line in charts.STYLES["blood-pressure"].lines}
        for row, one in enumerate(of_day):
            slot = "morning" if one.slot == "morning" else "evening"
            columns[f"{slot}-systolic"][row] = one.systolic
            columns[f"{slot}-diastolic"][row] = one.diastolic
        days, daily = vitals.pressure_columns(found)
        usual = charts.usual_range(days, daily["morning-systolic"], until)
        told = [(one.source,) if one.source else () for one in of_day]
        moments = [one.at for one in of_day]
        return charts.day_chart("t-bp", "blood-pressure", moments, columns, usual, sources=told)

    def _chart(
        self, one: WebSession, access: Access, vital: str, period: Period, until: date
    ) -> charts.Chart | None:
        since = self._since(period, until)
        told = told_values(self._parts, one.whom, access, vital, since, until)
        days, values = vitals.columns_of({day: each.value for day, each in told.items()})
        if period == "day":
            return self._day(one, access, vital, until, charts.usual_range(days, values, until))
        goal = steps_goal(self._parts, one, until) if vital == "steps" else None
        sources = {day: each.sources for day, each in told.items()}
        columns = {"value": values}
        return charts.record_chart(
            f"t-{vital}", vital, period, until, days, columns, target=goal, sources=sources
        )

    def _change(self, one: WebSession, access: Access, vital: str, until: date) -> OwnChange | None:
        """Against the own past. Today's steps are not over yet, so their last day is yesterday."""
        if vital not in home_results.MEASURES:
            return None
        last = min(until, self._parts.today() - timedelta(days=1)) if vital == "steps" else until
        since = last - timedelta(days=home_results.days_needed() - 1)
        worn = None
        if home_results.needs_worn(vital):
            chunks = self._parts.charts.samples(one.whom, [home_results.HEART], since, last, access)
            worn = home_results.worn_minutes(chunks)
        return home_results.own_change(vital, self.daily(one, access, vital, since, last), last, worn)

    def _glucose(self, one: WebSession, access: Access, until: date) -> GlucoseShares | None:
        """Time in range of the last two weeks."""
        since = until - timedelta(days=home_results.SENSOR_DAYS - 1)
        chunks = self._parts.charts.samples(one.whom, [home_results.SENSOR], since, until, access)
        born = self._system.register.known(one.whom, access).birth_date if chunks else None
        return home_results.glucose_shares(chunks, until, age_on(born, until))

    def daily(
        self, one: WebSession, access: Access, vital: str, since: date, until: date
    ) -> dict[date, float]:
        """One value a day."""
        return daily_values(self._parts, one.whom, access, vital, since, until)

    def _day(
        self,
        one: WebSession,
        access: Access,
        vital: str,
        day: date,
        usual: tuple[float, float] | None,
    ) -> charts.Chart | None:
        """The samples of one day; minutes of a stream become hours."""
        kind = KINDS[vital]
        found = day_columns(self._parts, one.whom, access, vital, day)
        if found is None:
            return None
        columns, sources = found
        column = columns.channels["value"] * kind.scale
        known = np.isfinite(column)
        start, values = columns.start[known], column[known]
        hours = start // 3_600_000_000
        if vital == "steps" or len(start) > 100:  # more points than a phone is wide in fingers
            at, place = np.unique(hours, return_inverse=True)
            totals = np.bincount(place, weights=values)
            values = totals if kind.daily == "total" else totals / np.bincount(place)
            start = at * 3_600_000_000
        moments = [vitals.moment(int(at)) for at in start]
        band = None if kind.daily == "total" else usual  # a day's sum says nothing of an hour
        told = [sources] * len(moments)
        return charts.day_chart(f"t-{vital}", vital, moments, {"value": values}, band, sources=told)

    def add_blood_pressure(self, session: Session, entry: BloodPressureEntry) -> Saved:
        """Store a typed blood pressure."""
        one = held(session)
        pulse = float("nan") if entry.pulse is None else entry.pulse
        channels = {"systolic": entry.systolic, "diastolic": entry.diastolic, "pulse": pulse}
        symptoms = frozenset(word for ticked in entry.symptoms for word in _SYMPTOMS.get(ticked, ()))
        return self._keep(one, vitals.BLOOD_PRESSURE, entry.slot, channels, "systolic", symptoms)

    def add_value(self, session: Session, vital: str, value: float) -> Saved:
        """Store a typed value of a vital that is one number."""
        if vital not in TYPED:
            raise NotFound("vital")
        return self._keep(held(session), KINDS[vital].codes[0], "", {"value": value}, vital, frozenset())

    def _keep(
        self,
        one: WebSession,
        code: str,
        named: str,
        channels: dict[str, float],
        field: str,
        symptoms: frozenset[str],
    ) -> Saved:
        now = self._parts.now()
        offset = now.astimezone(self._parts.zone).utcoffset() or timedelta()
        series = Series(
            code,
            typed(named, proxy=one.acting is not None),
            np.array([micros(now) // 1_000_000 * 1_000_000], np.int64),
            {name: np.array([value], np.float64) for name, value in channels.items()},
            np.array([int(offset.total_seconds())], np.int32),
            np.full(1, MANUAL, np.uint8),
        )
        person = one.whom
        receipt = self._system.receive(
            person, [series], request=one.request, actor=one.subject, role="resident", symptoms=symptoms
        )
        if receipt.refused:
            raise Invalid("collecting is not consented", field="consent")
        if receipt.quarantined:
            raise Invalid("cannot be true", field=field)
        if code in {vitals.BLOOD_PRESSURE, vitals.WEIGHT}:
            self._earn(one, code, f"{code}:{int(series.start[0])}")
        return Saved(urgent=any(warned.severity == "red" for warned in receipt.warnings))

    def _earn(self, one: WebSession, code: str, evidence: str) -> None:
        """Writing down earns by the year's rules, whatever the value."""
        pressure = code == vitals.BLOOD_PRESSURE
        category, variant = ("blood-pressure", "b") if pressure else ("body", "w")
        thing = Happened(
            "bp_or_weight_entry", self._parts.today(), "manual", evidence, category, variant=variant
        )
        try:
            self._system.points.earn(one.whom, [thing], request=one.request)
        except RulesError:
            return  # a year without rules earns nothing; the value is stored all the same
