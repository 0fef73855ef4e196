"""The resident's other pages: today, who looked, check-ups, points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np

from phr.domain.access import Access
from phr.domain.days import begins
from phr.domain.smart.tokens import APP
from phr.services.directory import Listed
from phr.web import charts
from phr.web.ports import Session
from phr.web.sessions import WebSession, held, organisation_name
from phr.web.views.home import HomeWeek
from phr.web.views.parts import Proof
from phr.web.views.resident import (
    CheckUpPage,
    Looked,
    LookedFor,
    NextStep,
    PointLine,
    Points,
    Today,
    Vital,
    WhoLooked,
)
from phr.web.wired import home_results, vitals
from phr.web.wired.daily import daily_values
from phr.web.wired.decisions import asked_again, changed_text
from phr.web.wired.earning import RULES, proof_of, review_of
from phr.web.wired.examined import check_up
from phr.web.wired.goals import rules_in_words, steps_goal
from phr.web.wired.leads import lead_of, next_step
from phr.web.wired.parts import Area, Parts, together
from phr.web.wired.vitals import KINDS, Reading

_SHOWN: Final = ("blood-pressure", "steps", "sleep", "weight")
_LOOKED: Final = 2000
_ACTIONS: Final = {
    **dict.fromkeys(("collect", "register", "claimed", "released", "transferred", "contact"), "write"),
    **dict.fromkeys(("closed", "undone", "account", "guidance"), "write"),
    **dict.fromkeys(("consent", "withdraw"), "share"),
    **dict.fromkeys(("export", "release"), "export"),
    **dict.fromkeys(("assess", "points", "count"), "score"),
    "download": "download",
    "handover": "handover",
    **dict.fromkeys(("authorise", "connect", "connected", "needs-reconnect"), "connect"),
    **dict.fromkeys(("paused", "disconnected", "revoke"), "connect"),
}
_SELF: Final = frozenset({"resident", "system"})


class Own(Area):
    """What a resident sees of the own record."""

    @together
    def today(self, session: Session) -> Today:
        """How things are now."""
        one = held(session)
        today = self._parts.today()
        since = today - timedelta(days=charts.USUAL_DAYS)
        long = today - timedelta(days=home_results.days_needed())
        chunks = self._parts.charts.samples(one.whom, [vitals.BLOOD_PRESSURE], since, today, one.access())
        found = vitals.readings(chunks, self._parts.zone)
        judged = home_results.judged_week(chunks, today, self._parts.zone)
        daily = {
            vital: daily_values(self._parts, one.whom, one.access(), vital, first, today)
            for vital, first in (("steps", since), ("sleep", long), ("weight", long))
        }
        goal = steps_goal(self._parts, one, today)
        shown = tuple(
            _pressure(found, today, home_results.home_week(judged))
            if vital == "blood-pressure"
            else _vital(vital, daily[vital], today, goal, self._parts)
            for vital in _SHOWN
            if one.acting is None or KINDS[vital].category in one.acting.seen
        )
        examined = check_up(self._parts.checkups.of(one.whom, one.access(), most=1))
        referred = examined is not None and bool(examined.referral) and (today - examined.days[-1]).days < 366
        lines = self._parts.balance.lines(one.whom, one.access())
        week = today - timedelta(days=6)
        return Today(
            day=today,
            lead=lead_of(shown, referred=referred, now=self._parts.now()),
            next_step=_within(
                one,
                next_step(
                    shown,
                    found,
                    referred=referred,
                    now=self._parts.now(),
                    today=today,
                    collecting=self._collecting(one),
                ),
            ),
            vitals=shown,
            points=sum(line.points for line in lines),
            points_week=sum(line.points for line in lines if line.day >= week),
            readers_week=_readers(self._rows(one, None, week)),
            decide=self._decide(one, today),
        )

    def _decide(self, one: WebSession, today: date) -> bool:
        """Whether the person has to decide again on something that they share; never shown to who acts for them."""
        if one.acting is not None or not changed_text(today):
            return False
        kept = self._system.consents.all(one.person, actor=one.subject, role="resident", request=one.request)
        return asked_again((each.consent for each in kept), today)

    def _collecting(self, one: WebSession) -> bool:
        """Whether anything may be collected at all."""
        recipient = self._parts.settings.recipient
        access = Access("resident", one.subject, recipient, "collect", one.request, one.whom)
        return any(found.permitted for found in self._parts.permissions.of(one.whom, access).values())

    @together
    def who_looked(self, session: Session, asked: LookedFor) -> WhoLooked:
        """The reads of the own record that are asked for."""
        one, day = held(session), asked.day
        today = self._parts.today()
        first = day or today - timedelta(days=asked.span - 1)
        rows = self._rows(one, day, first)
        names = self._parts.directory.named((row.actor for row in rows), request=one.request)
        proved = self._parts.proofs.newest(request=one.request)
        every = tuple(_lines(rows, names, self._parts.zone))
        return WhoLooked(
            lines=tuple(
                line for line in every if asked.who in {"", line.role} and asked.purpose in {"", line.purpose}
            ),
            span=asked.span,
            who=asked.who,
            purpose=asked.purpose,
            roles=tuple(dict.fromkeys(line.role for line in every)),
            purposes=tuple(dict.fromkeys(line.purpose for line in every)),
            cut=len(rows) >= _LOOKED,
            root=self._parts.proofs.root_of(day, request=one.request) if day else "",
            day=day,
            first=first,
            last=day or today,
            readers=_readers(rows),
            refused=len({row.actor for row in rows if row.outcome == "refused" and row.role not in _SELF}),
            proof=None if proved is None else Proof(proved.ok, proved.at, proved.root, proved.rows),
        )

    def _rows(self, one: WebSession, day: date | None, first: date) -> list[Any]:
        """What a person may read of who looked; who acts for them reads only what those did who act."""
        rows = (
            self._system.trail.of_person(
                one.person, actor=one.subject, request=one.request, day=day, limit=_LOOKED
            )
            if one.right is None
            else self._system.guardians.log(one.right, _LOOKED, day)
        )
        return [row for row in rows if row.at.astimezone(self._parts.zone).date() >= first]

    @together
    def check_up(self, session: Session) -> CheckUpPage:
        """The own check-ups, three at most, oldest first."""
        one = held(session)
        return CheckUpPage(check_up(self._parts.checkups.of(one.whom, one.access())))

    def points(self, session: Session) -> Points:
        """The balance from the ledger, and how it came about."""
        one = held(session)
        lines = self._parts.balance.lines(one.whom, one.access())
        reviews, names = self._system.points_reviews.shown(one.whom, one.access())
        held_there = self._parts.balance.held(one.whom)
        taken = {line.reverses for line in lines if line.reverses}
        reasons = {each.row.event_key: each.row.reason for each in reviews if each.row.state == "reversed"}
        pending = sum(line.points for line in lines if not line.delivered)
        return Points(
            balance=sum(line.points for line in lines if line.delivered)
            if held_there is None
            else held_there.total,
            pending=pending,
            lines=tuple(
                PointLine(
                    line.day,
                    line.points,
                    RULES.get(line.event, line.event),
                    _state(delivered=line.delivered, taken=bool(line.reverses) or line.key in taken),
                    reasons.get(line.reverses or line.key, ""),
                    proof_of(line.evidence, names),
                )
                for line in lines
            ),
            expiring=() if held_there is None else tuple(sorted(held_there.lots.items())),
            ledger_reachable=held_there is not None,
            rules=rules_in_words(self._parts.today()),
            reviews=tuple(review_of(each, names) for each in reviews),
            unfunded=any(line.unfunded for line in lines),
        )


def _within(one: WebSession, step: NextStep | None) -> NextStep | None:
    """What to do next, unless who acts for the person may not do it."""
    if step is None or one.acting is None:
        return step
    address, _, form = step.href.partition("#")
    return step if one.acting.allows(address) and (one.acting.may_enter or not form) else None


def _state(*, delivered: bool, taken: bool) -> str:
    if taken:
        return "reversed"
    return "granted" if delivered else "pending"


def _pressure(found: list[Reading], today: date, week: HomeWeek | None) -> Vital:
    axis = KINDS["blood-pressure"].axis
    days, columns = vitals.pressure_columns(found)
    upper = np.where(
        np.isnan(columns["morning-systolic"]), columns["evening-systolic"], columns["morning-systolic"]
    )
    missing = charts.days_missing(days, upper, today)
    if not found:
        return Vital("blood-pressure", None, (), None, axis, vitals.LIMITS, days_missing=missing)
    last = found[-1]
    usual = charts.usual_range(days, upper, today)
    return Vital(
        "blood-pressure",
        last.at,
        (last.systolic, last.diastolic),
        usual,
        axis,
        vitals.LIMITS,
        days_missing=missing,
        week=week,
    )


def _vital(vital: str, values: dict[date, float], today: date, goal: float | None, parts: Parts) -> Vital:
    days, column = vitals.columns_of(values)
    earlier = [(day, value) for day, value in values.items() if day < today or vital != "steps"]
    past_days, past = vitals.columns_of(dict(earlier))  # today's steps are not over yet
    missing = charts.days_missing(past_days, past, today)
    usual = charts.usual_range(past_days, past, today)
    low, high = KINDS[vital].axis
    if len(column):
        low, high = min(low, float(column.min())), max(high, float(column.max()))
    if vital == "weight" and len(column):
        axis = charts.axis_for(float(column.min()) - 2, float(column.max()) + 2)
        low, high = axis.low, axis.high
    if not days:
        return Vital(vital, None, (), usual, (low, high), days_missing=missing)
    at = parts.now() if days[-1] == today else begins(days[-1], parts.zone)
    return Vital(
        vital,
        at,
        (float(column[-1]),),
        usual,
        (low, high),
        goal=goal if vital == "steps" and days[-1] == today else None,
        days_missing=missing,
        change=None if home_results.needs_worn(vital) else home_results.own_change(vital, values, today),
    )


def _readers(rows: Iterable[Any]) -> int:
    """Different people who read, without the person and without machines."""
    seen = list(rows)
    family = _family(seen)
    others = {row.actor for row in seen if _role(row, family) not in _SELF and row.outcome != "refused"}
    return sum(not actor.startswith(APP) for actor in others)


def _family(rows: Iterable[Any]) -> frozenset[str]:
    """The accounts that acted for the person: residents like the person, but others."""
    return frozenset(row.actor for row in rows if row.role == "resident" and row.purpose == "family")


def _own(row: Any) -> bool:
    """Whether somebody's own app looked: its organisation is the person."""
    return bool(row.actor.startswith(APP)) and row.role == "resident"


