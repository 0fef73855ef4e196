"""Files that people send, as a SQLModel class."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _counted() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint")))


def _word() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))


class Upload(SQLModel, table=True):
    """One file of one person: how far it has come, and what became of it."""

    __tablename__ = "upload"
    __table_args__ = (
        Index(
            "upload_one_receiving",
            "person_id",
            unique=True,
            postgresql_where=text("state = 'receiving'::text"),
        ),
        Index(
            "upload_open",
            "created_at",
            postgresql_where=text("state = ANY (ARRAY['receiving'::text, 'waiting'::text, 'reading'::text])"),
        ),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    upload_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    fingerprint: str = _word()
    sha256: str = _word()
    received: int = _counted()
    state: str = Field(
        default="receiving",
        sa_column=Column(Text, nullable=False, server_default=text("'receiving'::text")),
    )
    format: str = _word()
    done: int = _counted()
    total: int = _counted()
    stored: int = _counted()
    repeated: int = _counted()
    conflicts: int = _counted()
    quarantined: int = _counted()
    refused: int = _counted()
    documents: int = _counted()
    rejected: Any = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")))
    error: str = _word()
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    lease: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    lease_until: datetime | None = Field(default=None, sa_column=Column(MOMENT))
