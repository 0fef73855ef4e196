"""Courses of guidance and their events, through the door of the kinds of data that they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from phr.store.tables import GuidanceCourse, GuidanceEvent, GuidanceHandover


class GuidanceCourses:
    """The courses that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, course: UUID, *, lock: bool = False) -> GuidanceCourse | None:
        """A course by its id."""
        query = select(GuidanceCourse).where(GuidanceCourse.course_id == course)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def of_person(self, person: UUID) -> Sequence[GuidanceCourse]:
        """A person's courses, newest first."""
        query = select(GuidanceCourse).where(GuidanceCourse.person_id == person)
        return self._session.exec(query.order_by(col(GuidanceCourse.opened_at).desc())).all()

    def listed(self, states: Sequence[str], limit: int) -> Sequence[GuidanceCourse]:
        """Courses in these states, those whose evaluation is due first on top."""
        query = select(GuidanceCourse).where(col(GuidanceCourse.state).in_(states))
        query = query.order_by(
            col(GuidanceCourse.due).nulls_last(),
            col(GuidanceCourse.opened_at),
            col(GuidanceCourse.course_id),
        )
        return self._session.exec(query.limit(limit)).all()

    def of_insurer(
        self, insurer_no: str, first: date, last: date, after: UUID, limit: int
    ) -> Sequence[GuidanceCourse]:
        """Courses of one insurer for check-ups of these days, in the order of their people, a page at a time."""
        query = select(GuidanceCourse).where(
            GuidanceCourse.insurer_no == insurer_no,
            col(GuidanceCourse.day) >= first,
            col(GuidanceCourse.day) <= last,
            col(GuidanceCourse.course_id) > after,
        )
        return self._session.exec(query.order_by(col(GuidanceCourse.course_id)).limit(limit)).all()

    def events(self, course: UUID) -> Sequence[GuidanceEvent]:
        """What happened in a course, oldest first."""
        query = select(GuidanceEvent).where(GuidanceEvent.course_id == course)
        return self._session.exec(query.order_by(col(GuidanceEvent.version))).all()

    def put(self, course: GuidanceCourse, event: GuidanceEvent) -> None:
        """Saves a course in its new version together with what happened."""
        self._session.add(course)
        self._session.flush()
        self._session.add(event)
        self._session.flush()

    def handovers(self, course: UUID) -> Sequence[GuidanceHandover]:
        """What was handed over of a course, oldest first."""
        query = select(GuidanceHandover).where(GuidanceHandover.course_id == course)
        return self._session.exec(query.order_by(col(GuidanceHandover.number))).all()

    def hand_over(self, row: GuidanceHandover) -> None:
        """Keeps that something was handed over."""
        self._session.add(row)
        self._session.flush()
