"""Health points: what earns, how often, and the postings that say so to the ledger. Rules are data, decisions are pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phr.domain.ledger import WORLD, Order, Posting
from phr.domain.points_rules import (
    EASY,
    LOCALES,
    NEVER,
    EventRule,
    PointRules,
    RulesError,
    fiscal_year,
    load_rules,
)

__all__ = [
    "Award",
    "Earned",
    "Event",
    "NoAward",
    "PointRules",
    "RulesError",
    "StepsVerdict",
    "earned",
    "explain",
    "fiscal_year",
    "funding",
    "judge_steps",
    "load_rules",
    "lot",
    "lot_expiry",
    "reversal",
    "step_goal",
]

ZONE: Final = ZoneInfo("Asia/Tokyo")  # the "day" of every rule, wherever the device was
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SEGMENT: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the person behind a pseudonym on a civil day, and the civil day on which it came in.

    age: on that day, where it is known; credited: when the points are written, where that is not the day it came in.
    """

    name: str
    pseudonym: str
    day: date
    uploaded: date
    recording: str
    variant: str = ""
    occasion: str = ""
    age: int | None = None
    credited: date | None = None

    @property
    def credit_day(self) -> date:
        """The civil day on which the points are written: later than the data where a job or a person decided later."""
        return self.credited or self.uploaded


@dataclass(frozen=True, slots=True)
class Earned:
    """An award in the history of the same person; reversed ones are kept, since they make room again."""

    event: str
    day: date
    points: int
    variant: str = ""
    occasion: str = ""
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Award:
    """So many points, and how the ledger is to be told."""

    event: Event
    points: int
    reference: str
    order: Order

    @property
    def idempotency_key(self) -> str:
        """The same for every delivery of the same event."""
        return self.reference

    @property
    def earned(self) -> Earned:
        """What goes into the history."""
        return Earned(self.event.name, self.event.day, self.points, self.event.variant, self.event.occasion)


@dataclass(frozen=True, slots=True)
class NoAward:
    """Nothing, and why, as a key that the pages translate."""

    reason: str


def earned(event: Event, history: Iterable[Earned], rules: PointRules) -> Award | NoAward:
    """What an event earns, given all that the same person earned before. Unknown means nothing."""
    rule = rules.events.get(event.name)
    reason = _refused(event, rule, rules)
    if rule is None or reason:
        return NoAward(reason or "unknown-event")
    past = list(history)
    identity = _identity(rule, event.day, event.variant, event.occasion)
    again = [
        e for e in past if e.event == rule.name and _identity(rule, e.day, e.variant, e.occasion) == identity
    ]
    if any(not e.reversed for e in again):
        return NoAward("already-counted")
    live = [e for e in past if not e.reversed]
    group = [e for e in live if e.event in rules.events and rules.events[e.event].group == rule.group]
    points = rule.points
    if rule.tops_up:  # the smaller award of the same day is raised to this one
        points -= sum(e.points for e in group if e.day == event.day)
        group = [e for e in group if e.day != event.day]
        if points <= 0:
            return NoAward("day-cap")
    full = _full(event, rule, group)
    if full:
        return NoAward(full)
    points = min(points, rules.year_cap - _in_year(live, rules.fiscal_year))
    if points <= 0:
        return NoAward("year-cap")
    # A second award of the same event, after the first was reversed, is a new transaction with a new name.
    reference = f"{identity}:{event.pseudonym}" + (f":again{len(again)}" if again else "")
    return Award(event, points, reference, _order(event, points, reference, rules))


def _refused(event: Event, rule: EventRule | None, rules: PointRules) -> str:
    """Why the event cannot earn at all, whatever came before."""
    if event.name in NEVER:
        return "never-earns"
    if rule is None:
        return "unknown-event"
    if not _SEGMENT.fullmatch(event.pseudonym):
        return "bad-pseudonym"
    if event.recording not in rule.recordings:
        return "manual-entry" if event.recording == "manual" else "recording"
    if not (event.variant in rule.variants if rule.variants else event.variant == ""):
        return "variant"
    if not (_NAME.fullmatch(event.occasion) if rule.once == "occasion" else event.occasion == ""):
        return "occasion"
    return "age" if not _of_age(event.age, rule) else _untimely(event, rule, rules)


