"""Connections to a person's data cloud, as SQLModel classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _counted() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint")))


def _texts() -> Any:
    return Field(
        default=None, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )


class CloudConnection(SQLModel, table=True):
    """One person's connection to one cloud: its state, never its tokens."""

    __tablename__ = "cloud_connection"
    __table_args__ = (
        Index("cloud_connection_user", "provider", "user_hash"),
        Index("cloud_connection_due", "next_at", postgresql_where=text("state = 'connected'::text")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    provider: str = Field(sa_column=Column(Text, primary_key=True))
    state: str = Field(sa_column=Column(Text, nullable=False))
    generation: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    user_hash: str = Field(sa_column=Column(Text, nullable=False))
    scopes_asked: list[str] = _texts()
    scopes_granted: list[str] = _texts()
    connected_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    last_success_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    last_error: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    received: int = _counted()
    refused: int = _counted()
    rejected: int = _counted()
    quarantined: int = _counted()
    next_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    lease: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    lease_until: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class CloudSecret(SQLModel, table=True):
    """The sealed tokens of one authorisation."""

    __tablename__ = "cloud_secret"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    provider: str = Field(sa_column=Column(Text, primary_key=True))
    generation: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class CloudBookmark(SQLModel, table=True):
    """How far one kind of data was read."""

    __tablename__ = "cloud_bookmark"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    provider: str = Field(sa_column=Column(Text, primary_key=True))
    data_type: str = Field(sa_column=Column(Text, primary_key=True))
    mark: Any = Field(sa_column=Column(JSONB, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class CloudAttempt(SQLModel, table=True):
    """An authorisation under way, of one session."""

    __tablename__ = "cloud_attempt"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    state_hash: str = Field(sa_column=Column(Text, primary_key=True))
    session_hash: str = Field(sa_column=Column(Text, nullable=False))
    provider: str = Field(sa_column=Column(Text, nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class CloudNotice(SQLModel, table=True):
    """What the cloud says has changed, until it was read."""

    __tablename__ = "cloud_notice"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    provider: str = Field(sa_column=Column(Text, primary_key=True))
    notice_key: str = Field(sa_column=Column(Text, primary_key=True))
    body: Any = Field(sa_column=Column(JSONB, nullable=False))
    received_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
