"""People: whose records these are, and the accounts of those who sign in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from phr.store.audit import NOBODY
from phr.store.tables import Account, Person, PersonAddress, PersonTrait


class People:
    """The people that the transaction's context may know."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, person: Person) -> None:
        """Registers a person, or brings their identity up to date."""
        values = person.model_dump(exclude={"created_at"})
        statement = insert(Person).values(values)
        self._session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))
        traits = {name: values[name] for name in ("person_id", "birth_date", "sex", "district")}
        statement = insert(PersonTrait).values(traits)
        self._session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=traits))

    def traits(self, people: Sequence[UUID]) -> Sequence[PersonTrait]:
        """What a de-identified release may know of these people."""
        query = select(PersonTrait).where(col(PersonTrait.person_id).in_(people))
        return self._session.exec(query.order_by(col(PersonTrait.person_id))).all()

    def get(self, person: UUID) -> Person | None:
        """A person, or None when unknown to this context."""
        return self._session.get(Person, person)

    def all(self, after: UUID = NOBODY, limit: int = 1000) -> Sequence[Person]:
        """The next people after one, by id."""
        return self._session.exec(
            select(Person).where(col(Person.person_id) > after).order_by(col(Person.person_id)).limit(limit)
        ).all()

    def born(self, first: date, last: date) -> Sequence[Person]:
        """The people who were born between two days, both included."""
        query = select(Person).where(col(Person.birth_date).between(first, last))
        return self._session.exec(query.order_by(col(Person.person_id))).all()

    def of(self, people: Sequence[UUID]) -> dict[UUID, Person]:
        """Those of these people whom this context may know."""
        found = self._session.exec(select(Person).where(col(Person.person_id).in_(set(people)))).all()
        return {person.person_id: person for person in found}

    def put_address(self, address: PersonAddress) -> None:
        """Where a person lives, new or in place of the earlier one."""
        values = address.model_dump()
        statement = insert(PersonAddress).values(values)
        self._session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))

    def without_address(self, limit: int = 500) -> Sequence[Person]:
        """People whom nobody has asked where they live: registered before a search by address and kana."""
        known = select(PersonAddress.person_id).where(PersonAddress.person_id == Person.person_id).exists()
        return self._session.exec(
            select(Person).where(~known).order_by(col(Person.person_id)).limit(limit)
        ).all()

    def address(self, person: UUID) -> PersonAddress | None:
        """Where a person lives; None when unknown, or not for this context."""
        return self._session.get(PersonAddress, person)

    def sought(self, kana: str, born: date | None, address: str, limit: int = 50) -> Sequence[Person]:
        """People by the beginning of their kana or name, their birth date, or a part of their address; all that is given.

        An address that this context may not see finds nobody, and neither does a district behind a block.
        """
        query = select(Person)
        if kana:
            query = query.where(
                col(Person.kana_key).startswith(kana, autoescape=True)
                | func.replace(func.replace(col(Person.name), " ", ""), "\u3000", "").startswith(
                    kana, autoescape=True
                )
            )
        if born is not None:
            query = query.where(col(Person.birth_date) == born)
        if address:
            lives = select(PersonAddress.person_id).where(
                col(PersonAddress.address_key).contains(address, autoescape=True)
            )
            district = and_(
                col(Person.guarded).is_(other=False), col(Person.district).contains(address, autoescape=True)
            )
            query = query.where(col(Person.person_id).in_(lives) | district)
        return self._session.exec(
            query.order_by(col(Person.kana_key), col(Person.person_id)).limit(limit)
        ).all()

    def household(self, person: UUID, limit: int = 20) -> Sequence[Person]:
        """Others at the same address, as far as this context may know them and their addresses."""
        own = self.address(person)
        if own is None or not own.address_key:
            return []
        there = select(PersonAddress.person_id).where(
            PersonAddress.address_key == own.address_key, PersonAddress.person_id != person
        )
        query = select(Person).where(col(Person.person_id).in_(there)).order_by(col(Person.birth_date))
        return self._session.exec(query.limit(limit)).all()

    def find(self, text: str, limit: int = 50) -> Sequence[Person]:
        """People whose name or kana begins with a text."""
        start = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        where = col(Person.name).like(start) | col(Person.kana).like(start)
        return self._session.exec(select(Person).where(where).order_by(col(Person.kana)).limit(limit)).all()


class Accounts:
    """Those who sign in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, account: Account) -> None:
        """Adds an account, or changes the one with this subject."""
        values = account.model_dump(exclude={"created_at"})
        changes = {key: value for key, value in values.items() if key not in ("account_id", "subject")}
        statement = insert(Account).values(values)
        self._session.execute(statement.on_conflict_do_update(index_elements=["subject"], set_=changes))

    def by_subject(self, subject: str) -> Account | None:
        """The account with this subject."""
        return self._session.exec(select(Account).where(Account.subject == subject)).one_or_none()

    def of(self, subjects: Sequence[str]) -> Sequence[Account]:
        """The accounts of these subjects that exist."""
        return self._session.exec(select(Account).where(col(Account.subject).in_(subjects))).all()

    def get(self, account: UUID) -> Account | None:
        """An account by its id."""
        return self._session.get(Account, account)

    def of_role(self, role: str) -> Sequence[Account]:
        """The accounts of a role that may sign in, by subject."""
        query = select(Account).where(Account.role == role, col(Account.disabled).is_(False))
        return self._session.exec(query.order_by(col(Account.subject))).all()
