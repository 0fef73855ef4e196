"""The course of guidance as a state machine: what its events add up to, and which event may come next."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from phr.domain.guidance.editions import LICENCES, Edition
from phr.domain.guidance.evaluation import Baseline, check_evaluation
from phr.domain.guidance.events import (
    LONGEST,
    Closed,
    Contacted,
    Declined,
    DroppedOut,
    Entry,
    Evaluated,
    Event,
    Interviewed,
    Invited,
    Level,
    Planned,
    Proposed,
    Undone,
    name_of,
)
from phr.errors import Conflict, Invalid, NotAllowed

ENDS: Final = frozenset({"declined", "completed", "incomplete", "dropped-out"})
UNDO: Final = timedelta(hours=24)
_FROM: Final = {
    Invited: ("proposed", "invited"),
    Declined: ("proposed", "invited"),
    Interviewed: ("proposed", "invited"),
    Planned: ("interviewed", "planned", "supporting"),
    Contacted: ("planned", "supporting", "evaluated"),
    Evaluated: ("planned", "supporting", "evaluated"),
    Closed: ("evaluated",),
    DroppedOut: ("proposed", "invited", "interviewed", "planned", "supporting", "evaluated"),
}
"""Event -> the states in which it may happen."""


def possible(state: str) -> frozenset[str]:
    """The words of the events that may happen in a state, as far as the state alone decides."""
    tags = {str(event.__struct_config__.tag) for event, states in _FROM.items() if state in states}
    return frozenset(tags)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a course stands. ``version`` is that of its last event, undone ones included."""

    level: Level
    checkup_day: date
    edition: str
    insurer_no: str
    case: str
    baseline: Baseline
    second_year: bool
    state: str
    version: int
    first_part: Interviewed | None = None
    interview: Interviewed | None = None
    plan: Planned | None = None
    contacts: tuple[Contacted, ...] = ()
    evaluation: Evaluated | None = None
    reason: str = ""
    next_day: date | None = None

    @property
    def needs_points(self) -> bool:
        """Whether the end depends on points: active support, but for an allowed second year."""
        return self.level == "active" and not self.second_year

    @property
    def ended(self) -> bool:
        """Whether nothing may follow but taking the end back."""
        return self.state in ENDS


def fold(entries: Sequence[Entry]) -> Course:
    """The course of its events, in order. Raises NotAllowed when some of them are not for this reader."""
    if [entry.version for entry in entries] != list(range(1, len(entries) + 1)):
        raise NotAllowed("a part of the course is not shared")
    counted = live(entries)
    begun = counted[0].event if counted else None
    if not isinstance(begun, Proposed):
        raise NotAllowed("a part of the course is not shared")
    course = Course(
        level=begun.level,
        checkup_day=begun.checkup_day,
        edition=begun.edition,
        insurer_no=begun.insurer_no,
        case=begun.case,
        baseline=Baseline(begun.waist_cm, begun.weight_kg, begun.bmi),
        second_year=begun.second_year,
        state="proposed",
        version=entries[-1].version,
    )
    for entry in counted[1:]:
        course = _after(course, entry.event)
    return course


def live(entries: Sequence[Entry]) -> list[Entry]:
    """The events that were not taken back."""
    undone = {entry.event.version for entry in entries if isinstance(entry.event, Undone)}
    return [entry for entry in entries if entry.version not in undone and not isinstance(entry.event, Undone)]


def _after(course: Course, event: Event) -> Course:
    match event:
        case Invited():
            return replace(course, state="invited")
        case Interviewed(part="first"):
            return replace(course, first_part=event)
        case Interviewed():
            return replace(course, state="interviewed", interview=event)
        case Planned():
            state = "supporting" if course.contacts else "planned"
            return replace(course, state=state, plan=event, next_day=event.next_day)
        case Contacted():
            following = event.next_day or course.next_day
            return replace(course, state="supporting", contacts=(*course.contacts, event), next_day=following)
        case Evaluated():
            return replace(course, state="evaluated", evaluation=event, next_day=None)
        case Closed():
            return replace(course, state="completed" if event.completed else "incomplete")
        case Declined():
            return replace(course, state="declined", reason=event.reason, next_day=None)
        case DroppedOut():
            return replace(course, state="dropped-out", reason=event.reason, next_day=None)
        case _:
            raise NotAllowed("a part of the course is not shared")


