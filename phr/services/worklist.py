"""The nurse's day: list, open, claim, contact, decide, undo; points are posted in the deciding transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain import worklist as rules
from phr.domain.access import Access
from phr.domain.worklist import CLAIMED, OPEN, Case
from phr.errors import Conflict, NotFound
from phr.store.tables import Person, WorkEvent, WorkItem
from phr.store.uow import Store, UnitOfWork

Decided = Callable[[UnitOfWork, WorkItem, str], None]
"""Told of a decision in its transaction, already in the purpose points: item, outcome."""
_EARNS: Final = frozenset({"guided"})


@dataclass(frozen=True, slots=True)
class Row:
    """A case in the list, with whose it is."""

    item: WorkItem
    person: Person


@dataclass(frozen=True, slots=True)
class Opened:
    """A case as it is opened: the case, its history, and the person's other cases."""

    item: WorkItem
    person: Person
    events: Sequence[WorkEvent]
    others: Sequence[WorkItem]


class Worklist:
    """Cases of one city. ``access`` is the nurse's, for the purpose guidance."""

    def __init__(self, store: Store, clock: Clock, on_decided: Decided, on_undone: Decided) -> None:
        self._store = store
        self._clock = clock
        self._on_decided = on_decided
        self._on_undone = on_undone

    def listed(self, access: Access, *, closed: bool = False, limit: int = 200) -> list[Row]:
        """The cases that consent lets this nurse see, most urgent first; each look is audited."""
        states = (rules.CLOSED,) if closed else (OPEN, CLAIMED)
        with self._store.begin(access) as uow:
            rows = []
            for item in uow.worklist.listed(states, limit):
                person = uow.people.get(item.person_id)
                if person is not None:
                    rows.append(Row(item, person))
                    uow.audit.add("list", "case", item.person_id, categories=item.category, count=1)
            uow.commit()
        return rows

    def open(self, item_id: UUID, access: Access) -> Opened:
        """One case with its history. Raises NotFound when it is not there or not shared."""
        with self._store.begin(access) as uow:
            item = uow.worklist.get(item_id)
            person = None if item is None else uow.people.get(item.person_id)
            if item is None or person is None:
                uow.audit.add("read", "case", outcome="refused", reason="not-found")
                uow.commit()
                raise NotFound("no such case")
            events = uow.worklist.events(item_id)
            others = [one for one in uow.worklist.of_person(item.person_id) if one.item_id != item_id]
            uow.audit.add("read", "case", item.person_id, categories=item.category, count=1)
            uow.commit()
        return Opened(item, person, events, others)

    def claim(self, item_id: UUID, access: Access, version: int | None = None) -> WorkItem:
        """Takes a case."""
        return self._move(item_id, access, "claimed", lambda case: rules.claim(case, access.actor), version)

    def release(self, item_id: UUID, access: Access, version: int | None = None) -> WorkItem:
        """Gives a case back."""
        return self._move(
            item_id, access, "released", lambda case: rules.release(case, access.actor), version
        )

    def transfer(self, item_id: UUID, access: Access, colleague: str) -> WorkItem:
        """Hands a case to a colleague."""
        return self._move(
            item_id, access, "transferred", lambda case: rules.transfer(case, access.actor, colleague), None
        )

    def contact(self, item_id: UUID, access: Access, way: str, note: str = "") -> WorkItem:
        """Notes a contact."""
        return self._move(
            item_id, access, f"contact:{way}", lambda case: rules.contact(case, access.actor, way), None, note
        )

    def close(
        self, item_id: UUID, access: Access, outcome: str, note: str = "", version: int | None = None
    ) -> WorkItem:
        """Decides and closes; what the decision earns is posted in the same transaction."""
        return self._move(
            item_id,
            access,
            f"closed:{outcome}",
            lambda case: rules.close(case, access.actor, outcome),
            version,
            note,
            self._on_decided if outcome in _EARNS else None,
        )

    def undo(self, item_id: UUID, access: Access) -> WorkItem:
        """Takes a wrong decision back, and what it earned."""
        return self._move(
            item_id, access, "undone", lambda case: rules.undo(case, access.actor), None, "", self._on_undone
        )

    def _move(
        self,
        item_id: UUID,
        access: Access,
        event: str,
        change: Callable[[Case], Case],
        version: int | None,
        note: str = "",
        then: Decided | None = None,
    ) -> WorkItem:
        now = self._clock.now()
        with self._store.begin(access) as uow:
            item = uow.worklist.get(item_id, lock=True)
            if item is None:
                raise NotFound("no such case")
            if version is not None and version != item.version:
                raise Conflict("the case was changed meanwhile")
            before = Case(item.state, item.holder, item.outcome, item.data_mark, item.version)
            after = change(before)
            if after != before:
                outcome = before.outcome or after.outcome or ""
                item.state, item.holder, item.outcome, item.version = (
                    after.state,
                    after.holder,
                    after.outcome,
                    after.version,
                )
                uow.worklist.put(item, event, access.actor, now, note[:2000])
                uow.audit.add(
                    event.partition(":")[0], "case", item.person_id, categories=item.category, count=1
                )
                if then is not None:
                    uow.switch(
                        Access("system", "points", access.recipient, "points", access.request, item.person_id)
                    )
                    then(uow, item, outcome)
            uow.commit()
        return item
