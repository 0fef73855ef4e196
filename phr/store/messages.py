"""Messages: where a person can be reached, what they asked for, the inbox, and numbers of postcards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select, update

from phr.store.tables import (
    ContactAddress,
    Message,
    MessageChoice,
    NumberTry,
    RegistrationNumber,
    ScreeningDone,
)

FINAL: Final = ("sent", "inbox", "paper", "printed", "stopped")


_THERE: Final = (col(Message.state) != "stopped") & ~(
    (col(Message.state) == "waiting") & (col(Message.why) == "")
)


class Messages:
    """What the transaction's context may reach of messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ensure(self, message: Message) -> Message:
        """The message with this key, made now if it is not there, locked."""
        values = message.model_dump()
        self._session.execute(
            insert(Message).values(values).on_conflict_do_nothing(index_elements=["person_id", "key"])
        )
        where = (Message.person_id == message.person_id, Message.key == message.key)
        return self._session.exec(select(Message).where(*where).with_for_update()).one()

    def put(self, message: Message) -> None:
        """Saves how far a message is."""
        self._session.add(message)
        self._session.flush()

    def move(self, person: UUID, message: UUID, now: datetime, **values: Any) -> bool:
        """Changes a message; tells whether this context may."""
        done = self._session.execute(
            update(Message)
            .where(col(Message.person_id) == person, col(Message.message_id) == message)
            .values(updated_at=now, **values)
        )
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a CursorResult

    def by_id(self, message: UUID) -> Message | None:
        """A message, whosever it is."""
        return self._session.exec(select(Message).where(Message.message_id == message)).first()

    def inbox(self, person: UUID, limit: int = 100) -> Sequence[Message]:
        """A person's messages, newest first; not those that they stopped, and not those whose hour has not come."""
        query = select(Message).where(Message.person_id == person, _THERE)
        return self._session.exec(query.order_by(col(Message.created_at).desc()).limit(limit)).all()

    def unread(self, person: UUID) -> int:
        """How many of them were not read."""
        query = select(func.count()).select_from(Message)
        return int(
            self._session.exec(
                query.where(
                    col(Message.person_id) == person,
                    _THERE,
                    col(Message.read_at).is_(None),
                )
            ).one()
        )

    def read(self, person: UUID, message: UUID, now: datetime) -> bool:
        """Notes that the person read it; the first time counts."""
        done = self._session.execute(
            update(Message)
            .where(
                col(Message.person_id) == person,
                col(Message.message_id) == message,
                col(Message.read_at).is_(None),
            )
            .values(read_at=now)
        )
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a CursorResult

    def sent(self, person: UUID, kind: str, since: datetime) -> list[datetime]:
        """When messages of a kind went out."""
        rows = self._session.exec(
            select(Message.sent_at).where(
                Message.person_id == person, Message.kind == kind, col(Message.sent_at) >= since
            )
        ).all()
        return [at for at in rows if at is not None]

    def posted(self, person: UUID, template: str, since: datetime) -> bool:
        """Whether a message of a template was made since a moment."""
        query = select(Message.message_id).where(
            Message.person_id == person, Message.template == template, Message.created_at >= since
        )
        return self._session.exec(query.limit(1)).first() is not None

    def paper(self, limit: int = 1000) -> Sequence[Message]:
        """Messages that wait for paper, oldest first."""
        query = select(Message).where(Message.state == "paper").order_by(col(Message.created_at))
        return self._session.exec(query.limit(limit)).all()

    def states(self) -> dict[tuple[str, str], int]:
        """How many messages of each kind are in each state."""
        rows = self._session.exec(
            select(Message.kind, Message.state, func.count()).group_by(Message.kind, Message.state)
        ).all()
        return {(kind, state): int(count) for kind, state, count in sorted(rows)}


