"""Earning points: answers of residents, codes of classes, and the nurses' page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from phr.web.ports.session import Session
from phr.web.views.earning import StaffPoints


@dataclass(frozen=True, slots=True)
class PointList:
    """A list as staff copy it: number of the record and birth date of each, and the steps of a diary."""

    event: str
    day: date
    people: Sequence[tuple[str, date]]
    occasion: str = ""
    variant: str = ""
    steps: Sequence[int] = ()


class EarningPages(Protocol):
    """Earning points."""

    def answer_points(self, session: Session, review: str, text: str) -> None:
        """What a resident says about an award that a person looks at. Invalid names the field; NotFound."""
        ...

    def attend_class(self, session: Session, code: str) -> str:
        """Count today's class by its code: a word of "point-attended". Invalid when it is none of today."""
        ...

    def staff_points(self, session: Session) -> StaffPoints:
        """Awards that wait, those decided last, and the forms for lists, codes and goals."""
        ...

    def decide_points(self, session: Session, review: str, *, give: bool, reason: str) -> bool:
        """Release or take back; tells whether points were given. Invalid, NotFound, Conflict, NotAllowed."""
        ...

    def list_points(self, session: Session, listing: PointList) -> tuple[int, tuple[tuple[str, str], ...]]:
        """Enter a list: how many earned, and the numbers that did not with a word why."""
        ...

    def class_code(self, session: Session, occasion: str, day: date) -> str:
        """The code of a class for one day."""
        ...

    def agree_goal(self, session: Session, patient: str, born: date, steps: int) -> None:
        """Keep a step goal that was agreed with a person."""
        ...
