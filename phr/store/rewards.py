"""Points that leave their lots, wallets, goals, groups and closed years, as far as the transaction's context may reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from phr.domain.exchange import OPEN
from phr.store.tables import (
    Outbox,
    PointsGoal,
    PointsMember,
    PointsMove,
    PointsWallet,
    PointsWeek,
    PointsYear,
    VitalDay,
)


class Rewards:
    """What the transaction's context may reach of points that were earned."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: PointsMove | PointsWallet | PointsYear) -> None:
        """Keeps a new row, or a changed one."""
        self._session.add(row)
        self._session.flush()

    def moves(self, person: UUID) -> Sequence[PointsMove]:
        """A person's moves, newest first."""
        query = select(PointsMove).where(PointsMove.person_id == person)
        return self._session.exec(query.order_by(col(PointsMove.created_at).desc())).all()

    def move(self, person: UUID, identity: UUID) -> PointsMove | None:
        """One move."""
        return self._session.get(PointsMove, (person, identity))

    def whose(self, identity: UUID) -> UUID | None:
        """Whose move this is."""
        query = select(PointsMove.person_id).where(PointsMove.move_id == identity)
        return self._session.exec(query).one_or_none()

    def in_state(self, states: Sequence[str], kind: str | None = None) -> list[tuple[UUID, UUID]]:
        """Person and id of the moves in these states, oldest first."""
        query = select(PointsMove.person_id, PointsMove.move_id).where(col(PointsMove.state).in_(states))
        if kind is not None:
            query = query.where(PointsMove.kind == kind)
        return list(self._session.exec(query.order_by(col(PointsMove.created_at))).all())

    def waiting(self) -> Sequence[PointsMove]:
        """The exchanges that wait for an answer, oldest first."""
        query = select(PointsMove).where(
            PointsMove.kind == "exchange", col(PointsMove.state).in_(("pending", "sent"))
        )
        return self._session.exec(query.order_by(col(PointsMove.created_at))).all()

    def exchanged(self, since: datetime, until: datetime) -> int:
        """The points of exchanges begun in a period that were paid or may still be."""
        query = select(func.coalesce(func.sum(PointsMove.amount), 0)).where(
            PointsMove.kind == "exchange",
            col(PointsMove.state).in_((*OPEN, "done")),
            col(PointsMove.created_at) >= since,
            col(PointsMove.created_at) < until,
        )
        return int(self._session.exec(query).one())

    def sums(self) -> list[tuple[str, str, str, list[Any], int]]:
        """Every move that is not refused: kind, target, state, lots and amount."""
        query = select(PointsMove).where(PointsMove.state != "refused")
        rows = self._session.exec(query).all()
        return [(one.kind, one.target, one.state, list(one.lots), one.amount) for one in rows]

    def on_the_way(self, person: UUID) -> dict[UUID, Mapping[str, Any]]:
        """The letters to the ledger about a person that are not delivered, by id."""
        query = select(Outbox).where(
            Outbox.person_id == person, Outbox.kind == "ledger", col(Outbox.state).in_(("waiting", "dead"))
        )
        return {letter.outbox_id: letter.payload for letter in self._session.exec(query).all()}

    def letter(self, person: UUID, identity: UUID) -> tuple[str, str]:
        """State and last error of a letter; empty where there is none."""
        found = self._session.get(Outbox, (person, identity))
        return ("", "") if found is None else (found.state, found.last_error)

    def set_aside(self, person: UUID, identity: UUID) -> bool:
        """Takes a dead letter out of the box for good; not one that somebody has just revived."""
        done = self._session.execute(
            update(Outbox)
            .where(
                col(Outbox.person_id) == person,
                col(Outbox.outbox_id) == identity,
                col(Outbox.state) == "dead",
            )
            .values(state="stopped")
        )
        return bool(getattr(done, "rowcount", 0))

    def undelivered(self) -> int:
        """How many letters to the ledger are not delivered, of anybody."""
        query = select(func.count()).where(
            Outbox.kind == "ledger", col(Outbox.state).in_(("waiting", "dead"))
        )
        return int(self._session.exec(query).one())

    def wallet(self, person: UUID) -> PointsWallet | None:
        """A person's wallet."""
        return self._session.get(PointsWallet, person)

    def end_wallet(self, person: UUID) -> None:
        """Forgets a wallet."""
        self._session.execute(delete(PointsWallet).where(col(PointsWallet.person_id) == person))

    def goal(self, person: UUID) -> PointsGoal | None:
        """A person's goal."""
        return self._session.get(PointsGoal, person)

    def put_goal(self, person: UUID, goal: int | None, now: datetime, *, wanted: bool) -> None:
        """Keeps what a person chose."""
        values = {"wanted": wanted, "goal": goal, "updated_at": now}
        statement = insert(PointsGoal).values({"person_id": person, **values})
        self._session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))

    def groups(self, person: UUID) -> Sequence[PointsMember]:
        """The groups that a person is in."""
        query = select(PointsMember).where(
            PointsMember.person_id == person, col(PointsMember.left_at).is_(None)
        )
        return self._session.exec(query.order_by(col(PointsMember.group_code))).all()

    def join(self, member: PointsMember) -> None:
        """Puts a person into a group, also again."""
        values = member.model_dump()
        again = {name: values[name] for name in ("consent_id", "joined_at", "left_at")}
        statement = insert(PointsMember).values(values)
        self._session.execute(
            statement.on_conflict_do_update(index_elements=["person_id", "group_code"], set_=again)
        )

    def leave(self, person: UUID, code: str, now: datetime) -> None:
        """Takes a person out of a group."""
        self._session.execute(
            update(PointsMember)
            .where(col(PointsMember.person_id) == person, col(PointsMember.group_code) == code)
            .values(left_at=now)
        )

    def week(self, code: str, monday: date) -> PointsWeek | None:
        """The figure of a group's week, once it was counted."""
        return self._session.get(PointsWeek, (code, monday))

    def put_week(self, row: PointsWeek) -> None:
        """Keeps a figure once; a second count of the same week changes nothing."""
        self._session.execute(insert(PointsWeek).values(row.model_dump()).on_conflict_do_nothing())

    def members(self, code: str) -> list[UUID]:
        """The members of a group, as a transaction of Group/code sees them."""
        query = select(PointsMember.person_id).where(
            PointsMember.group_code == code, col(PointsMember.left_at).is_(None)
        )
        return list(self._session.exec(query).all())

    def steps(
        self, people: Sequence[UUID], code: str, first: date, last: date
    ) -> dict[UUID, dict[date, int]]:
        """Steps of days, of the best single source each: devices are never added up."""
        query = (
            select(col(VitalDay.person_id), col(VitalDay.day), func.max(VitalDay.total))
            .where(
                col(VitalDay.person_id).in_(people),
                VitalDay.code == code,
                col(VitalDay.day).between(first, last),
                VitalDay.channel == "value",
            )
            .group_by(col(VitalDay.person_id), col(VitalDay.day))
        )
        found: dict[UUID, dict[date, int]] = {}
        for person, day, total in self._session.exec(query).all():
            found.setdefault(person, {})[day] = int(total or 0)
        return found

    def year(self, fiscal_year: int) -> PointsYear | None:
        """The statement of a closed year."""
        return self._session.get(PointsYear, fiscal_year)