class Addresses:
    """Where people can be reached, and what they asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, address: ContactAddress) -> None:
        """A new address."""
        self._session.add(address)
        self._session.flush()

    def of_person(self, person: UUID) -> Sequence[ContactAddress]:
        """A person's addresses that have not ended, oldest first."""
        query = select(ContactAddress).where(
            ContactAddress.person_id == person, ContactAddress.state != "ended"
        )
        return self._session.exec(query.order_by(col(ContactAddress.created_at))).all()

    def get(self, person: UUID, address: UUID) -> ContactAddress | None:
        """An address, locked."""
        query = select(ContactAddress).where(
            ContactAddress.person_id == person, ContactAddress.address_id == address
        )
        return self._session.exec(query.with_for_update()).one_or_none()

    def with_hash(self, address_hash: str, channel: str) -> Sequence[ContactAddress]:
        """Everybody's addresses of this hash that have not ended."""
        query = select(ContactAddress).where(
            ContactAddress.address_hash == address_hash,
            ContactAddress.channel == channel,
            ContactAddress.state != "ended",
        )
        return self._session.exec(query).all()

    def returned(self, person: UUID, address_hash: str) -> bool:
        """Whether mail to this postal address came back."""
        query = select(ContactAddress.address_id).where(
            ContactAddress.person_id == person,
            ContactAddress.channel == "post",
            ContactAddress.address_hash == address_hash,
            ContactAddress.state == "ended",
        )
        return self._session.exec(query.limit(1)).first() is not None

    def end(self, person: UUID, address: UUID, why: str, now: datetime) -> bool:
        """Ends an address: nothing goes there any more."""
        done = self._session.execute(
            update(ContactAddress)
            .where(
                col(ContactAddress.person_id) == person,
                col(ContactAddress.address_id) == address,
                col(ContactAddress.state) != "ended",
            )
            .values(state="ended", ended_at=now, ended_why=why, sealed=b"")
        )
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]  # a CursorResult

    def choices(self, person: UUID) -> dict[str, MessageChoice]:
        """What a person asked for, by kind."""
        rows = self._session.exec(select(MessageChoice).where(MessageChoice.person_id == person)).all()
        return {row.kind: row for row in rows}

    def choose(self, choice: MessageChoice) -> None:
        """Notes what a person asks for from now on."""
        values = choice.model_dump()
        self._session.execute(
            insert(MessageChoice)
            .values(values)
            .on_conflict_do_update(index_elements=["person_id", "kind"], set_=values)
        )

    def wanting(self, kind: str, after: UUID, limit: int = 500) -> Sequence[UUID]:
        """The next people who asked for a kind of message, by id."""
        query = select(MessageChoice.person_id).where(
            MessageChoice.kind == kind, col(MessageChoice.wanted), col(MessageChoice.person_id) > after
        )
        return self._session.exec(query.order_by(col(MessageChoice.person_id)).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a number: a kind of message, or why not."""

    kind: str = ""
    why: str = ""


class Registrations:
    """Numbers of postcards, tries, and screenings that are done."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def put(self, numbers: Sequence[RegistrationNumber]) -> None:
        """New numbers."""
        self._session.execute(insert(RegistrationNumber).values([one.model_dump() for one in numbers]))

    def use(self, number_hash: str, now: datetime) -> Used:
        """Uses a number, once."""
        query = select(RegistrationNumber).where(RegistrationNumber.number_hash == number_hash)
        found = self._session.exec(query.with_for_update()).one_or_none()
        if found is None:
            return Used(why="unknown")
        if found.used_at is not None:
            return Used(why="used")
        if found.expires_at <= now:
            return Used(why="expired")
        found.used_at = now
        self._session.add(found)
        self._session.flush()
        return Used(kind=found.kind)

    def tries(self, person: UUID, day: date) -> int:
        """Wrong numbers of a person on a day, locked until the transaction ends."""
        row = insert(NumberTry).values(person_id=person, day=day, tries=0).on_conflict_do_nothing()
        self._session.execute(row)
        query = select(NumberTry).where(NumberTry.person_id == person, NumberTry.day == day)
        return self._session.exec(query.with_for_update()).one().tries

    def tried(self, person: UUID, day: date) -> None:
        """One more wrong number."""
        self._session.execute(
            update(NumberTry)
            .where(col(NumberTry.person_id) == person, col(NumberTry.day) == day)
            .values(tries=NumberTry.tries + 1)
        )

    def done(self, person: UUID, since: date) -> dict[str, date]:
        """The newest day of each screening that is done since a day."""
        rows = self._session.exec(
            select(ScreeningDone).where(ScreeningDone.person_id == person, ScreeningDone.day >= since)
        ).all()
        return {row.screening: row.day for row in sorted(rows, key=lambda row: row.day)}

    def note_done(self, done: ScreeningDone) -> None:
        """Notes that a screening is done; twice is once."""
        self._session.execute(insert(ScreeningDone).values(done.model_dump()).on_conflict_do_nothing())

    def forget_done(self, person: UUID, screening: str, day: date) -> None:
        """Takes that back."""
        self._session.execute(
            delete(ScreeningDone).where(
                col(ScreeningDone.person_id) == person,
                col(ScreeningDone.screening) == screening,
                col(ScreeningDone.day) == day,
            )
        )