def _untimely(event: Event, rule: EventRule, rules: PointRules) -> str:
    """Why the event's days do not fit."""
    if fiscal_year(event.day) != rules.fiscal_year:
        return "other-year"
    if event.uploaded < event.day:
        return "future-day"
    if event.uploaded > event.day + timedelta(days=rule.late(event.recording)):
        return "too-late"
    return "year-closed" if event.uploaded > rule.upload_until else ""


def _of_age(age: int | None, rule: EventRule) -> bool:
    """Whether the event is for somebody of this age; where it asks for one, an unknown age is not it."""
    if rule.age_least is None and rule.age_most is None:
        return True
    return age is not None and (rule.age_least or 0) <= age <= (
        999 if rule.age_most is None else rule.age_most
    )


def _full(event: Event, rule: EventRule, group: Iterable[Earned]) -> str:
    """Which cap of the group is reached."""
    counts = {"day": 0, "week": 0, "fiscal-year": 0}
    for e in group:
        counts["fiscal-year"] += fiscal_year(e.day) == fiscal_year(event.day)
        counts["week"] += e.day.isocalendar()[:2] == event.day.isocalendar()[:2]
        counts["day"] += e.day == event.day
    caps = {"day": rule.per_day, "week": rule.per_week, "fiscal-year": rule.per_fiscal_year}
    for period, cap in caps.items():
        if cap is not None and counts[period] >= cap:
            return f"{period}-cap"
    return ""


def _in_year(history: Iterable[Earned], year: int) -> int:
    return sum(e.points for e in history if fiscal_year(e.day) == year)


def _identity(rule: EventRule, day: date, variant: str, occasion: str) -> str:
    """What makes two deliveries one event: nothing of how or when they came."""
    when = f"fy{fiscal_year(day)}" if rule.once == "fiscal-year" else day.isoformat()
    return ":".join(part for part in (rule.name, when, variant, occasion) if part)


def lot_expiry(rules: PointRules, credited: date) -> date:
    """The last day of a lot: the end of the fiscal year in which it is credited, and the rule's extra months."""
    month = 3 + rules.lot_extra_months
    year = fiscal_year(credited) + 1 + month // 12
    return date(year, month % 12 + 1, 1) - timedelta(days=1)


def lot(rules: PointRules, event: Event) -> str:
    """The account that an award goes to."""
    return f"residents:{event.pseudonym}:lot:{lot_expiry(rules, event.credit_day).isoformat()}"


def issuance(rules: PointRules, event: str) -> str:
    """The account that pays for a kind of event."""
    return f"issuance:fy{rules.fiscal_year}:{event}"


def _order(event: Event, points: int, reference: str, rules: PointRules) -> Order:
    """What the ledger is told: rule and version, and nothing that leads to a person or a measurement."""
    moment = datetime.combine(event.day, time(23, 59, 59), ZONE).astimezone(UTC)
    return Order(
        postings=(Posting(issuance(rules, event.name), lot(rules, event), points, rules.asset),),
        metadata={"rule": event.name, "rule_version": f"fy{rules.fiscal_year}-{rules.version}"},
        reference=reference,
        timestamp=moment,
    )


def reversal(award: Order, held: int, rules: PointRules) -> Order:
    """Take an award back, given what its lot still holds.

    What was spent already is not claimed from the resident: the rest becomes a claim that a person reviews, in an
    asset of its own, so that no balance goes below zero and no points appear from nowhere.
    """
    (given,) = award.postings
    back = min(max(held, 0), given.amount)
    pseudonym = given.destination.split(":")[1]
    postings = (
        Posting(given.destination, given.source, back, rules.asset),
        Posting(WORLD, f"receivable:{pseudonym}", given.amount - back, rules.claim_asset),
    )
    return Order(
        postings=tuple(p for p in postings if p.amount),
        metadata={"reverses": award.reference or "", "rule_version": award.metadata.get("rule_version", "")},
        reference=f"reversal:{award.reference}",
    )


