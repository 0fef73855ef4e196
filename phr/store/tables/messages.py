"""Ways to reach people, what they asked for, what they were told, and letters, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Column, Date, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class ContactAddress(SQLModel, table=True):
    """Where a person can be reached, sealed."""

    __tablename__ = "contact_address"
    __table_args__ = (Index("contact_address_hash", "address_hash"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    address_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    channel: str = Field(sa_column=Column(Text, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    address_hash: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(
        default="unverified",
        sa_column=Column(Text, nullable=False, server_default=text("'unverified'::text")),
    )
    tries: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    expires_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    verified_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    ended_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    ended_why: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )


class MessageChoice(SQLModel, table=True):
    """What a person asked for, of one kind of message."""

    __tablename__ = "message_choice"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    wanted: bool = Field(sa_column=Column(Boolean, nullable=False))
    channels: Any = Field(
        default_factory=list,
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    )
    way: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class Message(SQLModel, table=True):
    """A message of the inbox: its template and how it went out."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_key", "person_id", "key", unique=True),
        Index("message_id", "message_id"),
        Index("message_paper", "created_at", postgresql_where=text("state = 'paper'::text")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    message_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    key: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    template: str = Field(sa_column=Column(Text, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    params: Any = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    state: str = Field(
        default="waiting", sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text"))
    )
    channel: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    why: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    sent_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    read_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    stopped_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class RegistrationNumber(SQLModel, table=True):
    """A number on a postcard, as a keyed hash."""

    __tablename__ = "registration_number"
    __table_args__ = {"schema": "phr"}
    number_hash: str = Field(sa_column=Column(Text, primary_key=True))
    batch_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class NumberTry(SQLModel, table=True):
    """Wrong numbers that somebody entered on one day."""

    __tablename__ = "number_try"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    tries: int = Field(sa_column=Column(Integer, nullable=False))


class ScreeningDone(SQLModel, table=True):
    """A screening that the person says is done."""

    __tablename__ = "screening_done"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    screening: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    way: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    noted_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class LetterBatch(SQLModel, table=True):
    """Letters that were printed together."""

    __tablename__ = "letter_batch"
    __table_args__ = {"schema": "phr"}
    batch_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    made_by: str = Field(sa_column=Column(Text, nullable=False))
    made_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    letters: int = Field(sa_column=Column(Integer, nullable=False))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    posted_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class Letter(SQLModel, table=True):
    """One letter, sealed as it was printed."""

    __tablename__ = "letter"
    __table_args__ = (
        Index("letter_number", "number"),
        Index("letter_batch_place", "batch_id", "place"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    letter_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    batch_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    place: int = Field(sa_column=Column(Integer, nullable=False))
    number: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    address_hash: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    state: str = Field(
        default="made", sa_column=Column(Text, nullable=False, server_default=text("'made'::text"))
    )
    made_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    posted_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    returned_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
