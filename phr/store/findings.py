"""Findings of unusual access, people who are watched, and what reviewers decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from phr.store.tables import AccessReview, Person, PersonAddress, UnusualAccess, WatchedPerson


class Findings:
    """What the transaction's context may see of them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, found: UnusualAccess) -> bool:
        """Notes a finding once; tells whether it was new."""
        statement = insert(UnusualAccess).values(found.model_dump()).on_conflict_do_nothing()
        done = self._session.execute(statement.returning(col(UnusualAccess.finding)))
        return done.first() is not None

    def since(self, moment: datetime) -> Sequence[UnusualAccess]:
        """Findings about reads since a moment, oldest first."""
        query = select(UnusualAccess).where(col(UnusualAccess.at) >= moment)
        return self._session.exec(query.order_by(col(UnusualAccess.at))).all()

    def review(self, person: UUID, ident: str, finding: str, note: str, reviewer: str) -> bool:
        """Keeps a decision; the first one stands. Tells whether it is this one."""
        values = {"person_id": person, "ident": ident, "finding": finding, "note": note, "reviewer": reviewer}
        statement = insert(AccessReview).values(values).on_conflict_do_nothing()
        done = self._session.execute(statement.returning(col(AccessReview.ident)))
        return done.first() is not None

    def reviews(self, idents: Iterable[str]) -> dict[str, AccessReview]:
        """The decisions about these reads."""
        query = select(AccessReview).where(col(AccessReview.ident).in_(list(idents)))
        return {one.ident: one for one in self._session.exec(query).all()}

    def watch(self, person: UUID, reason: str, by: str) -> None:
        """Names a person to be watched."""
        values = {"person_id": person, "reason": reason, "set_by": by}
        statement = insert(WatchedPerson).values(values)
        self._session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))

    def unwatch(self, person: UUID) -> None:
        """Ends that."""
        self._session.execute(delete(WatchedPerson).where(col(WatchedPerson.person_id) == person))

    def watched(self, people: Iterable[UUID]) -> set[UUID]:
        """Those of these people who are watched, or under a protective measure (支援措置)."""
        wanted = list(set(people))
        named = self._session.exec(
            select(WatchedPerson.person_id).where(col(WatchedPerson.person_id).in_(wanted))
        ).all()
        guarded = self._session.exec(
            select(Person.person_id).where(
                col(Person.person_id).in_(wanted), col(Person.guarded).is_(other=True)
            )
        ).all()
        return {*named, *guarded}

    def names(self, people: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
        """Name and address key of people, for the rules of kinship; nothing of it leaves the rules."""
        wanted = list(set(people))
        named = self._session.exec(select(Person).where(col(Person.person_id).in_(wanted))).all()
        lives = self._session.exec(
            select(PersonAddress).where(col(PersonAddress.person_id).in_(wanted))
        ).all()
        homes = {one.person_id: one.address_key for one in lives}
        return {one.person_id: (one.name, homes.get(one.person_id, "")) for one in named}

    def called(self, name: str, limit: int = 5) -> dict[UUID, tuple[str, str]]:
        """People of exactly this name, with their address keys."""
        plain = "".join(name.split())
        spaceless = func.replace(func.replace(col(Person.name), " ", ""), "\u3000", "")
        query = select(Person.person_id).where(col(Person.name) != "", spaceless == plain).limit(limit)
        return self.names(self._session.exec(query).all())
