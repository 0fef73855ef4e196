"""The cases: listed, opened, claimed, contacted, decided and taken back; points are posted in the deciding transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain import queue
from phr.domain import worklist as rules
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.worklist import CLAIMED, OPEN, Case
from phr.errors import Conflict, NotFound, Refused
from phr.services.worklist.moving import Decided, Scene, Step, moved, save
from phr.services.worklist.planning import Planning, capacity_of
from phr.services.worklist.rows import Opened, Row, case_of, masked, moves, unmasked
from phr.store.tables import WorkItem
from phr.store.uow import Store, UnitOfWork
from phr.store.worklist import Queued

Within = Callable[[UnitOfWork, WorkItem], None]
"""Done in the transaction of a contact, before it is noted."""
_EARNS: Final = frozenset({"guided"})


class Worklist:
    """Cases of one city. ``access`` is the nurse's, for the purpose guidance."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        planning: Planning,
        on_decided: Decided,
        on_undone: Decided,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._planning = planning
        self._on_decided = on_decided
        self._on_undone = on_undone

    def listed(self, access: Access, *, closed: bool = False, limit: int = 200) -> list[Row]:
        """The cases that consent lets this nurse see, most urgent first; each look is audited."""
        states = (rules.CLOSED,) if closed else (OPEN, CLAIMED)
        late = queue.late_since(self._clock.now(), queue.standard())
        with self._store.begin(access) as uow:
            items = uow.worklist.listed(states, limit, late)
            rows = self._rows(uow, items)
            uow.commit()
        return rows

    def queue(self, access: Access, limit: int = 200) -> list[Queued]:
        """Which cases wait, most urgent first, without why and without whose; audited as a count.

        Whoever is then shown, shown audits.
        """
        late = queue.late_since(self._clock.now(), queue.standard())
        with self._store.begin(access) as uow:
            found = uow.worklist.queue((OPEN, CLAIMED), limit, late)
            uow.audit.add("list", "case", count=len(found))
            uow.commit()
        return found

    def shown(self, cases: Sequence[Queued], access: Access) -> dict[UUID, Row]:
        """These cases whole and whose they are, by id; each look is audited."""
        with self._store.begin(access) as uow:
            rows = self._rows(uow, uow.worklist.of(cases))
            uow.commit()
        return {row.item.item_id: row for row in rows}

    def own(self, access: Access) -> list[Row]:
        """The open cases in the caller's own hands, most urgent first; each look is audited."""
        with self._store.begin(access) as uow:
            items = sorted(uow.worklist.held_by(access.actor), key=lambda one: (one.priority, -one.rank))
            rows = self._rows(uow, items)
            uow.commit()
        return rows

    @staticmethod
    def _rows(uow: UnitOfWork, items: Sequence[WorkItem]) -> list[Row]:
        """With the people whom this context may know, as far as the caller's duty lets her see them."""
        people = uow.people.of([item.person_id for item in items])
        duty = unmasked(uow, people.values())
        rows = []
        for item in items:
            person = people.get(item.person_id)
            if person is not None:
                rows.append(Row(item, masked(person, duty=duty)))
                uow.audit.add("list", "case", item.person_id, categories=item.category, count=1)
        return rows

    def open(self, item_id: UUID, access: Access) -> Opened:
        """One case with its history; a nurse's first look is its stage. Raises NotFound when it is not there or not shared."""
        with self._store.begin(access) as uow:
            item = uow.worklist.get(item_id)
            person = None if item is None else uow.people.get(item.person_id)
            if item is None or person is None:
                uow.audit.add("read", "case", outcome="refused", reason="not-found")
                uow.commit()
                raise NotFound("no such case")
            if access.role == "nurse" and rules.seen(case_of(item)).stage != item.stage:
                uow.worklist.seen(item)
            events = uow.worklist.events(item)
            others = [one for one in uow.worklist.of_person(item.person_id) if one.item_id != item_id]
            last = rules.undoable(case_of(item), moves(events), access.actor, self._clock.now())
            mine = item.holder == access.actor or (
                item.holder is not None and item.holder in self._covers(uow)
            )
            person = masked(person, duty=unmasked(uow, [person]))
            uow.audit.add("read", "case", item.person_id, categories=item.category, count=1)
            uow.commit()
        return Opened(item, person, events, others, None if last is None else last.version, mine)

    def claim(
        self, item_id: UUID, access: Access, version: int | None = None, *, sure: bool = True
    ) -> WorkItem:
        """Takes a case. Not sure and full: Refused, so that she is asked again; an alarm is never held up (R9-5)."""

        def change(case: Case, scene: Scene) -> Case:
            after = rules.claim(case, access.actor)
            if not sure and after != case:
                held = len(scene.uow.worklist.held_by(access.actor))
                if queue.full(held, capacity_of(scene.uow, access.actor), scene.item.kind):
                    raise Refused("more cases than planned; claim again to take it all the same")
            return after

        return self._move(item_id, access, Step("claimed", change, version=version))

    def release(self, item_id: UUID, access: Access, version: int | None = None) -> WorkItem:
        """Gives a case back."""

        def change(case: Case, scene: Scene) -> Case:
            return rules.release(case, access.actor, self._hands(case, scene))

        return self._move(item_id, access, Step("released", change, version=version))

    def transfer(self, item_id: UUID, access: Access, colleague: str, note: str = "") -> WorkItem:
        """Hands a case to a colleague of the same organisation."""
        self._planning.must_be_colleague(colleague, access)

        def change(case: Case, scene: Scene) -> Case:
            return rules.transfer(case, access.actor, colleague, self._hands(case, scene))

        return self._move(item_id, access, Step(f"transferred:{colleague}", change, note))

    def hand_over(self, holder: str, colleague: str, access: Access) -> int:
        """Hands all open cases of one nurse to another, her own or as lead; gives how many (R9-9)."""
        self._planning.must_be_colleague(colleague, access)
        if holder == colleague:
            raise Refused("the cases are in these hands already")
        now = self._clock.now()
        with self._store.begin(access) as uow:
            if holder != access.actor and not self._planning.leads(uow):
                raise Refused("only the lead hands over the cases of others")
            items = uow.worklist.held_by(holder, lock=True)
            for item in items:
                after = rules.transfer(case_of(item), access.actor, colleague, (holder,))
                save(uow, item, after, Step(f"transferred:{colleague}", _unchanged, "handed over"), now)
            uow.commit()
        return len(items)

    def contact(
        self, item_id: UUID, access: Access, way: str, note: str = "", within: Within | None = None
    ) -> WorkItem:
        """Notes a contact. within: what belongs to the same transaction; what it raises undoes both."""

        def change(case: Case, scene: Scene) -> Case:
            if within is not None:
                within(scene.uow, scene.item)
            return rules.contact(case, access.actor, way, scene.covers)

        return self._move(item_id, access, Step(f"contact:{way}", change, note))

    def close(
        self, item_id: UUID, access: Access, outcome: str, note: str = "", version: int | None = None
    ) -> WorkItem:
        """Decides and closes; what the decision earns is posted in the same transaction."""

        def change(case: Case, scene: Scene) -> Case:
            return rules.close(case, access.actor, outcome, scene.covers)

        then = self._on_decided if outcome in _EARNS else None
        return self._move(item_id, access, Step(f"closed:{outcome}", change, note, version, then))

    def undo(self, item_id: UUID, access: Access, version: int | None = None) -> WorkItem:
        """Takes one's own last move back, and what it earned. version: the event that the page showed."""
        earned = False

        def change(case: Case, scene: Scene) -> Case:
            nonlocal earned
            last = rules.undoable(case, scene.history, access.actor, scene.now)
            if version is not None and (last is None or last.version != version):
                raise Conflict("that can no longer be taken back")
            earned = case.state == rules.CLOSED
            return rules.undo(case, scene.history, access.actor, scene.now)

        def then(uow: UnitOfWork, item: WorkItem, outcome: str) -> None:
            if earned:
                self._on_undone(uow, item, outcome)

        return self._move(item_id, access, Step("undone", change, then=then))

    def _move(self, item_id: UUID, access: Access, step: Step) -> WorkItem:
        return moved(self._store, item_id, access, step, self._clock.now(), self._covers)

    def _covers(self, uow: UnitOfWork) -> Collection[str]:
        return uow.staffing.covered(uow.access.actor, day_at(self._clock.now(), self._zone))

    def _hands(self, case: Case, scene: Scene) -> Collection[str]:
        """Whose cases she may give away: those of whom she stands in for, and as lead everybody's."""
        if case.holder is not None and self._planning.leads(scene.uow):
            return (case.holder,)
        return scene.covers


def _unchanged(case: Case, _scene: Scene) -> Case:
    return case
