"""The nightly round: what devices, check-ups and children's brushing earned, for a block of people in each transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from phr.domain.access import Access, machine
from phr.domain.fraud import load_fraud_rules
from phr.domain.points import Award
from phr.domain.points_rules import fiscal_year, rules_of
from phr.errors import Busy, Conflict, NotAllowed
from phr.services.points.earning import Points, Written
from phr.services.points.happened import Book, books
from phr.services.points.plans import STEPS, Facts, Plan, Span
from phr.services.points.steps import StepDay, crowded, step_days
from phr.store.tables import Person
from phr.store.uow import UnitOfWork

_BLOCK: Final = 250
_CHANGED: Final = timedelta(days=8)
"""How far back a change of an older day is looked for: longer than a worker is ever down."""
_CHECKUPS: Final = timedelta(days=400)


@dataclass(slots=True)
class Done:
    """What a round did. held: awards that wait for a person's look; reversed: taken back after a correction."""

    people: int = 0
    awards: int = 0
    points: int = 0
    held: int = 0
    reversed: int = 0
    skipped: int = 0


class Round:
    """Goes over the city. Running it twice changes nothing; two at once never pass a cap."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._store = points.store

    def __call__(self, *, request: str) -> Done:
        """One round over everybody who shares data for points."""
        done = Done()
        today = self._points.today()
        rules = rules_of(fiscal_year(today)) or rules_of(fiscal_year(today) - 1)
        if rules is None:
            return done
        late = max(rules.events[name].late_days for name in STEPS if name in rules.events)
        span = Span(today - timedelta(days=late + 1), today - timedelta(days=1), today)
        with self._store.begin(self._access(request)) as uow:
            span.twins = uow.earning.twins(span.first, span.last, load_fraud_rules().twin_samples)
            uow.commit()
        after = UUID(int=0)
        while people := self._people(request, after):
            after = people[-1].person_id
            done.people += len(people)
            self._block(people, span, done, request)
        return done

    def _people(self, request: str, after: UUID) -> Sequence[Person]:
        with self._store.begin(self._access(request)) as uow:
            people = uow.people.all(after, _BLOCK)
            uow.commit()
        return people

    def _block(self, people: Sequence[Person], span: Span, done: Done, request: str) -> None:
        """A block in one transaction; where somebody withdrew or was being written meanwhile, in smaller ones."""
        before = copy(done)
        try:
            self._earn(people, span, done, request)
        except (NotAllowed, Conflict, Busy):
            for name in Done.__slots__:
                setattr(done, name, getattr(before, name))
            if len(people) == 1:
                done.skipped += 1
                return
            half = len(people) // 2
            self._block(people[:half], span, done, request)
            self._block(people[half:], span, done, request)

    def _earn(self, people: Sequence[Person], span: Span, done: Done, request: str) -> None:
        known = {person.person_id: person for person in people}
        with self._store.begin(self._access(request)) as uow:
            facts = self._facts(uow, known, span)
            plans = {
                person: plan
                for person, book in self._books(uow, list(known), span).items()
                if (plan := self._plan(facts, known[person], book))
            }
            if plans:
                uow.blocks.lock(list(plans))
                fresh = self._books(uow, list(plans), span)
                pile: list[Written] = []
                for person in sorted(plans):
                    # as it is now that nobody else writes
                    plan = self._plan(facts, known[person], fresh[person])
                    self._write(uow, known[person], plan, fresh[person], done, pile)
                self._points.write(uow, pile)
            uow.commit()

    def _plan(self, facts: Facts, person: Person, book: Book) -> Plan:
        """The plan without what would earn nothing, so that a night without news writes nothing."""
        plan = facts.plan(person, book)
        who, born = person.person_id, person.birth_date
        if not plan.back:
            plan.things = [
                thing
                for thing in plan.things
                if isinstance(self._points.verdict(who, thing, book, born), Award)
            ]
        return plan

    def _facts(self, uow: UnitOfWork, known: Mapping[UUID, Person], span: Span) -> Facts:
        people, points = list(known), self._points
        year = date(fiscal_year(span.first), 4, 1)
        now = points.clock.now()
        chunks = uow.earning.steps(people, (span.first, span.last), (year, now - _CHANGED), span.twins)
        several = crowded(chunks)
        oldest = min((one.day for one in chunks), default=span.first)
        hearts = uow.earning.hearts(several, oldest, span.last) if several else {}
        days: dict[UUID, list[StepDay]] = {}
        for day in step_days(chunks, hearts, points.zone, now):
            days.setdefault(day.person, []).append(day)
        facts = Facts(
            points.zone,
            span,
            days,
            uow.earning.goals(people),
            uow.earning.checkups(people, span.today - _CHECKUPS, span.today),
            uow.earning.brushed(people, span.first, span.last),
        )
        for person in people:
            facts.audited(uow, person)
        return facts

    def _books(self, uow: UnitOfWork, people: Sequence[UUID], span: Span) -> dict[UUID, Book]:
        since = date(fiscal_year(span.today - _CHECKUPS), 4, 1)
        return books(people, uow.points.of_people(people, since), uow.earning.reviews(people))

    def _write(
        self, uow: UnitOfWork, person: Person, plan: Plan, book: Book, done: Done, pile: list[Written]
    ) -> None:
        who = person.person_id
        for key in plan.back:
            done.reversed += self._points.reverse_in(uow, who, key)
        if plan.back:
            book.events = list(uow.points.of_person(who))
        for thing, row in plan.looks:
            done.held += self._points.open_review(
                uow, who, thing, (row.event_key, row.points), book, posted=True
            )
        for thing in plan.things:
            verdict = self._points.enter(uow, who, thing, book, person.birth_date, pile)
            if isinstance(verdict, Award):
                done.awards += 1
                done.points += verdict.points
            elif verdict.reason == "waits-for-a-look":
                done.held += 1

    def _access(self, request: str) -> Access:
        return machine(self._points.recipient, "points", request, part="earn")
