"""States of a case in the nurses' work list, and who may move it: nobody holds one twice, closed stays closed until new data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from phr.errors import Conflict, Invalid

OPEN: Final = "open"
CLAIMED: Final = "claimed"
CLOSED: Final = "closed"

OUTCOMES: Final = frozenset(
    {"guided", "referred", "contacted", "already-treated", "declined", "wrong-data", "no-action"}
)
"""guided: guidance given; referred: advised to see a doctor; the last four also serve as reasons to dismiss."""
CONTACTS: Final = frozenset({"phone-reached", "phone-not-reached", "visit", "letter", "message"})
PRIORITIES: Final = {"alarm": 0, "referral": 1, "intensive": 2, "motivational": 3, "trend": 5}
"""Order of the list: red alarms, referral not yet seen, 積極的支援, 動機付け支援, trends (R9-1)."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules need to know of a case."""

    state: str
    holder: str | None
    outcome: str | None
    data_mark: str
    version: int


def opened(data_mark: str) -> Case:
    """A new case."""
    return Case(OPEN, None, None, data_mark, 1)


def with_new_data(case: Case, data_mark: str) -> Case | None:
    """The case after an assessment: None when nothing changes. Only new data opens a closed case again (R9-3)."""
    if case.data_mark == data_mark:
        return None
    if case.state == CLOSED:
        return replace(
            case, state=OPEN, holder=None, outcome=None, data_mark=data_mark, version=case.version + 1
        )
    return replace(case, data_mark=data_mark, version=case.version + 1)


def claim(case: Case, nurse: str) -> Case:
    """A nurse takes an open case. Taking it twice changes nothing; somebody else's is refused."""
    if case.state == CLAIMED and case.holder == nurse:
        return case
    if case.state != OPEN:
        raise Conflict("the case is not open any more")
    return replace(case, state=CLAIMED, holder=nurse, version=case.version + 1)


def release(case: Case, nurse: str) -> Case:
    """The holder gives a case back."""
    _held(case, nurse)
    return replace(case, state=OPEN, holder=None, version=case.version + 1)


def transfer(case: Case, nurse: str, colleague: str) -> Case:
    """The holder hands a case to a colleague."""
    _held(case, nurse)
    if not colleague.strip():
        raise Invalid("name the colleague", field="colleague")
    return replace(case, holder=colleague, version=case.version + 1)


def contact(case: Case, nurse: str, way: str) -> Case:
    """The holder notes a contact."""
    _held(case, nurse)
    if way not in CONTACTS:
        raise Invalid("unknown way of contact", field="way")
    return replace(case, version=case.version + 1)


def close(case: Case, nurse: str, outcome: str) -> Case:
    """The holder decides and closes."""
    _held(case, nurse)
    if outcome not in OUTCOMES:
        raise Invalid("unknown outcome", field="outcome")
    return replace(case, state=CLOSED, outcome=outcome, version=case.version + 1)


def undo(case: Case, nurse: str) -> Case:
    """Who closed a case takes it back: a wrong click is no decision (R9-4)."""
    if case.state != CLOSED or case.holder != nurse:
        raise Conflict("only a case that you closed can be taken back")
    return replace(case, state=CLAIMED, outcome=None, version=case.version + 1)


def _held(case: Case, nurse: str) -> None:
    if case.state != CLAIMED or case.holder != nurse:
        raise Conflict("the case is not in your hands")
