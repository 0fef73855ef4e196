"""What the data of a block of people ask of their points: awards to enter, awards to take back, awards to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.fraud import load_fraud_rules
from phr.domain.points import StepsVerdict, judge_steps, step_goal
from phr.domain.points_evidence import of_steps
from phr.domain.points_rules import PointRules, fiscal_year, rules_of
from phr.services.points.earning import age_on
from phr.services.points.happened import Book, Happened
from phr.services.points.steps import StepDay
from phr.store.tables import Person, PointsEvent, StepGoal
from phr.store.uow import UnitOfWork

STEPS: Final = ("steps_goal", "steps_half")


@dataclass(slots=True)
class Span:
    """The days that a round looks at, both included: one more than may earn, since the last upload came after a round.

    twins: days with the very same record under several people, by its hash.
    """

    first: date
    last: date
    today: date
    twins: set[tuple[date, bytes]] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    """What the data of one person ask for: things to enter, keys to take back, awards to look at after all."""

    things: list[Happened] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    looks: list[tuple[Happened, PointsEvent]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.things or self.back or self.looks)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the data say about a block of people."""

    zone: ZoneInfo
    span: Span
    days: Mapping[UUID, Sequence[StepDay]]
    goals: Mapping[UUID, Sequence[StepGoal]]
    checkups: Mapping[UUID, Sequence[tuple[date, str]]]
    brushed: Mapping[UUID, Sequence[tuple[date, datetime]]]

    def audited(self, uow: UnitOfWork, person: UUID) -> None:
        """The read in the person's trail: kinds and a count."""
        counts = {
            "activity": len(self.days.get(person, ())),
            "checkup": len(self.checkups.get(person, ())),
            "child": len(self.brushed.get(person, ())),
        }
        kinds = [kind for kind, count in counts.items() if count]
        if kinds:
            uow.audit.add("read", "points", person, categories=",".join(kinds), count=sum(counts.values()))

    def plan(self, person: Person, book: Book) -> Plan:
        """What is to be entered and taken back, given what the book already has."""
        plan = Plan()
        who = person.person_id
        told = {one.day: one for one in self.days.get(who, ())}
        stands: dict[date, list[PointsEvent]] = {}
        for row in book.live():
            if row.event in STEPS:
                stands.setdefault(row.day, []).append(row)
        seen = {day for day in stands if self.span.first <= day <= self.span.last}
        for day in sorted({*told, *seen}):
            self._steps(person, told.get(day), stands.get(day, []), plan)
        for day, method in self.checkups.get(who, ()):
            recording = "manual" if method == "manual" else "official"
            plan.things.append(Happened("checkup_imported", day, recording, f"checkup:{day}", "checkup"))
        for day, at in self.brushed.get(who, ()):
            came = at.astimezone(self.zone).date()
            plan.things.append(
                Happened("brushing_day", day, "manual", f"brushing:{day}", "child", uploaded=came)
            )
        return plan

    def _steps(self, person: Person, told: StepDay | None, stands: Sequence[PointsEvent], plan: Plan) -> None:
        """One day: what is missing is entered, what the data no longer reach is taken back; paper stands by itself."""
        by_device = [row for row in stands if row.evidence.startswith("steps:")]
        if told is None:
            plan.back += [row.event_key for row in by_device]
            return
        rules = rules_of(fiscal_year(told.day))
        if rules is None:
            return
        verdict = judge_steps(rules, told.steps, self._goal(person, told.day, rules))
        wanted = "steps_goal" if verdict.review else verdict.event
        evidence = of_steps(told.day, told.steps, told.sources)
        thing = Happened(
            wanted or "steps_goal", told.day, "device", evidence, "activity", uploaded=told.uploaded
        )
        signals = _at_sight(told, verdict)
        if signals and by_device:  # given before: a person looks, nothing is taken
            marked = replace(thing, signals=signals)
            plan.looks += [(replace(marked, event=row.event), row) for row in by_device]
        elif verdict.reason != "not-plausible":
            plan.back += [row.event_key for row in by_device if _too_much(row.event, wanted)]
        if wanted is None or wanted in {row.event for row in stands}:
            return
        fine = told.signals(self.zone, load_fraud_rules())
        plan.things.append(replace(thing, signals=tuple(dict.fromkeys((*signals, *fine)))))

    def _goal(self, person: Person, day: date, rules: PointRules) -> int:
        """The nurse's goal of that day, else the one by age; for an unknown age the grown-ups'."""
        agreed = [row.steps for row in self.goals.get(person.person_id, ()) if row.day <= day]
        return step_goal(rules, age_on(person.birth_date, day) or 0, agreed[-1] if agreed else None)


def _at_sight(told: StepDay, verdict: StepsVerdict) -> tuple[str, ...]:
    """The signals that need no look at the pace."""
    many = verdict.review or verdict.reason == "not-plausible"
    return (*(("many",) if many else ()), *(("twin",) if told.twin else ()))


def _too_much(stands: str, wanted: str | None) -> bool:
    return wanted is None or (stands == "steps_goal" and wanted == "steps_half")