def funding(rules: PointRules) -> list[Order]:
    """The year's budget: each event's issuance account is filled once, and nothing is issued beyond it."""
    return [
        Order(
            postings=(Posting(WORLD, issuance(rules, rule.name), rule.budget, rules.asset),),
            metadata={"budget": rule.name},
            reference=f"budget:fy{rules.fiscal_year}:{rule.name}",
        )
        for rule in rules.events.values()
    ]


@dataclass(frozen=True, slots=True)
class StepsVerdict:
    """A day's steps: which event they make (if any), how many count, and whether a person looks first."""

    event: str | None
    counted: int
    review: bool = False
    reason: str = ""


def step_goal(rules: PointRules, age: int, personal: int | None = None) -> int:
    """A resident's goal: the nurse's where there is one in range, else by age."""
    low, high = rules.steps.personal_goal
    if personal is not None:
        return min(max(personal, low), high)
    return rules.steps.senior_goal if age >= rules.steps.senior_age else rules.steps.goal


def judge_steps(rules: PointRules, steps: int, goal: int) -> StepsVerdict:
    """What a day's steps (one source, never a sum of two) are worth. Suspicion means a person looks, not confiscation."""
    if steps < 0 or steps > rules.steps.reject_above:
        return StepsVerdict(None, 0, reason="not-plausible")
    counted = min(steps, rules.steps.counted_most)
    if steps > rules.steps.review_above:
        return StepsVerdict(None, counted, review=True, reason="needs-review")
    if counted >= goal:
        return StepsVerdict("steps_goal", counted)
    if 2 * counted >= goal:
        return StepsVerdict("steps_half", counted)
    return StepsVerdict(None, counted, reason="below-goal")


_CAPS: Final = {
    "ja": {"per_day": "1日{n}回まで", "per_week": "1週間に{n}回まで", "per_fiscal_year": "年度に{n}回まで"},
    "en": {
        "per_day": "up to {n} a day",
        "per_week": "up to {n} a week",
        "per_fiscal_year": "up to {n} a year",
    },
    EASY: {"per_day": "1日に{n}回まで", "per_week": "1週間に{n}回まで", "per_fiscal_year": "1年に{n}回まで"},
}
_CLOSING: Final = {
    "ja": (
        "1年度（4月から3月）に{cap:,}ポイントまでです。",
        "記録はその日から{late}日以内、紙の記録は{paper}日以内に届いたものが対象です。手で入力した歩数は対象になりません。",
        "病気やリスクの判定、測定値の低さ、受診しないこと、研究への同意でポイントが増えることはありません。",
    ),
    "en": (
        "Up to {cap:,} points in a fiscal year (April to March).",
        "Records count within {late} days, sheets on paper within {paper}. Steps typed in by hand do not.",
        "An illness, a risk, a low reading, not seeing a doctor or consent to research never earns points.",
    ),
    EASY: (
        "1年（4月から3月）に {cap:,}ポイントまでです。",
        "記録は {late}日の間に 届けてください。紙は {paper}日の間です。手で 入れた歩数は、点に なりません。",
        "病気や 危なさ、低い数字、病院に 行かないこと、研究への 同意で、点が ふえることは ありません。",
    ),
}


def explain(rules: PointRules, locale: str) -> list[str]:
    """The rules in a resident's words, from the same file that decides. Unknown languages get Japanese."""
    locale = locale if locale in LOCALES else "ja"
    lines = []
    for rule in rules.events.values():
        line = rule.sentence(locale, rules.steps)
        caps = [
            text.format(n=n) for cap, text in _CAPS[locale].items() if (n := getattr(rule, cap)) is not None
        ]
        joined = ", ".join(caps) if locale == "en" else "、".join(caps)
        lines.append(f"{line}; {joined}" if locale == "en" else f"{line}（{joined}）")
    late = min(rule.late_days for rule in rules.events.values())
    paper = max(rule.paper_late_days for rule in rules.events.values())
    return lines + [text.format(cap=rules.year_cap, late=late, paper=paper) for text in _CLOSING[locale]]