def _role(row: Any, family: frozenset[str]) -> str:
    if row.actor.startswith(APP):
        return "app"
    return "family" if row.role == "resident" and row.actor in family else str(row.role)


def _lines(rows: Iterable[Any], names: Mapping[str, Listed], zone: ZoneInfo) -> Iterable[Looked]:
    """One line for what one caller did in one request for one purpose, and one for a day's own looks; newest first."""
    seen = list(rows)
    family = _family(seen)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in seen:
        action, role = _ACTIONS.get(row.action, "read"), _role(row, family)
        own = role == "resident" and action == "read"  # a day's own looks are one line
        when = row.at.astimezone(zone).date() if own else row.request_id
        key = (when, row.actor, role, "self" if own else row.purpose, action, row.outcome, row.reason)
        groups.setdefault(key, []).append(row)
    for (_request, actor, role, purpose, action, outcome, reason), group in groups.items():
        listed = names.get(actor)
        categories = {one for row in group for one in row.categories.split(",") if one}
        machine = role == "system"
        yield Looked(
            at=group[0].at,
            who="" if machine or listed is None else listed.display,
            role="machine" if machine else role,
            organisation=""
            if role in _SELF | {"family"} or _own(group[0])
            else organisation_name(group[0].recipient),
            action=action,
            categories=tuple(sorted(categories)),
            purpose="self" if role == "resident" else purpose,
            outcome=_outcome(outcome),
            reason="" if outcome == "refused" and reason == "no-consent" else reason,
            count=0
            if role == "resident" and action != "write"
            else sum(row.n for row in group if row.action not in {"consent", "withdraw"}),
        )


def _outcome(outcome: str) -> Literal["done", "refused", "emergency"]:
    if outcome == "refused":
        return "refused"
    return "emergency" if outcome == "emergency" else "done"
