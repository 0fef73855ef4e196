"""What a nurse sees and does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from phr.web.ports.session import Session
from phr.web.views.staff import Case, WorkList


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the nurse records it."""

    way: Literal["phone", "visit", "letter", "message"]
    outcome: Literal["reached", "not-reached", "returned"]
    memo: str


class StaffPages(Protocol):
    """What a nurse sees and does. Every read is for the purpose guidance and is audited."""

    def work_list(self, session: Session, kind: str, page: int, *, whole: bool = False) -> WorkList:
        """Open cases, red first; ``kind`` filters when it is not empty; ``whole`` shows those beyond the capacity, too."""
        ...

    def claim(self, session: Session, case: str, version: int, *, sure: bool = True) -> None:
        """Take the case. Conflict when somebody holds it or ``version`` is old; Refused when not sure and full."""
        ...

    def transfer(self, session: Session, case: str, colleague: str) -> None:
        """Hand the case to a colleague. Invalid when that is no nurse of this organisation."""
        ...

    def give_back(self, session: Session, case: str) -> None:
        """Give the case back."""
        ...

    def case(self, session: Session, case: str) -> Case:
        """One case. NotFound when it is not of this nurse's organisation."""
        ...

    def record_contact(self, session: Session, case: str, contact: Contact) -> None:
        """Record a contact; only the holder may."""
        ...

    def decide_case(self, session: Session, case: str, version: int, decision: str, reason: str) -> None:
        """Record a decision (words "decision") with its reason. Conflict when ``version`` is old."""
        ...

    def close_case(self, session: Session, case: str, version: int, outcome: str, reason: str) -> None:
        """Close with an outcome (words "close") and a reason. Conflict when ``version`` is old."""
        ...

    def undo(self, session: Session, case: str, event: str) -> None:
        """Take back an event. Refused when it is too late."""
        ...
