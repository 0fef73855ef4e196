"""What a nurse does with a case: claim, contact, decide, close, hand to a colleague, give back, take back."""

from __future__ import annotations

from typing import Final

from phr.errors import Conflict, Invalid, NotFound, Refused
from phr.web.ports import Contact, Session
from phr.web.sessions import held
from phr.web.wired.parts import Area
from phr.web.wired.staff_words import case_id, guidance

_DECISIONS: Final = {
    "active-support": "guided",
    "motivational-support": "guided",
    "refer": "referred",
    "watch": "no-action",
    "no-action": "no-action",
}
_CLOSES: Final = {
    "goal-reached": "contacted",
    "under-treatment": "already-treated",
    "declined": "declined",
    "wrong-data": "wrong-data",
    "moved": "no-action",
    "not-needed": "no-action",
}
_WAYS: Final = {
    ("phone", "reached"): "phone-reached",
    ("phone", "not-reached"): "phone-not-reached",
    ("visit", "reached"): "visit",
    ("visit", "not-reached"): "visit-not-reached",
    ("letter", "reached"): "letter",
    ("letter", "not-reached"): "letter",
    ("letter", "returned"): "letter-returned",
    ("message", "reached"): "message",
    ("message", "not-reached"): "message",
}
"""A letter and a message go out; whether they were read is another event. Only a letter comes back."""


class StaffMoves(Area):
    """Moves of a case, for the purpose guidance."""

    def claim(self, session: Session, case: str, version: int, *, sure: bool = True) -> None:
        """Take the case."""
        self._system.worklist.claim(case_id(case), guidance(held(session)), version, sure=sure)

    def record_contact(self, session: Session, case: str, contact: Contact) -> None:
        """Record a contact; only the holder may, or who stands in for her."""
        way = _WAYS.get((contact.way, contact.outcome))
        if way is None:
            raise Invalid("does not fit the way of contact", field="outcome")
        note = f"[{contact.outcome}] {contact.memo}"
        self._system.worklist.contact(case_id(case), guidance(held(session)), way, note)

    def decide_case(self, session: Session, case: str, version: int, decision: str, reason: str) -> None:
        """Record a decision with its reason; a decision to guide earns points in the same transaction."""
        self._close(session, case, version, "decision", decision, reason)

    def close_case(self, session: Session, case: str, version: int, outcome: str, reason: str) -> None:
        """Close with an outcome and a reason."""
        self._close(session, case, version, "close", outcome, reason)

    def _close(self, session: Session, case: str, version: int, field: str, chosen: str, reason: str) -> None:
        outcomes = _DECISIONS if field == "decision" else _CLOSES
        if chosen not in outcomes:
            raise Invalid("not one of the choices", field=field)
        note = f"[{field}-{chosen}] {reason}"
        access = guidance(held(session))
        self._system.worklist.close(case_id(case), access, outcomes[chosen], note, version)

    def transfer(self, session: Session, case: str, colleague: str) -> None:
        """Hand the case to a colleague."""
        self._system.worklist.transfer(case_id(case), guidance(held(session)), colleague)

    def give_back(self, session: Session, case: str) -> None:
        """Give the case back."""
        self._system.worklist.release(case_id(case), guidance(held(session)))

    def undo(self, session: Session, case: str, event: str) -> None:
        """Take back one's own last move within a day."""
        if not (event.isascii() and event.isdigit() and len(event) <= 9):
            raise NotFound("no such event")
        try:
            self._system.worklist.undo(case_id(case), guidance(held(session)), int(event))
        except Conflict:
            raise Refused("it can no longer be taken back") from None
