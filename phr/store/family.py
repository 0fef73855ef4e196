"""Guardians, brushing days, classes and check-ins, through the same door as the records that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from phr.store.tables import BrushingDay, CheckIn, ClassMember, Guardianship


class Family:
    """What the transaction's context may reach of families."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: Guardianship | ClassMember | CheckIn) -> None:
        """Keeps a new row, or a changed one."""
        self._session.add(row)
        self._session.flush()

    def guardians_of(self, person: UUID) -> Sequence[Guardianship]:
        """Who acts or acted for a person, newest first."""
        query = select(Guardianship).where(Guardianship.person_id == person)
        return self._session.exec(query.order_by(col(Guardianship.starts_at).desc())).all()

    def guarded_by(self, guardian: UUID) -> Sequence[Guardianship]:
        """For whom somebody acts now."""
        query = select(Guardianship).where(Guardianship.guardian_id == guardian)
        return self._session.exec(query.order_by(col(Guardianship.starts_at))).all()

    def acting(self, guardian: UUID, person: UUID) -> Guardianship | None:
        """The row under which a guardian acts now, as a transaction for the purpose family sees it."""
        query = select(Guardianship).where(
            Guardianship.guardian_id == guardian, Guardianship.person_id == person
        )
        found = self._session.exec(query.order_by(col(Guardianship.may_enter).desc())).all()
        return found[0] if found else None

    def guided(self, limit: int = 200) -> Sequence[Guardianship]:
        """The guardians of the children whom this context guides."""
        return self._session.exec(
            select(Guardianship).order_by(col(Guardianship.starts_at).desc()).limit(limit)
        ).all()

    def guardianship(self, person: UUID, identity: UUID) -> Guardianship | None:
        """One row."""
        return self._session.get(Guardianship, (person, identity))

    def brushed(self, person: UUID, since: date) -> Sequence[BrushingDay]:
        """A child's days from one on, oldest first."""
        query = select(BrushingDay).where(BrushingDay.person_id == person, col(BrushingDay.day) >= since)
        return self._session.exec(query.order_by(col(BrushingDay.day))).all()

    def brush(self, person: UUID, day: date, time: str, way: str, now: datetime) -> None:
        """Notes one brushing; said twice it counts once."""
        values = {
            "person_id": person,
            "day": day,
            "category": "child",
            "morning": time == "morning",
            "evening": time == "evening",
            "way": way,
            "updated_at": now,
        }
        statement = insert(BrushingDay).values(values)
        changes = {time: True, "way": way, "updated_at": now}
        self._session.execute(
            statement.on_conflict_do_update(index_elements=["person_id", "day"], set_=changes)
        )

    def classes(self, person: UUID) -> Sequence[ClassMember]:
        """The classes in which a child's days count now."""
        query = select(ClassMember).where(ClassMember.person_id == person, col(ClassMember.left_at).is_(None))
        return self._session.exec(query.order_by(col(ClassMember.class_code))).all()

    def member(self, person: UUID, code: str) -> ClassMember | None:
        """A child's place in a class."""
        return self._session.get(ClassMember, (person, code))

    def class_counts(self, code: str, first: date, last: date) -> tuple[int, int]:
        """Children of a class and how often they brushed, as a transaction of Group/code sees it."""
        members = select(ClassMember.person_id).where(
            ClassMember.class_code == code, col(ClassMember.left_at).is_(None)
        )
        people = list(self._session.exec(members).all())
        times = select(func.count()).where(
            col(BrushingDay.person_id).in_(people), col(BrushingDay.day).between(first, last)
        )
        morning = self._session.exec(times.where(col(BrushingDay.morning))).one()
        evening = self._session.exec(times.where(col(BrushingDay.evening))).one()
        return len(people), int(morning) + int(evening)

    def check_ins(self, person: UUID) -> Sequence[CheckIn]:
        """The check-ins that somebody was sent, newest first."""
        query = select(CheckIn).where(CheckIn.person_id == person)
        return self._session.exec(query.order_by(col(CheckIn.sent_at).desc())).all()

    def check_in(self, person: UUID, identity: UUID, *, lock: bool = False) -> CheckIn | None:
        """One check-in."""
        query = select(CheckIn).where(CheckIn.person_id == person, CheckIn.check_in_id == identity)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def sent(self, limit: int = 200) -> Sequence[CheckIn]:
        """The newest check-ins that this context may see."""
        return self._session.exec(select(CheckIn).order_by(col(CheckIn.sent_at).desc()).limit(limit)).all()