def due_from(course: Course, edition: Edition) -> date | None:
    """The first day of the evaluation: so many months after the first interview; None before it."""
    if course.interview is None:
        return None
    return months_after(course.interview.day, edition.evaluation_months)


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or that month's last.

    >>> months_after(date(2026, 11, 30), 3)
    datetime.date(2027, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def check(course: Course, event: Event, edition: Edition, today: date) -> None:
    """Whether an event may come next. Raises Conflict for a wrong state, Invalid naming the field."""
    allowed = _FROM.get(type(event), ())
    if course.state not in allowed:
        raise Conflict(f"not possible in the state {course.state}")
    match event:
        case Interviewed():
            _check_interview(course, event, edition, today)
        case Planned():
            _check_plan(event, edition, today)
        case Contacted():
            _check_contact(course, event, today)
        case Evaluated():
            due = due_from(course, edition)
            check_evaluation(event, course.baseline, edition, due, today)
        case Declined() | DroppedOut():
            _short(event.reason, "reason")
        case _:
            pass


def check_undo(entries: Sequence[Entry], now: datetime) -> Undone:
    """The event that takes the last one back, for a day. Raises Conflict when that is too late or there is none."""
    last = live(entries)[-1]
    if isinstance(last.event, Proposed):
        raise Conflict("nothing can be taken back")
    if now - last.at >= UNDO:
        raise Conflict(f"{name_of(last.event)} was recorded more than a day ago")
    return Undone(version=last.version)


def _check_interview(course: Course, event: Interviewed, edition: Edition, today: date) -> None:
    rule = edition.interview
    _past(event.day, course.checkup_day, today)
    earlier = course.first_part
    if event.part != "whole" and not rule.split:
        raise Invalid("may not be in two parts", field="part")
    if (earlier is not None) != (event.part == "second"):
        raise Invalid("the parts are first and second, in this order, or whole", field="part")
    if earlier is not None and event.day < earlier.day:
        raise Invalid("is before the first part", field="day")
    if event.part == "first":
        _whole_number(event.minutes, 1, "minutes")
        return
    least = rule.group_minutes if event.way == "group" else rule.individual_minutes
    if event.remote and event.way == "individual":
        least = max(least, rule.remote_minutes)
    done = event.minutes + (0 if earlier is None else earlier.minutes)
    _whole_number(event.minutes, 1, "minutes")
    if done < least:
        raise Invalid(f"must be {least} or more in all", field="minutes")
    most = rule.group_people if event.way == "group" else 1
    if not 1 <= event.people <= most:
        raise Invalid(f"must be 1 to {most}", field="people")


def _check_plan(event: Planned, edition: Edition, today: date) -> None:
    rule = edition.plan
    if not 0 <= event.lose_cm <= 50:
        raise Invalid("must be 0 to 50", field="lose_cm")
    if not 0 <= event.lose_kg <= 50:
        raise Invalid("must be 0 to 50", field="lose_kg")
    if not 1 <= len(event.goals) <= 8:
        raise Invalid("must be 1 to 8", field="goals")
    for goal in event.goals:
        if not goal.text.strip() or len(goal.text) > 200:
            raise Invalid("must be 1 to 200 letters", field="goals")
        if goal.kcal_day is not None and not 0 <= goal.kcal_day <= 2000:
            raise Invalid("must be 0 to 2000", field="kcal_day")
    if not event.expected:
        # S25: a target must be expected to give -1 cm and -1 kg if it is kept for two months.
        raise Invalid(
            f"must be expected to give {rule.lose_cm:g} cm and {rule.lose_kg:g} kg in {rule.kept_days} days",
            field="expected",
        )
    if event.next_day is not None and event.next_day < today:
        raise Invalid("is in the past", field="next_day")


def expected_kg(plan: Planned, edition: Edition) -> float | None:
    """What the energies of a plan come to if kept for two months; None when no goal says one. A help, no judgement."""
    known = [goal.kcal_day for goal in plan.goals if goal.kcal_day is not None]
    if not known:
        return None
    return sum(known) * edition.plan.kept_days / edition.plan.kcal_per_kg


def _check_contact(course: Course, event: Contacted, today: date) -> None:
    begun = course.checkup_day if course.interview is None else course.interview.day
    _past(event.day, begun, today)
    if event.author_licence and event.author_licence not in LICENCES:
        raise Invalid("unknown licence", field="author_licence")
    _whole_number(event.minutes, 0, "minutes")
    _whole_number(event.round_trips, 0, "round_trips")
    if event.way == "message":
        if event.minutes:
            raise Invalid("a message has no minutes", field="minutes")
    elif event.minutes == 0:
        raise Invalid("must be 1 or more", field="minutes")
    most = 100 if event.way == "group" else 1
    if not 1 <= event.people <= most:
        raise Invalid(f"must be 1 to {most}", field="people")
    _short(event.note, "note")
    if event.next_day is not None and event.next_day < event.day:
        raise Invalid("is before the contact", field="next_day")


def _past(day: date, first: date, today: date) -> None:
    if day > today:
        raise Invalid("is in the future", field="day")
    if day < first:
        raise Invalid("is before the beginning", field="day")


def _whole_number(value: int, least: int, field: str) -> None:
    if not least <= value <= 1000:
        raise Invalid(f"must be {least} to 1000", field=field)


def _short(text: str, field: str) -> None:
    if len(text) > LONGEST:
        raise Invalid(f"is longer than {LONGEST} letters", field=field)
