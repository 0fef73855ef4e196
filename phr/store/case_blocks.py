"""Cases of many people at once, for the nightly assessment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from phr.store.case_history import begun, happened
from phr.store.tables import WorkItem


class CaseBlocks:
    """The cases that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_people(self, people: Sequence[UUID], *, lock: bool = False) -> dict[tuple[UUID, str], WorkItem]:
        """The cases of many people by person and kind; locked: as they are now, until the transaction ends."""
        query = select(WorkItem).where(col(WorkItem.person_id).in_(people))
        if lock:
            query = query.order_by(col(WorkItem.person_id), col(WorkItem.item_id)).with_for_update()
            query = query.execution_options(populate_existing=True)
        return {(item.person_id, item.kind): item for item in self._session.exec(query).all()}

    def put(
        self, moved: Sequence[tuple[WorkItem, str]], seen: Sequence[WorkItem], actor: str, now: datetime
    ) -> None:
        """Saves cases in their new versions with what happened, and what others show, to which nothing happened."""
        for item, event in moved:
            begun(item, event)
        for item in (*(item for item, _event in moved), *seen):
            item.updated_at = now
            self._session.add(item)
        self._session.flush()
        self._session.add_all(happened(item, event, actor, now) for item, event in moved)
        self._session.flush()
