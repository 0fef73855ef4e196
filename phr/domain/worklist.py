"""States of a case in the nurses' work list, and who may move it: nobody holds one twice, closed stays closed until new data."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from phr.errors import Conflict, Invalid, Refused

OPEN: Final = "open"
CLAIMED: Final = "claimed"
CLOSED: Final = "closed"

NEW: Final = "new"
SEEN: Final = "seen"
CONTACTED: Final = "contacted"
"""Stages of a case that is not closed (R5-4)."""

OUTCOMES: Final = frozenset(
    {"guided", "referred", "contacted", "already-treated", "declined", "wrong-data", "no-action"}
)
"""guided: guidance given; referred: advised to see a doctor; the last four also serve as reasons to dismiss."""
REACHING: Final = frozenset({"phone-reached", "visit", "letter", "message"})
CONTACTS: Final = REACHING | {"phone-not-reached", "visit-not-reached", "letter-returned"}
"""The person was reached, or a letter is on its way; or was not, which answers no alarm."""
PRIORITIES: Final = {
    "alarm": 0,
    "referral": 1,
    "check-in": 1,
    "intensive": 2,
    "motivational": 3,
    "frailty": 4,
    "trend": 5,
}
"""Order of the list: red alarms, referral not yet seen and parents who wait for a call, 積極的支援, 動機付け支援,
フレイル, trends (R9-1)."""
UNDO_WITHIN: Final = timedelta(hours=24)
BEGINS: Final = frozenset({"opened", "fired-again", "answered-again"})
"""Events with which a case begins, for the first time or again."""
_BESIDE: Final = frozenset({"renewed", "escalated"})
_UNDOABLE: Final = frozenset({"claimed", "contact", "closed"})


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules need to know of a case."""

    state: str
    holder: str | None
    outcome: str | None
    data_mark: str
    version: int
    stage: str = NEW


@dataclass(frozen=True, slots=True)
class Move:
    """One event of a case's history: ``claimed``, ``contact:phone-reached``, ``closed:guided`` and so on."""

    version: int
    event: str
    actor: str
    at: datetime

    @property
    def what(self) -> str:
        """The event without its detail."""
        return self.event.partition(":")[0]


def opened(data_mark: str) -> Case:
    """A new case."""
    return Case(OPEN, None, None, data_mark, 1)


def with_new_data(case: Case, data_mark: str) -> Case | None:
    """The case after an assessment: None when nothing changes. Only new data opens a closed case again (R9-3)."""
    if case.data_mark == data_mark:
        return None
    if case.state == CLOSED:
        return replace(opened(data_mark), version=case.version + 1)
    return replace(case, data_mark=data_mark, version=case.version + 1)


def seen(case: Case) -> Case:
    """A nurse looked. That is no move: whoever has the case on the screen still has its newest version."""
    return replace(case, stage=SEEN) if case.stage == NEW and case.state != CLOSED else case


def claim(case: Case, nurse: str) -> Case:
    """A nurse takes an open case. Taking it twice changes nothing; somebody else's is refused."""
    if case.state == CLAIMED and case.holder == nurse:
        return case
    if case.state != OPEN:
        raise Conflict("the case is not open any more")
    return replace(case, state=CLAIMED, holder=nurse, stage=_looked(case), version=case.version + 1)


def release(case: Case, nurse: str, covers: Collection[str] = ()) -> Case:
    """The holder gives a case back."""
    _held(case, nurse, covers)
    return replace(case, state=OPEN, holder=None, version=case.version + 1)


def transfer(case: Case, nurse: str, colleague: str, covers: Collection[str] = ()) -> Case:
    """The holder hands a case to a colleague; covers: those for whom this nurse may act, as a substitute or as lead."""
    _held(case, nurse, covers)
    if not colleague.strip():
        raise Invalid("name the colleague", field="colleague")
    if colleague == case.holder:
        raise Refused("the colleague holds the case already")
    return replace(case, holder=colleague, version=case.version + 1)


def contact(case: Case, nurse: str, way: str, covers: Collection[str] = ()) -> Case:
    """The holder notes a contact. A letter that came back means that nobody was told."""
    _held(case, nurse, covers)
    if way not in CONTACTS:
        raise Invalid("unknown way of contact", field="way")
    stage = CONTACTED if way in REACHING else SEEN if way == "letter-returned" else _looked(case)
    return replace(case, stage=stage, version=case.version + 1)


def close(case: Case, nurse: str, outcome: str, covers: Collection[str] = ()) -> Case:
    """The holder decides and closes."""
    _held(case, nurse, covers)
    if outcome not in OUTCOMES:
        raise Invalid("unknown outcome", field="outcome")
    return replace(case, state=CLOSED, outcome=outcome, version=case.version + 1)


def standing(history: Iterable[Move]) -> list[Move]:
    """The moves that hold, oldest first: those since the case was opened last, without what was taken back."""
    held: list[Move] = []
    for move in history:
        if move.what in BEGINS:
            held.clear()
        elif move.what == "undone":
            held = held[:-1]
        elif move.what not in _BESIDE:
            held.append(move)
    return held


def undoable(case: Case, history: Iterable[Move], nurse: str, now: datetime) -> Move | None:
    """The move that this nurse may take back now: her own, the last one that stands, within a day (R9-4)."""
    held = standing(history)
    if not held:
        return None
    last = held[-1]
    fits = case.state == (CLOSED if last.what == "closed" else CLAIMED)
    mine = last.actor == nurse and now < last.at + UNDO_WITHIN
    return last if last.what in _UNDOABLE and mine and fits else None


def undo(case: Case, history: Iterable[Move], nurse: str, now: datetime) -> Case:
    """The case as it was before the last move. The move stays in the history; a further event says that it was taken back."""
    held = standing(history)
    last = undoable(case, held, nurse, now)
    if last is None:
        raise Conflict("there is nothing of yours that can be taken back")
    back = replace(case, version=case.version + 1)
    if last.what == "claimed":
        return replace(back, state=OPEN, holder=None)
    if last.what == "closed":
        return replace(back, state=CLAIMED, outcome=None)
    return replace(back, stage=_reached(held[:-1]))


def _reached(held: list[Move]) -> str:
    """The stage that the contacts leave: the last one that reached somebody or came back decides."""
    stage = SEEN
    for move in held:
        way = move.event.partition(":")[2]
        if way in REACHING:
            stage = CONTACTED
        elif way == "letter-returned":
            stage = SEEN
    return stage


def _looked(case: Case) -> str:
    return SEEN if case.stage == NEW else case.stage


def _held(case: Case, nurse: str, covers: Collection[str]) -> None:
    if case.state != CLAIMED or (case.holder != nurse and case.holder not in covers):
        raise Conflict("the case is not in your hands")
