"""Points events: what earned them, with which evidence; the balance itself lives in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session, col, select

from phr.store.tables import PointsEvent


class Points:
    """The points events that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_person(self, person: UUID) -> Sequence[PointsEvent]:
        """A person's events, oldest first."""
        query = select(PointsEvent).where(PointsEvent.person_id == person).order_by(col(PointsEvent.at))
        return self._session.exec(query).all()

    def get(self, person: UUID, event_key: str) -> PointsEvent | None:
        """One event."""
        return self._session.get(PointsEvent, (person, event_key))

    def add(self, event: PointsEvent) -> None:
        """Keeps an event; each key counts once."""
        self._session.add(event)
        self._session.flush()
