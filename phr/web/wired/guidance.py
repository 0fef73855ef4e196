"""The pages of specific health guidance: the list of courses, one course, a case's guidance, a resident's own plan."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

from phr.domain.access import Access
from phr.domain.guidance.course import UNDO, expected_kg, live, possible
from phr.domain.guidance.evaluation import targets
from phr.domain.guidance.events import (
    Contacted,
    Declined,
    DroppedOut,
    Evaluated,
    Event,
    Interviewed,
    Invited,
    Undone,
    name_of,
)
from phr.domain.guidance.points import worth
from phr.domain.guidance.weeks import WEEKS, Week, baseline_week, weeks_until
from phr.errors import NotFound
from phr.services.guidance import Opened
from phr.services.permissions import Permission
from phr.web.ports import Session
from phr.web.sessions import WebSession, held
from phr.web.views.guidance import (
    CaseGuidance,
    CourseList,
    CoursePage,
    CourseRow,
    GoalLine,
    GuidancePoints,
    OwnCourse,
    OwnGuidance,
    PlanView,
    StepLine,
    TargetLine,
    WeekCell,
    WeekTable,
)
from phr.web.wired.daily import daily_values
from phr.web.wired.goals import age_on
from phr.web.wired.parts import Area, Parts, together
from phr.web.wired.vitals import KINDS

_LEVELS: Final = {"active": "active-support", "motivational": "motivational-support"}
_VITALS: Final = ("steps", "weight", "sleep")
_KINDS: Final = frozenset({"intensive", "motivational"})
_AGAIN: Final = frozenset({"declined", "dropped-out"})


class GuidanceArea(Area):
    """Courses of the nurse's organisation, and one's own."""

    @together
    def guidance_courses(self, session: Session, *, ended: bool) -> CourseList:
        """The courses, evaluations that are due first."""
        rows = self._system.courses.listed(_guidance(held(session)), ended=ended)
        today = self._parts.today()
        return CourseList(
            today,
            tuple(
                CourseRow(
                    str(one.row.course_id),
                    one.person.name or one.person.patient_id,
                    one.person.kana,
                    _LEVELS[one.row.level],
                    one.row.state,
                    one.row.day,
                    one.row.due,
                    one.row.next_day,
                    one.row.due is not None and one.row.due <= today and not ended,
                )
                for one in rows
            ),
            ended,
        )

    @together
    def guidance_course(self, session: Session, course: str) -> CoursePage:
        """One course with its points, its weeks, and the steps that may follow."""
        one = held(session)
        access = _guidance(one)
        opened = self._system.courses.open(_id(course), access)
        found, person = opened.course, opened.person
        points = _points(opened)
        return CoursePage(
            course=course,
            name=person.name or person.patient_id,
            kana=person.kana,
            age=age_on(person.birth_date, self._parts.today()),
            level=_LEVELS[found.level],
            state=found.state,
            version=found.version,
            edition=found.edition,
            second_year=found.second_year,
            responsible=opened.responsible,
            checkup_day=found.checkup_day,
            waist_cm=found.baseline.waist_cm,
            weight_kg=found.baseline.weight_kg,
            today=self._parts.today(),
            due=opened.due,
            next_day=found.next_day,
            may=self._may(opened),
            half=found.first_part is not None and found.interview is None,
            plan=_plan(opened),
            points=points,
            missing=0 if points is None else opened.score.missing,
            needed_of_a=opened.score.needed_of_a,
            third_period=opened.edition.outcome is None,
            targets=_targets(opened),
            weeks=self._weeks(opened, access),
            steps=self._steps(opened, one),
            licence=next(
                (entry.licence for entry in reversed(opened.entries) if entry.actor == one.subject), ""
            ),
            case=found.case,
        )

    def _may(self, opened: Opened) -> frozenset[str]:
        may = possible(opened.course.state)
        if not opened.responsible:
            return may & {"dropped-out"}
        too_early = opened.due is None or opened.due > self._parts.today()
        return may - {"evaluated"} if too_early else may

    def _weeks(self, opened: Opened, access: Access) -> tuple[WeekTable, ...]:
        """What a professional looks at before ticking a result: before the guidance, and the last eight weeks."""
        interview = opened.course.interview
        if interview is None:
            return ()
        person, last = opened.person.person_id, self._parts.today()
        about = access.about(person)
        allowed: Mapping[str, Permission] = self._parts.permissions.of(person, about)
        since = min(interview.day - timedelta(days=28), last - timedelta(days=7 * WEEKS))
        made = []
        for vital in _VITALS:
            if not allowed[KINDS[vital].category].permitted:
                made.append(WeekTable(vital, False, None, ()))
                continue
            values = daily_values(self._parts, person, about, vital, since, last)
            weeks = weeks_until(values, last)
            before = baseline_week(values, interview.day)
            made.append(WeekTable(vital, True, _cell(before), tuple(_cell(week) for week in weeks)))
        return tuple(made)

    def _steps(self, opened: Opened, one: WebSession) -> tuple[StepLine, ...]:
        """Everything that happened, newest first."""
        entries = opened.entries
        names = self._parts.directory.named({entry.actor for entry in entries}, request=one.request)
        counted = {entry.version for entry in live(entries)}
        last = max(counted)
        now = self._parts.now()
        made = []
        for entry in reversed(entries):
            if isinstance(entry.event, Undone):
                continue
            listed = names.get(entry.actor)
            until = entry.at + UNDO
            can = entry.version == last and entry.version > 1 and now < until
            made.append(
                StepLine(
                    at=entry.at,
                    what=name_of(entry.event),
                    who=entry.actor if listed is None else listed.display or listed.subject,
                    licence=entry.licence,
                    undone=entry.version not in counted,
                    undo=until if can else None,
                    **_told(entry.event, opened),
                )
            )
        return tuple(made)

    def propose_guidance(self, session: Session, case: str, licence: str) -> str:
        """Begin the course of a case."""
        return str(self._system.courses.propose(_id(case), _guidance(held(session)), licence))

    def record_guidance(
        self, session: Session, course: str, version: int, licence: str, event: Event
    ) -> None:
        """Record what happened."""
        self._system.courses.record(_id(course), _guidance(held(session)), licence, event, version)

    def close_guidance(self, session: Session, course: str, version: int, licence: str) -> None:
        """End an evaluated course."""
        self._system.courses.close(_id(course), _guidance(held(session)), licence, version)

    def undo_guidance(self, session: Session, course: str, version: int, licence: str) -> None:
        """Take the last event back."""
        self._system.courses.undo(_id(course), _guidance(held(session)), licence, version)

    @together
    def own_guidance(self, session: Session) -> OwnGuidance:
        """The resident's own courses, without points."""
        one = held(session)
        found = self._system.courses.of_person(one.whom, one.access())
        return OwnGuidance(tuple(_own(opened) for opened in found if opened.course.state != "proposed"))


