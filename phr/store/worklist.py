"""Cases for nurses and what happened to them, through the same door as the data they speak of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
import sqlalchemy as sa
from psycopg.rows import TupleRow
from sqlalchemy import ColumnElement, and_, any_, case, cast, func, not_, or_, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Session, col, select

from phr.store import wire
from phr.store.case_history import begun, happened
from phr.store.tables import WorkEvent, WorkItem

_CLOSED: Final = "closed"
_STANDING: Final = text("phr.work_item.state <> 'closed'")
"""In the very words of the index, so that the planner knows it again."""
_HAPPENED: Final = (
    b"SELECT w.kind, array_agg(e.event ORDER BY e.version),"
    b" array_agg(extract(epoch FROM e.at)::float8 ORDER BY e.version)"
    b" FROM phr.work_event e JOIN phr.work_item w ON w.person_id = e.person_id AND w.item_id = e.item_id"
    b" WHERE e.at >= $1 AND e.at < $2 AND w.version > 1 GROUP BY w.person_id, w.item_id, w.kind"
)


@dataclass(frozen=True, slots=True)
class Queued:
    """What the order, the counts and the limits of the list need of a case: no reason, no value.

    device: of an alarm the kind of device, where it is known.
    """

    person_id: UUID
    item_id: UUID
    kind: str
    category: str
    priority: int
    rank: float
    opened_at: datetime
    holder: str | None
    rule_version: str
    device: str


class Worklist:
    """The cases that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
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

    def queue(
        self, states: Sequence[str], limit: int = 200, late: Mapping[str, datetime] | None = None
    ) -> list[Queued]:
        """Cases in these states, most urgent first; of one priority the late ones, then by the model's rank, then oldest.
        Among alarms the rank comes first: the top of the red queue, red, amber; waiting makes no amber red.

        late: the instant before which a case of a group of kinds must have been opened to be late.
        """
        if not late:
            return self._ordered(states, limit)
        waited = or_(
            *(and_(_of_group(group), col(WorkItem.opened_at) <= since) for group, since in late.items())
        )
        found = [(one, True) for one in self._ordered(states, limit, waited)]
        found += [(one, False) for one in self._ordered(states, limit, not_(waited))]
        found.sort(key=lambda each: _urgency(each[0], late=each[1]))
        return [one for one, _ in found[:limit]]

    def _ordered(self, states: Sequence[str], limit: int, *more: ColumnElement[bool]) -> list[Queued]:
        """The first ones as the index has them, so that consent is asked for no more rows than are read."""
        query = sa.select(*_QUEUED).where(col(WorkItem.state).in_(states), *more)
        if _CLOSED not in states:
            query = query.where(_STANDING)
        query = query.order_by(
            col(WorkItem.priority),
            col(WorkItem.rank).desc(),
            col(WorkItem.opened_at),
            col(WorkItem.item_id),
        )
        return [Queued(*row) for row in self._session.execute(query.limit(limit))]

    def of(self, cases: Iterable[Queued]) -> list[WorkItem]:
        """These cases whole, in this order, without those that are gone since."""
        keys = [(one.person_id, one.item_id) for one in cases]
        query = select(WorkItem).where(
            col(WorkItem.person_id) == any_(cast([person for person, _ in keys], ARRAY(PgUuid))),
            col(WorkItem.item_id) == any_(cast([item for _, item in keys], ARRAY(PgUuid))),
        )
        found = {(one.person_id, one.item_id): one for one in self._session.exec(query).all()}
        return [found[key] for key in keys if key in found]

    def listed(
        self, states: Sequence[str], limit: int = 200, late: Mapping[str, datetime] | None = None
    ) -> list[WorkItem]:
        """The queue with its cases whole."""
        return self.of(self.queue(states, limit, late))

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

    def opened(self, since: datetime, until: datetime) -> dict[str, int]:
        """How many cases of each kind were opened in a time and nothing else happened to them.

        A case in its first version says so itself, and consent is asked once for it; until is not included.
        """
        query = select(WorkItem.kind, func.count()).where(
            col(WorkItem.version) == 1, col(WorkItem.opened_at) >= since, col(WorkItem.opened_at) < until
        )
        return {kind: int(number) for kind, number in self._session.exec(query.group_by(WorkItem.kind)).all()}

    def happened(
        self, since: datetime, until: datetime
    ) -> Sequence[tuple[str, Sequence[str], Sequence[float]]]:
        """What happened in a time, case by case: the case's kind, the events in their order, and when (seconds since the epoch).

        Until is not included, and neither are the cases that were only opened. A row for each case, since what is read
        of one costs more than what is counted.
        """
        return wire.rows(self._connection, _HAPPENED, (since, until))

    def put(self, item: WorkItem, event: str, actor: str, now: datetime, note: str = "") -> None:
        """Saves a case in its new version together with what happened. One that is opened anew nobody has seen yet."""
        item.updated_at = now
        begun(item, event)
        self._session.add(item)
        self._session.flush()
        self._session.add(happened(item, event, actor, now, note))
        self._session.flush()

    def events(self, item: WorkItem) -> Sequence[WorkEvent]:
        """What happened to a case, oldest first."""
        query = select(WorkEvent).where(
            WorkEvent.person_id == item.person_id, WorkEvent.item_id == item.item_id
        )
        return self._session.exec(query.order_by(col(WorkEvent.version))).all()


def _of_group(group: str) -> ColumnElement[bool]:
    """Cases of a group of kinds, told by comparisons that may be made before consent is asked (they are leakproof)."""
    kind = col(WorkItem.kind)
    binary = kind.collate("C")
    return or_(kind == group, and_(binary > f"{group}:", binary < f"{group};"))


def _urgency(item: Queued, *, late: bool) -> tuple[int, float, bool, float, datetime, UUID]:
    alarm = item.kind.partition(":")[0] == "alarm"
    return item.priority, -item.rank if alarm else 0.0, not late, -item.rank, item.opened_at, item.item_id


_QUEUED: Final[tuple[Any, ...]] = (
    WorkItem.person_id,
    WorkItem.item_id,
    WorkItem.kind,
    WorkItem.category,
    WorkItem.priority,
    WorkItem.rank,
    WorkItem.opened_at,
    WorkItem.holder,
    WorkItem.rule_version,
    case((_of_group("alarm"), func.coalesce(col(WorkItem.basis)["device"].astext, "")), else_=""),
)
