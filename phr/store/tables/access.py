"""Break-glass, unusual access and reviews, as SQLModel classes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class BreakGlass(SQLModel, table=True):
    """One person opened without consent, by one nurse, for at most an hour."""

    __tablename__ = "break_glass"
    __table_args__ = (
        CheckConstraint("expires_at <= opened_at + interval '60 minutes'"),
        Index("break_glass_actor", "actor", "expires_at"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    glass_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    note: str = Field(sa_column=Column(Text, nullable=False))
    opened_at: datetime = Field(
        sa_column=Column(MOMENT, nullable=False, server_default=text("statement_timestamp()"))
    )
    expires_at: datetime = Field(
        sa_column=Column(
            MOMENT, nullable=False, server_default=text("statement_timestamp() + interval '60 minutes'")
        )
    )
    closed_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class WatchedPerson(SQLModel, table=True):
    """A person whose record is looked at with more care."""

    __tablename__ = "watched_person"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    set_by: str = Field(sa_column=Column(Text, nullable=False))
    set_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


class UnusualAccess(SQLModel, table=True):
    """What a rule found in the trail."""

    __tablename__ = "unusual_access"
    __table_args__ = (Index("unusual_access_at", "at"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    finding: str = Field(sa_column=Column(Text, primary_key=True))
    rule: str = Field(sa_column=Column(Text, nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    chain: int = Field(sa_column=Column(SmallInteger, nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    found_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class AccessReview(SQLModel, table=True):
    """What a reviewer made of a read."""

    __tablename__ = "access_review"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    ident: str = Field(sa_column=Column(Text, primary_key=True))
    finding: str = Field(sa_column=Column(Text, nullable=False))
    note: str = Field(sa_column=Column(Text, nullable=False))
    reviewer: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))
