"""People: whose records these are, and the accounts of those who sign in."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from phr.store.audit import NOBODY
from phr.store.tables import Account, Person, PersonTrait


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

    def get(self, account: UUID) -> Account | None:
        """An account by its id."""
        return self._session.get(Account, account)

    def all(self) -> Sequence[Account]:
        """Every account, by subject."""
        return self._session.exec(select(Account).order_by(col(Account.subject))).all()
