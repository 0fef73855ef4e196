"""Points events: what earned them, with which evidence; the balance itself lives in the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
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

    def of_people(self, people: Sequence[UUID], since: date) -> dict[UUID, list[PointsEvent]]:
        """The events of these people about days from one on, oldest first."""
        query = select(PointsEvent).where(
            col(PointsEvent.person_id).in_(people), col(PointsEvent.day) >= since
        )
        found: dict[UUID, list[PointsEvent]] = defaultdict(list)
        for row in self._session.exec(query.order_by(col(PointsEvent.at))).all():
            found[row.person_id].append(row)
        return dict(found)

    def get(self, person: UUID, event_key: str) -> PointsEvent | None:
        """One event."""
        return self._session.get(PointsEvent, (person, event_key))

    def add(self, *events: PointsEvent) -> None:
        """Keeps events; each key counts once."""
        self._session.add_all(events)
        self._session.flush()
