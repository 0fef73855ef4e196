"""Cards for shared gateway boxes, as a SQLModel class."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Index, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class Card(SQLModel, table=True):
    """A card of one person; only its keyed hash is kept."""

    __tablename__ = "card"
    __table_args__ = (Index("card_hash", "card_hash"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    card_hash: str = Field(sa_column=Column(Text, primary_key=True))
    label: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    issued_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
