"""What a guardian sees and does for a child, what a child does alone, and what the nurse sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.family import BrushingPage, CheckInPage, ChildPage, FamilyPage, StaffFamilies


@dataclass(frozen=True, slots=True)
class CheckInAnswers:
    """What was answered to a check-in."""

    chosen: Mapping[str, str]
    note: str
    call: bool


class FamilyPages(Protocol):
    """Families. NotFound for a child for whom one does not act; NotAllowed for entering by who may only look."""

    def family(self, session: Session) -> FamilyPage:
        """For whom one acts, and who acts for oneself."""
        ...

    def child(self, session: Session, child: str) -> ChildPage:
        """A child's record."""
        ...

    def add_measures(self, session: Session, child: str, day: date, values: Mapping[str, float]) -> None:
        """Store weight or height of a day. Invalid names the field."""
        ...

    def add_vaccination(self, session: Session, child: str, vaccine: str, day: date, lot: str) -> None:
        """Store a vaccination from the paper handbook. Invalid names the field."""
        ...

    def put_birth_record(
        self, session: Session, child: str, weeks: int | None, days: Mapping[str, date]
    ) -> None:
        """Store the weeks of pregnancy and the days of check-ups. Invalid names the field."""
        ...

    def brushing(self, session: Session, child: str) -> BrushingPage:
        """The game of a child; an empty child is the one who is signed in."""
        ...

    def brush(self, session: Session, child: str, day: date, time: str) -> None:
        """Note one brushing. Invalid names the field."""
        ...

    def check_in(self, session: Session, check_in: str) -> CheckInPage:
        """A check-in of one's own."""
        ...

    def answer_check_in(self, session: Session, check_in: str, answers: CheckInAnswers) -> CheckInPage:
        """Answer it. Invalid names the question; Conflict when it was answered already."""
        ...

    def staff_families(self, session: Session) -> StaffFamilies:
        """The families that the nurse may see, and their check-ins."""
        ...

    def send_check_in(self, session: Session, guardian: str, child: str) -> None:
        """Send a check-in. NotAllowed without consent, Conflict while one waits."""
        ...
