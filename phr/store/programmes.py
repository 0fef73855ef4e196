"""Programmes, who is in them, what is lent, and the reports; and what was measured of members, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, func, select

from phr.store.tables import LentDevice, Person, Programme, ProgrammeMember, ProgrammeReport


class Programmes:
    """The programmes of the transaction's organisation, and the members whose consent lets it see them."""

    def __init__(self, driver: psycopg.Connection[TupleRow], session: Session) -> None:
        self._driver = driver
        self._session = session

    def put(self, row: Programme | ProgrammeMember | LentDevice | ProgrammeReport) -> None:
        """Adds a row or saves its changes."""
        self._session.add(row)
        self._session.flush()

    def admit(self, row: ProgrammeMember) -> bool:
        """Adds a member; False when the door refuses, which leaves nothing behind."""
        try:
            with self._session.begin_nested():
                self._session.add(row)
                self._session.flush()
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                return False
            raise
        return True

    def all(self) -> Sequence[Programme]:
        """Programmes, newest first."""
        query = select(Programme).order_by(col(Programme.starts).desc(), col(Programme.programme_id))
        return self._session.exec(query).all()

    def get(self, programme: UUID, *, lock: bool = False) -> Programme | None:
        """One programme."""
        query = select(Programme).where(Programme.programme_id == programme)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def member(self, programme: UUID, person: UUID) -> ProgrammeMember | None:
        """One member, locked."""
        query = select(ProgrammeMember).where(
            ProgrammeMember.person_id == person, ProgrammeMember.programme_id == programme
        )
        return self._session.exec(query.with_for_update()).one_or_none()

    def members(
        self, programme: UUID, limit: int | None = None, skip: int = 0
    ) -> Sequence[tuple[ProgrammeMember, Person]]:
        """The members that may be seen, with who they are, by kana: all, or so many after the first ones."""
        query = (
            select(ProgrammeMember, Person)
            .join(Person, col(Person.person_id) == col(ProgrammeMember.person_id))
            .where(ProgrammeMember.programme_id == programme)
            .order_by(col(Person.kana), col(Person.person_id))
            .limit(limit)
            .offset(skip)
        )
        return self._session.exec(query).all()

    def counts(self, programme: UUID) -> dict[str, int]:
        """How many of each cohort may be seen."""
        query = (
            select(ProgrammeMember.cohort, func.count())
            .where(ProgrammeMember.programme_id == programme)
            .group_by(col(ProgrammeMember.cohort))
        )
        return dict(self._session.exec(query).all())

    def loans(self, programme: UUID) -> Sequence[tuple[LentDevice, Person]]:
        """What is or was lent, latest first."""
        query = (
            select(LentDevice, Person)
            .join(Person, col(Person.person_id) == col(LentDevice.person_id))
            .where(LentDevice.programme_id == programme)
            .order_by(col(LentDevice.day).desc(), col(LentDevice.loan_id))
        )
        return self._session.exec(query).all()

    def loan(self, loan: UUID) -> LentDevice | None:
        """One loan, locked."""
        return self._session.exec(
            select(LentDevice).where(LentDevice.loan_id == loan).with_for_update()
        ).one_or_none()

    def lent(self, serial_hash: str) -> bool:
        """Whether a device of this serial number is with somebody whom the context may see."""
        query = select(LentDevice.loan_id).where(
            LentDevice.serial_hash == serial_hash,
            col(LentDevice.returned_on).is_(None),
            col(LentDevice.lost_on).is_(None),
        )
        return self._session.exec(query.limit(1)).first() is not None

    def reports(self, programme: UUID) -> Sequence[ProgrammeReport]:
        """Reports, newest first."""
        query = select(ProgrammeReport).where(ProgrammeReport.programme_id == programme)
        return self._session.exec(query.order_by(col(ProgrammeReport.made_at).desc()).limit(20)).all()

    def measured(
        self, programme: UUID, codes: Sequence[str], channels: Sequence[str], since: date, until: date
    ) -> list[tuple[Any, ...]]:
        """Day summaries of all members: person, code, channel, day, mean, total; one row for each source."""
        return self._driver.execute(
            "SELECT d.person_id, d.code, d.channel, d.day, d.mean, d.total FROM phr.programme_member m"
            " JOIN phr.vital_day d ON d.person_id = m.person_id"
            " WHERE m.programme_id = %s AND d.code = ANY (%s) AND d.channel = ANY (%s) AND d.day BETWEEN %s AND %s",
            (programme, list(codes), list(channels), since, until),
            binary=True,
        ).fetchall()
