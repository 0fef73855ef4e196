"""People, their grants, and those who sign in, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class Person(SQLModel, table=True):
    """Whom a record is about."""

    __tablename__ = "person"
    __table_args__ = (
        Index("person_kana_key", "kana_key", postgresql_ops={"kana_key": "text_pattern_ops"}),
        Index("person_birth_date", "birth_date"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    patient_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    name: str = Field(default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    kana: str = Field(default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    birth_date: date | None = Field(default=None, sa_column=Column(Date))
    sex: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("'unknown'::text"))
    )
    district: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    insurer_no: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    kana_key: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    guarded: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    created_at: datetime = Field(
        default=None, sa_column=Column(MOMENT, nullable=False, server_default=text("now()"))
    )


class PersonTrait(SQLModel, table=True):
    """What a de-identified release may know of a person."""

    __tablename__ = "person_trait"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    birth_date: date | None = Field(default=None, sa_column=Column(Date))
    sex: str = Field(sa_column=Column(Text, nullable=False))
    district: str = Field(sa_column=Column(Text, nullable=False))


class ConsentGrant(SQLModel, table=True):
    """One line of a consent, as the policies read it."""

    __tablename__ = "consent_grant"
    __table_args__ = (
        Index(
            "consent_grant_gate",
            "person_id",
            "consent_id",
            postgresql_include=[
                *("audience", "category", "data_from", "data_to", "valid_from", "valid_to"),
                *("depth", "effect"),
            ],
        ),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    consent_id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    line: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    depth: int = Field(sa_column=Column(SmallInteger, nullable=False))
    effect: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    data_from: date = Field(sa_column=Column(Date, nullable=False))
    data_to: date = Field(sa_column=Column(Date, nullable=False))
    valid_from: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    valid_to: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    path: str = Field(sa_column=Column(Text, nullable=False))
    audience: str = Field(
        default=None,
        sa_column=Column(
            Text, Computed("((purpose || '|'::text) || recipient)", persisted=True), nullable=False
        ),
    )


class Account(SQLModel, table=True):
    """Somebody who signs in."""

    __tablename__ = "account"
    __table_args__ = (Index("account_role", "role", "subject"), {"schema": "phr"})
    account_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    subject: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    role: str = Field(sa_column=Column(Text, nullable=False))
    person_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    recipient: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    display: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    disabled: bool = Field(
        default=None, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    created_at: datetime = Field(
        default=None, sa_column=Column(MOMENT, nullable=False, server_default=text("now()"))
    )


class Session(SQLModel, table=True):
    """A signed-in session or an API token."""

    __tablename__ = "session"
    __table_args__ = (
        Index("session_account", "account_id", postgresql_where=text("revoked_at IS NULL")),
        {"schema": "phr"},
    )
    session_hash: str = Field(sa_column=Column(Text, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, ForeignKey("phr.account.account_id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    scope: str = Field(default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    csrf: str = Field(sa_column=Column(Text, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    seen_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    session_id: UUID = Field(
        default_factory=uuid4,
        sa_column=Column(PgUuid, nullable=False, server_default=text("gen_random_uuid()")),
    )
    started_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))
    device: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    way: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    shared: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    acting_for: UUID | None = Field(default=None, sa_column=Column(PgUuid))
