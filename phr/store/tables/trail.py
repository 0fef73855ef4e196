"""The audit trail and signs of life, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class AuditEvent(SQLModel, table=True):
    """One look at one person's data."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("audit_event_chain", "chain", "seq"),
        Index("audit_event_at", "at", postgresql_using="brin"),
        Index("audit_event_newest", text("at DESC"), text("chain DESC"), text("seq DESC")),
        Index("audit_event_person_at", "person_id", text("at DESC"), text("chain DESC"), text("seq DESC")),
        Index(
            "audit_event_review",
            text("at DESC"),
            text("chain DESC"),
            text("seq DESC"),
            postgresql_where=text("outcome IN ('refused', 'emergency')"),
        ),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    chain: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    object: str = Field(sa_column=Column(Text, nullable=False))
    categories: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))
    outcome: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    prev: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditHead(SQLModel, table=True):
    """The end of a chain."""

    __tablename__ = "audit_head"
    __table_args__ = {"schema": "phr"}
    chain: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditRoot(SQLModel, table=True):
    """The published root of a day."""

    __tablename__ = "audit_root"
    __table_args__ = {"schema": "phr"}
    day: date = Field(sa_column=Column(Date, primary_key=True))
    root: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))
    heads: Any = Field(sa_column=Column(JSONB, nullable=False))
    sealed_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class Heartbeat(SQLModel, table=True):
    """When a worker was last seen."""

    __tablename__ = "heartbeat"
    __table_args__ = {"schema": "phr"}
    name: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
