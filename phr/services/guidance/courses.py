"""The course of one person: proposed from a case, invited, interviewed, planned, supported, evaluated, closed, undone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.guidance.course import ENDS, Course, check, check_undo, due_from, fold
from phr.domain.guidance.editions import Edition, edition_for, edition_named
from phr.domain.guidance.evaluation import Baseline, improved_enough
from phr.domain.guidance.events import (
    Closed,
    Contacted,
    DroppedOut,
    Entry,
    Event,
    Level,
    Proposed,
    body_of,
    day_of,
    event_of,
    name_of,
)
from phr.domain.guidance.points import Score, completes, score
from phr.domain.guidance.report import eight_digits
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from phr.ids import new_id
from phr.store.tables import GuidanceCourse, GuidanceEvent, Person, WorkItem
from phr.store.uow import Store, UnitOfWork

Moved = Callable[[UnitOfWork, GuidanceCourse, str, str], None]
"""Told of a change of state in its transaction: unit of work, course, state before, state after."""
LEVELS: Final[dict[str, Level]] = {"intensive": "active", "motivational": "motivational"}
"""Kinds of case -> level of support."""
OPEN: Final = ("proposed", "invited", "interviewed", "planned", "supporting", "evaluated")
_CHECKUP: Final = "checkup"
_YEARS: Final = timedelta(days=366 * 5)


@dataclass(frozen=True, slots=True)
class Opened:
    """A course as it is opened. ``responsible``: whether this city's insurer may act on it."""

    course_id: UUID
    person: Person
    course: Course
    entries: tuple[Entry, ...]
    edition: Edition
    score: Score
    due: date | None
    responsible: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A course in the list, with whose it is."""

    row: GuidanceCourse
    person: Person


class Courses:
    """Courses of one city. ``access`` is a professional's, for the purpose guidance; ``licence`` theirs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        insurers: Collection[str],
        moved: Moved | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._insurers = frozenset(eight_digits(number) for number in insurers)
        self._moved = moved

    def responsible(self, insurer_no: str) -> bool:
        """Whether the person's insurer is one that this city acts for; for all others it only informs."""
        return bool(insurer_no) and eight_digits(insurer_no) in self._insurers

    def propose(self, case: UUID, access: Access, licence: str, *, second_year: bool = False) -> UUID:
        """Begins the course of a case of the work list; the course of a check-up exists once."""
        _professional(access, licence)
        with self._store.begin(access) as uow:
            item = uow.worklist.get(case)
            person = None if item is None else uow.people.get(item.person_id)
            if item is None or person is None:
                raise NotFound("no such case")
            event = self._proposed(uow, item, person, second_year=second_year)
            for row in uow.courses.of_person(person.person_id):
                if row.day == event.checkup_day and row.state not in {"declined", "dropped-out"}:
                    raise Conflict("there is a course for this check-up already")
            now = self._clock.now()
            made = GuidanceCourse(
                person_id=person.person_id,
                course_id=new_id(),
                category=_CHECKUP,
                day=event.checkup_day,
                level=event.level,
                edition=event.edition,
                insurer_no=event.insurer_no,
                state="",
                version=0,
                opened_at=now,
                updated_at=now,
            )
            self._put(uow, made, [], event, access, licence)
            uow.commit()
            return made.course_id

    def _proposed(self, uow: UnitOfWork, item: WorkItem, person: Person, *, second_year: bool) -> Proposed:
        level = LEVELS.get(item.kind)
        if level is None:
            raise Refused("this case asks for no specific health guidance")
        if not self.responsible(person.insurer_no):
            # Only the responsible insurer may act on it; for everybody else the level is information only.
            raise Refused("another insurer is responsible: information only")
        edition = edition_for(item.day)
        now = self._baseline(uow, person.person_id, item.day)
        if second_year and not (
            level == "active" and self._improved(uow, person.person_id, item.day, now, edition)
        ):
            raise Invalid("is not open to this person by the rules", field="second_year")
        return Proposed(
            level=level,
            checkup_day=item.day,
            edition=edition.version,
            insurer_no=eight_digits(person.insurer_no),
            case=str(item.item_id),
            waist_cm=now.waist_cm,
            weight_kg=now.weight_kg,
            bmi=now.bmi,
            second_year=second_year,
        )

    def _baseline(self, uow: UnitOfWork, person: UUID, day: date) -> Baseline:
        """Waist and weight of the check-up of that day."""
        values: dict[str, float] = {}
        for chunk in uow.vitals.chunks(person, [_CHECKUP], day, day):
            for name in ("waist_cm", "weight_kg", "bmi"):
                column = chunk.columns.channels.get(name)
                if column is not None and not np.isnan(column[-1]):
                    values[name] = round(float(column[-1]), 3)
        return Baseline(values.get("waist_cm"), values.get("weight_kg"), values.get("bmi"))

    def _improved(self, uow: UnitOfWork, person: UUID, day: date, now: Baseline, edition: Edition) -> bool:
        """Whether there was active support for the check-up of the year before, and the values are better since."""
        for row in uow.courses.of_person(person):
            if row.level == "active" and row.state == "completed" and 0 < (day - row.day).days <= 550:
                return improved_enough(self._baseline(uow, person, row.day), now, edition)
        return False

    def record(
        self, course: UUID, access: Access, licence: str, event: Event, version: int | None = None
    ) -> Opened:
        """Records what happened. Raises Conflict when it may not happen now or ``version`` is old, Invalid with the field."""
        if not isinstance(event, Contacted) or event.author_type != "machine" or access.role != "system":
            _professional(access, licence)
        with self._store.begin(access) as uow:
            row, entries = self._locked(uow, course, version)
            before = fold(entries)
            edition = edition_named(before.edition)
            person = _person(uow, row)
            if not isinstance(event, DroppedOut) and not self._may_act(row, person):
                raise Refused("another insurer is responsible now: information only")
            check(before, event, edition, self._today())
            entries = self._put(uow, row, entries, event, access, licence)
            uow.commit()
            return self._opened(row, person, entries)

    def close(self, course: UUID, access: Access, licence: str, version: int | None = None) -> Opened:
        """Ends an evaluated course; whether it is complete follows from the rule."""
        opened = self.open(course, access)
        event = Closed(completed=completes(opened.course, opened.edition))
        return self.record(course, access, licence, event, version or opened.course.version)

    def undo(self, course: UUID, access: Access, licence: str, version: int | None = None) -> Opened:
        """Takes the last event back, for a day; it stays in the record."""
        _professional(access, licence)
        with self._store.begin(access) as uow:
            row, entries = self._locked(uow, course, version)
            fold(entries)
            event = check_undo(entries, self._clock.now())
            entries = self._put(uow, row, entries, event, access, licence)
            person = _person(uow, row)
            uow.commit()
            return self._opened(row, person, entries)

    def open(self, course: UUID, access: Access) -> Opened:
        """One course with everything that happened. Raises NotFound when it is not there or not shared."""
        with self._store.begin(access) as uow:
            row = uow.courses.get(course)
            person = None if row is None else uow.people.get(row.person_id)
            if row is None or person is None:
                uow.audit.add("read", "guidance-course", outcome="refused", reason="not-found")
                uow.commit()
                raise NotFound("no such course")
            entries = _entries(uow.courses.events(course))
            uow.audit.add("read", "guidance-course", row.person_id, categories="checkup,guidance", count=1)
            uow.commit()
        return self._opened(row, person, entries)

    def of_person(self, person: UUID, access: Access) -> list[Opened]:
        """A person's courses that this caller may read whole, newest first; for the person all of their own."""
        with self._store.begin(access.about(person)) as uow:
            known = uow.people.get(person)
            rows = [] if known is None else list(uow.courses.of_person(person))
            found = [(row, _entries(uow.courses.events(row.course_id))) for row in rows]
            uow.audit.add("read", "guidance-course", person, categories="checkup,guidance", count=len(found))
            uow.commit()
        made = []
        for row, entries in found:
            try:
                made.append(self._opened(row, known, entries))
            except NotAllowed:
                continue  # a part of it is not shared with this caller: the whole is not shown
        return made

    def listed(self, access: Access, *, ended: bool = False, limit: int = 500) -> list[Row]:
        """The courses that consent lets this caller see, evaluations that are due first; each look is audited."""
        with self._store.begin(access) as uow:
            rows = []
            for row in uow.courses.listed(tuple(sorted(ENDS)) if ended else OPEN, limit):
                person = uow.people.get(row.person_id)
                if person is not None:
                    rows.append(Row(row, person))
                    uow.audit.add("list", "guidance-course", row.person_id, categories=_CHECKUP, count=1)
            uow.commit()
        return rows

    def _locked(
        self, uow: UnitOfWork, course: UUID, version: int | None
    ) -> tuple[GuidanceCourse, tuple[Entry, ...]]:
        row = uow.courses.get(course, lock=True)
        if row is None:
            raise NotFound("no such course")
        if version is not None and version != row.version:
            raise Conflict("the course was changed meanwhile")
        entries = _entries(uow.courses.events(course))
        if len(entries) != row.version:
            raise NotAllowed("a part of the course is not shared")
        return row, entries

    def _put(
        self,
        uow: UnitOfWork,
        row: GuidanceCourse,
        entries: Sequence[Entry],
        event: Event,
        access: Access,
        licence: str,
    ) -> tuple[Entry, ...]:
        """Appends an event, with the course as it stands then."""
        now, before = self._clock.now(), row.state
        after = (*entries, Entry(row.version + 1, now, access.actor, licence, event))
        course = fold(after)
        row.state, row.version, row.next_day = course.state, course.version, course.next_day
        row.due, row.updated_at = due_from(course, edition_named(course.edition)), now
        checkup = isinstance(event, Proposed)
        kept = GuidanceEvent(
            person_id=row.person_id,
            course_id=row.course_id,
            version=row.version,
            category=_CHECKUP if checkup else "guidance",
            day=row.day if checkup else day_of(event, self._today()),
            event=name_of(event),
            body=body_of(event),
            actor=access.actor,
            licence=licence,
            at=now,
        )
        uow.courses.put(row, kept)
        uow.audit.add(
            "guidance", f"guidance-{name_of(event)}", row.person_id, categories=kept.category, count=1
        )
        if self._moved is not None and before != row.state:
            self._moved(uow, row, before, row.state)
        return after

    def _opened(self, row: GuidanceCourse, person: Person | None, entries: Sequence[Entry]) -> Opened:
        if person is None or len(entries) != row.version:
            raise NotAllowed("a part of the course is not shared")
        course = fold(entries)
        edition = edition_named(course.edition)
        return Opened(
            row.course_id,
            person,
            course,
            tuple(entries),
            edition,
            score(course, edition),
            due_from(course, edition),
            self._may_act(row, person),
        )

    def _may_act(self, row: GuidanceCourse, person: Person) -> bool:
        return self.responsible(person.insurer_no) and eight_digits(person.insurer_no) == row.insurer_no

    def _today(self) -> date:
        return day_at(self._clock.now(), self._zone)


def _person(uow: UnitOfWork, row: GuidanceCourse) -> Person:
    person = uow.people.get(row.person_id)
    if person is None:
        raise NotFound("no such course")
    return person


def _entries(rows: Sequence[GuidanceEvent]) -> tuple[Entry, ...]:
    return tuple(Entry(row.version, row.at, row.actor, row.licence, event_of(row.body)) for row in rows)


def _professional(access: Access, licence: str) -> None:
    """Only a doctor, public-health nurse or registered dietitian records guidance, and says which."""
    if access.role != "nurse":
        raise NotAllowed("only professionals record guidance")
    if licence not in {"doctor", "public-health-nurse", "dietitian"}:
        raise Invalid("must be doctor, public-health-nurse or dietitian", field="licence")
