"""Requests about records, copies of everything, keys of files; and forgetting: rows go in a context that cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select, update

from phr.store.tables import Account, PersonKey, Retained, RightsRequest, TakeOut, Tombstone
from phr.store.tables import Session as SessionRow

_OPEN: Final = ("waiting", "making")


class Rights:
    """The requests, copies and keys that the transaction's context may reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, row: RightsRequest) -> None:
        """Keeps a request, new or changed."""
        self._session.add(row)
        self._session.flush()

    def get(self, person: UUID, request: UUID, *, lock: bool = False) -> RightsRequest | None:
        """One request."""
        query = select(RightsRequest).where(
            RightsRequest.person_id == person, RightsRequest.request_id == request
        )
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def find(self, request: UUID) -> RightsRequest | None:
        """One request by its number alone."""
        return self._session.exec(
            select(RightsRequest).where(RightsRequest.request_id == request)
        ).one_or_none()

    def of_person(self, person: UUID) -> Sequence[RightsRequest]:
        """A person's requests, newest first."""
        query = select(RightsRequest).where(RightsRequest.person_id == person)
        return self._session.exec(query.order_by(col(RightsRequest.asked_at).desc())).all()

    def undecided(self, limit: int = 500) -> Sequence[RightsRequest]:
        """What nobody has decided yet, most urgent first."""
        query = select(RightsRequest).where(col(RightsRequest.decided_at).is_(None))
        return self._session.exec(query.order_by(col(RightsRequest.due_on)).limit(limit)).all()

    def decided(self, limit: int = 50) -> Sequence[RightsRequest]:
        """What was decided last."""
        query = select(RightsRequest).where(col(RightsRequest.decided_at).is_not(None))
        return self._session.exec(query.order_by(col(RightsRequest.decided_at).desc()).limit(limit)).all()

    def put_copy(self, row: TakeOut) -> None:
        """Keeps a copy, new or changed."""
        self._session.add(row)
        self._session.flush()

    def copies(self, person: UUID, limit: int = 10) -> Sequence[TakeOut]:
        """A person's copies, newest first."""
        query = select(TakeOut).where(TakeOut.person_id == person)
        return self._session.exec(query.order_by(col(TakeOut.asked_at).desc()).limit(limit)).all()

    def copy(self, person: UUID, job: UUID) -> TakeOut | None:
        """One copy."""
        return self._session.get(TakeOut, (person, job))

    def due_copies(self, now: datetime, limit: int = 20) -> Sequence[TakeOut]:
        """Copies that wait for a worker, or that a worker left."""
        query = select(TakeOut).where(
            col(TakeOut.state).in_(_OPEN),
            (col(TakeOut.lease_until).is_(None)) | (col(TakeOut.lease_until) <= now),
        )
        return self._session.exec(query.order_by(col(TakeOut.asked_at)).limit(limit)).all()

    def old_copies(self, now: datetime) -> Sequence[TakeOut]:
        """Copies whose time is over."""
        query = select(TakeOut).where(TakeOut.state == "ready", col(TakeOut.expires_at) <= now)
        return self._session.exec(query).all()

    def change_copy(self, person: UUID, job: UUID, was: Sequence[str], **values: Any) -> bool:
        """Changes a copy while it is in one of these states; tells whether it was."""
        done: Any = self._session.execute(
            update(TakeOut)
            .where(col(TakeOut.person_id) == person, col(TakeOut.job_id) == job, col(TakeOut.state).in_(was))
            .values(values)
        )
        return bool(done.rowcount == 1)

    def key(self, person: UUID) -> bytes | None:
        """The sealed key of a person's files."""
        found = self._session.get(PersonKey, person)
        return None if found is None else bytes(found.sealed)

    def put_key(self, person: UUID, sealed: bytes, now: datetime) -> None:
        """Keeps the key; the first one stays."""
        self._session.execute(
            insert(PersonKey)
            .values(person_id=person, sealed=sealed, made_at=now)
            .on_conflict_do_nothing(index_elements=["person_id"])
        )

    def unused_since(self, moment: datetime) -> list[UUID]:
        """Residents whose account is older than a moment and whose sessions were all last used before it."""
        used = select(SessionRow.account_id).where(col(SessionRow.seen_at) >= moment)
        query = select(Account.person_id).where(
            Account.role == "resident",
            col(Account.person_id).is_not(None),
            col(Account.created_at) < moment,
            col(Account.account_id).not_in(used),
        )
        return [person for person in self._session.exec(query).all() if person is not None]

    def last_seen(self, person: UUID) -> datetime | None:
        """When a person last used a session."""
        query = (
            select(func.max(SessionRow.seen_at))
            .join(Account, col(Account.account_id) == col(SessionRow.account_id))
            .where(Account.person_id == person)
        )
        return self._session.exec(query).one()

    def accounts(self, person: UUID) -> list[tuple[UUID, str]]:
        """The accounts of a person: id and subject."""
        query = select(Account.account_id, Account.subject).where(Account.person_id == person)
        return [(row[0], row[1]) for row in self._session.exec(query).all()]

    def tombstones(self) -> Sequence[Tombstone]:
        """Everybody who was erased, oldest first."""
        return self._session.exec(select(Tombstone).order_by(col(Tombstone.erased_at))).all()

    def drop_retained(self, before: date) -> int:
        """Deletes what the law has the city keep no longer."""
        rows = self._session.exec(select(Retained).where(Retained.keep_until < before)).all()
        for row in rows:
            self._session.delete(row)
        self._session.flush()
        return len(rows)


class Forgetting:
    """Deletes every row of the person whom the context forget is about."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def everything(self) -> dict[str, int]:
        """Deletes; gives how many rows went in each table.

        One function of the database does it. This role has no right to delete the rows, whatever its context says.
        """
        row: Any = self._connection.execute("SELECT phr.forget()").fetchone()
        return {str(name): int(count) for name, count in row[0].items()}

    def bury(self, stone: Tombstone) -> None:
        """Sets the tombstone; a second one for the same mark changes nothing."""
        self._session.execute(insert(Tombstone).values(stone.model_dump()).on_conflict_do_nothing())

    def keep(self, row: Retained) -> None:
        """Keeps a record that the law asks for."""
        self._session.execute(insert(Retained).values(row.model_dump()).on_conflict_do_nothing())
