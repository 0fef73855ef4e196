"""Cases for nurses and what happened to them, through the same door as the data they speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, case, func, or_, update
from sqlmodel import Session, col, select

from phr.store.case_history import begun, happened
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

    def listed(
        self, states: Sequence[str], limit: int = 200, late: Mapping[str, datetime] | None = None
    ) -> Sequence[WorkItem]:
        """Cases in these states, most urgent first; of one priority the late ones, then by the model's rank, then oldest.
        Among alarms the rank comes first: the top of the red queue, red, amber; waiting makes no amber red.

        late: the instant before which a case of a group of kinds must have been opened to be late.
        """
        query = select(WorkItem).where(col(WorkItem.state).in_(states))
        waited = [
            and_(func.split_part(WorkItem.kind, ":", 1) == group, col(WorkItem.opened_at) <= since)
            for group, since in (late or {}).items()
        ]
        query = query.order_by(
            col(WorkItem.priority),
            case((func.split_part(WorkItem.kind, ":", 1) == "alarm", WorkItem.rank), else_=0.0).desc(),
            *([or_(*waited).desc()] if waited else []),
            col(WorkItem.rank).desc(),
            col(WorkItem.opened_at),
            col(WorkItem.item_id),
        )
        return self._session.exec(query.limit(limit)).all()

    def held_by(self, holder: str, *, lock: bool = False) -> Sequence[WorkItem]:
        """The open cases in somebody's hands, oldest first."""
        query = select(WorkItem).where(WorkItem.state == "claimed", WorkItem.holder == holder)
        query = query.order_by(col(WorkItem.opened_at), col(WorkItem.item_id))
        return self._session.exec(query.with_for_update() if lock else query).all()

    def held_count(self) -> dict[str, int]:
        """How many open cases each nurse holds."""
        query = select(WorkItem.holder, func.count()).where(WorkItem.state == "claimed")
        rows = self._session.exec(query.group_by(col(WorkItem.holder))).all()
        return {str(holder): int(number) for holder, number in rows}

    def seen(self, item: WorkItem) -> None:
        """Notes that a nurse looked, without a new version."""
        self._session.execute(
            update(WorkItem)
            .where(
                col(WorkItem.person_id) == item.person_id,
                col(WorkItem.item_id) == item.item_id,
                col(WorkItem.stage) == "new",
                col(WorkItem.state) != "closed",
            )
            .values(stage="seen")
        )

    def unanswered(self, limit: int = 1000) -> Sequence[WorkItem]:
        """Alarms that nobody has contacted anybody about and that have not escalated yet, oldest first."""
        query = select(WorkItem).where(
            col(WorkItem.state) != "closed",
            col(WorkItem.kind).startswith("alarm"),
            col(WorkItem.stage) != "contacted",
            col(WorkItem.escalated_at).is_(None),
        )
        return self._session.exec(query.order_by(col(WorkItem.opened_at)).limit(limit)).all()

    def happened(self, since: datetime, until: datetime) -> Sequence[tuple[str, str, datetime, UUID]]:
        """Kind of case, event, instant and case of what happened in a time; until is not included."""
        query = (
            select(WorkItem.kind, WorkEvent.event, WorkEvent.at, WorkItem.item_id)
            .join(
                WorkItem,
                and_(
                    col(WorkItem.person_id) == col(WorkEvent.person_id),
                    col(WorkItem.item_id) == col(WorkEvent.item_id),
                ),
            )
            .where(col(WorkEvent.at) >= since, col(WorkEvent.at) < until)
            .order_by(col(WorkItem.item_id), col(WorkEvent.version))
        )
        return [
            (str(kind), str(event), at, item) for kind, event, at, item in self._session.exec(query).all()
        ]

    def put(self, item: WorkItem, event: str, actor: str, now: datetime, note: str = "") -> None:
        """Saves a case in its new version together with what happened. One that is opened anew nobody has seen yet."""
        item.updated_at = now
        begun(item, event)
        self._session.add(item)
        self._session.flush()
        self._session.add(happened(item, event, actor, now, note))
        self._session.flush()

    def events(self, item: UUID) -> Sequence[WorkEvent]:
        """What happened to a case, oldest first."""
        query = select(WorkEvent).where(WorkEvent.item_id == item).order_by(col(WorkEvent.version))
        return self._session.exec(query).all()
