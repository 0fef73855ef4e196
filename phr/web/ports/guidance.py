"""What nurses and residents see and do in specific health guidance (特定保健指導)."""

from __future__ import annotations

from typing import Protocol

from phr.domain.guidance.events import Event
from phr.web.ports.session import Session
from phr.web.views.guidance import CourseList, CoursePage, OwnGuidance


class GuidancePages(Protocol):
    """What nurses and residents see and do in specific health guidance (特定保健指導)."""

    def guidance_courses(self, session: Session, *, ended: bool) -> CourseList:
        """The courses that this nurse may see, evaluations that are due first."""
        ...

    def guidance_course(self, session: Session, course: str) -> CoursePage:
        """One course. NotFound when it is not of this nurse's organisation or not shared."""
        ...

    def propose_guidance(self, session: Session, case: str, licence: str) -> str:
        """Begin the course of a case; gives its id. Refused when another insurer is responsible."""
        ...

    def record_guidance(
        self, session: Session, course: str, version: int, licence: str, event: Event
    ) -> None:
        """Record what happened. Invalid names the field; Conflict when ``version`` is old."""
        ...

    def close_guidance(self, session: Session, course: str, version: int, licence: str) -> None:
        """End an evaluated course."""
        ...

    def undo_guidance(self, session: Session, course: str, version: int, licence: str) -> None:
        """Take the last event back, for a day."""
        ...

    def own_guidance(self, session: Session) -> OwnGuidance:
        """The resident's own plan, goals and appointments."""
        ...