def case_guidance(parts: Parts, item: Any, person: Any, access: Access) -> CaseGuidance | None:
    """Guidance on the page of a case; None for cases that ask for none and people without a course."""
    courses = parts.system.courses
    found = courses.of_person(person.person_id, access)
    opened = next((one for one in found if not one.course.ended), next(iter(found), None))
    running = any(one.course.checkup_day == item.day and one.course.state not in _AGAIN for one in found)
    may: Literal["propose", "information-only", "none"] = "none"
    if item.kind in _KINDS and not running:
        may = "propose" if courses.responsible(person.insurer_no) else "information-only"
    if opened is None:
        return None if may == "none" else CaseGuidance(may)
    points = _points(opened)
    started = opened.course.interview
    return CaseGuidance(
        may,
        str(opened.course_id),
        _LEVELS[opened.course.level],
        opened.course.state,
        opened.due,
        opened.course.next_day,
        points,
        0 if points is None else opened.score.missing,
        None if started is None or opened.due is None else (started.day, opened.due),
        _plan(opened),
    )


def _guidance(one: WebSession) -> Access:
    return one.access("guidance")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("no such course") from None


def _points(opened: Opened) -> GuidancePoints | None:
    if not opened.course.needs_points:
        return None
    lines = tuple((line.day, line.code, line.points) for line in opened.score.lines)
    return GuidancePoints(opened.score.needed, lines)


def _plan(opened: Opened) -> PlanView | None:
    plan = opened.course.plan
    if plan is None:
        return None
    goals = tuple(GoalLine(goal.area, goal.text, goal.kcal_day) for goal in plan.goals)
    return PlanView(plan.lose_cm, plan.lose_kg, goals, expected_kg(plan, opened.edition))


def _targets(opened: Opened) -> tuple[TargetLine, ...]:
    rule = opened.edition.outcome
    if rule is None:
        return ()
    worth_of = {"full": rule.full, "part": rule.part}
    return tuple(
        TargetLine(one.result, one.waist_cm, one.weight_kg, worth_of[one.result])
        for one in targets(opened.course.baseline, opened.edition)
    )


def _cell(week: Week) -> WeekCell:
    return WeekCell(week.first, week.days, week.mean)


def _told(event: Event, opened: Opened) -> dict[str, Any]:
    """What one line of the history says of an event."""
    match event:
        case Interviewed():
            return {"day": event.day, "detail": event.way, "minutes": event.minutes}
        case Contacted():
            points = worth(event, opened.edition) if opened.course.needs_points else None
            return {
                "day": event.day,
                "detail": event.way,
                "minutes": event.minutes,
                "note": event.note,
                "points": points,
            }
        case Evaluated():
            return {"day": event.day, "detail": event.way, "note": event.note}
        case Invited():
            return {"detail": event.way}
        case Declined() | DroppedOut():
            return {"note": event.reason}
        case _:
            return {}


def _own(opened: Opened) -> OwnCourse:
    course, found = opened.course, opened.course.evaluation
    ticked: tuple[str, ...] = ()
    if found is not None:
        ticked = (*found.habits, *(("smoking",) if found.smoking else ()))
    return OwnCourse(
        state=course.state,
        checkup_day=course.checkup_day,
        interview_day=None if course.interview is None else course.interview.day,
        due=opened.due,
        next_day=course.next_day,
        plan=_plan(opened),
        talks=tuple((one.day, one.way) for one in course.contacts),
        evaluation_day=None if found is None else found.day,
        lost_cm=_lost(course.baseline.waist_cm, None if found is None else found.waist_cm),
        lost_kg=_lost(course.baseline.weight_kg, None if found is None else found.weight_kg),
        kept=ticked,
    )


def _lost(before: float | None, now: float | None) -> float | None:
    return None if before is None or now is None else round(before - now, 1)
