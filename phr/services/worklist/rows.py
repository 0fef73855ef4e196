"""What the work list hands out: a case with whose it is, and a person as far as a block lets them be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from phr.domain.queue import Waiting
from phr.domain.worklist import Case, Move
from phr.store.tables import Person, WorkEvent, WorkItem
from phr.store.uow import UnitOfWork
from phr.store.worklist import Queued


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list, with whose it is."""

    item: WorkItem
    person: Person


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as it is opened: the case, its history, the person's other cases, and what may be taken back.

    undo: the version of the event that this nurse may take back; mine: she holds it, or stands in for the holder.
    """

    item: WorkItem
    person: Person
    events: Sequence[WorkEvent]
    others: Sequence[WorkItem]
    undo: int | None
    mine: bool


def masked(person: Person, *, duty: bool) -> Person:
    """The person without the place where they live, when that is blocked and the reader has no special duty."""
    if not person.guarded or duty:
        return person
    return Person(**{**person.model_dump(), "district": ""})


def has_duty(uow: UnitOfWork) -> bool:
    """Whether the caller sees protected addresses."""
    duty = uow.staffing.duty(uow.access.recipient, uow.access.actor)
    return duty is not None and duty.protected


def unmasked(uow: UnitOfWork, people: Iterable[Person]) -> bool:
    """Whether the caller sees the addresses of these people; asked only where one of them has a protected one."""
    return any(person.guarded for person in people) and has_duty(uow)


def case_of(item: WorkItem) -> Case:
    """The case as the rules see it."""
    return Case(item.state, item.holder, item.outcome, item.data_mark, item.version, item.stage)


def moves(events: Sequence[WorkEvent]) -> list[Move]:
    """The history as the rules see it."""
    return [Move(event.version, event.event, event.actor, event.at) for event in events]


def waiting(case: Queued) -> Waiting:
    """The case as the limits of the list see it."""
    return Waiting(case.kind, case.opened_at, case.holder, case.device)
