"""Backups and drills, as an SQLModel class."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

from phr.store.tables.trail import MOMENT


class Keeping(SQLModel, table=True):
    """One backup, drill or change of keys, and how it went."""

    __tablename__ = "keeping"
    __table_args__ = (
        CheckConstraint("kind IN ('backup', 'base', 'restore-drill', 'restore', 'key-rotation')"),
        Index("keeping_newest", "kind", text("at DESC")),
        {"schema": "phr"},
    )
    keeping_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    ok: bool = Field(sa_column=Column(Boolean, nullable=False))
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
