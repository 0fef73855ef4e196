"""Cases for nurses and what happened to them, through the same door as the data they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from phr.store.tables import WorkEvent, WorkItem


class Worklist:
    """The cases that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, item: UUID, *, lock: bool = False) -> WorkItem | None:
        """A case by its id."""
        query = select(WorkItem).where(WorkItem.item_id == item)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def of_kind(self, person: UUID, kind: str) -> WorkItem | None:
        """A person's case of one kind, locked; a person has at most one of each."""
        query = select(WorkItem).where(WorkItem.person_id == person, WorkItem.kind == kind)
        return self._session.exec(query.with_for_update()).one_or_none()

    def of_person(self, person: UUID) -> Sequence[WorkItem]:
        """A person's cases, most urgent first."""
        query = select(WorkItem).where(WorkItem.person_id == person)
        return self._session.exec(query.order_by(col(WorkItem.priority), col(WorkItem.opened_at))).all()

    def listed(self, states: Sequence[str], limit: int = 200) -> Sequence[WorkItem]:
        """Cases in these states, most urgent first, then by the model's rank, then oldest."""
        query = select(WorkItem).where(col(WorkItem.state).in_(states))
        query = query.order_by(
            col(WorkItem.priority), col(WorkItem.rank).desc(), col(WorkItem.opened_at), col(WorkItem.item_id)
        )
        return self._session.exec(query.limit(limit)).all()

    def put(self, item: WorkItem, event: str, actor: str, now: datetime, note: str = "") -> None:
        """Saves a case in its new version together with what happened."""
        item.updated_at = now
        self._session.add(item)
        self._session.flush()
        self._session.add(
            WorkEvent(
                person_id=item.person_id,
                item_id=item.item_id,
                version=item.version,
                category=item.category,
                day=item.day,
                event=event,
                actor=actor,
                note=note,
                at=now,
            )
        )
        self._session.flush()

    def events(self, item: UUID) -> Sequence[WorkEvent]:
        """What happened to a case, oldest first."""
        query = select(WorkEvent).where(WorkEvent.item_id == item).order_by(col(WorkEvent.version))
        return self._session.exec(query).all()
