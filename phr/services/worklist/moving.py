"""One move of one case: loaded with its history, decided by the rules, saved with its event and its audit row."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from phr.domain.access import Access
from phr.domain.worklist import Case, Move
from phr.errors import Conflict, NotFound
from phr.services.worklist.rows import case_of, moves
from phr.store.tables import WorkItem
from phr.store.uow import Store, UnitOfWork

Decided = Callable[[UnitOfWork, WorkItem, str], None]
"""Told of a decision in its transaction, already in the purpose points: item, outcome."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rule is given beside the case: its history, for whom the nurse may act, and how many cases she holds."""

    uow: UnitOfWork
    item: WorkItem
    history: list[Move]
    covers: Collection[str]
    now: datetime


Change = Callable[[Case, Scene], Case]


@dataclass(frozen=True, slots=True)
class Step:
    """A move: its event, the rule, the note, the version that the page showed, and who is told in the transaction."""

    event: str
    change: Change
    note: str = ""
    version: int | None = None
    then: Decided | None = None


def moved(
    store: Store,
    item_id: UUID,
    access: Access,
    step: Step,
    now: datetime,
    covers: Callable[..., Collection[str]],
) -> WorkItem:
    """Makes the move in a transaction of its own. Raises NotFound, Conflict, or what the rule says."""
    with store.begin(access) as uow:
        item = uow.worklist.get(item_id, lock=True)
        if item is None:
            raise NotFound("no such case")
        if step.version is not None and step.version != item.version:
            raise Conflict("the case was changed meanwhile")
        scene = Scene(uow, item, moves(uow.worklist.events(item)), covers(uow), now)
        before = case_of(item)
        after = step.change(before, scene)
        if after != before:
            save(uow, item, after, step, now)
            if step.then is not None:
                outcome = before.outcome or after.outcome or ""
                uow.switch(
                    Access("system", "points", access.recipient, "points", access.request, item.person_id)
                )
                step.then(uow, item, outcome)
        uow.commit()
    return item


def save(uow: UnitOfWork, item: WorkItem, after: Case, step: Step, now: datetime) -> None:
    """The case as it is now, with what happened."""
    item.state, item.holder, item.outcome = after.state, after.holder, after.outcome
    item.stage, item.version = after.stage, after.version
    uow.worklist.put(item, step.event, uow.access.actor, now, step.note[:2000])
    what = step.event.partition(":")[0]
    uow.audit.add(what, "case", item.person_id, categories=item.category, count=1)
