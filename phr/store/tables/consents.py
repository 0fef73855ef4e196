"""What a change of consent stopped, releases that were called back, and texts that reached the grants, as SQLModel classes."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

_MOMENT = TIMESTAMP(timezone=True)


class ConsentEffect(SQLModel, table=True):
    """What one version of a consent stopped, of one kind."""

    __tablename__ = "consent_effect"
    __table_args__ = (CheckConstraint("count >= 0"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    consent_id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    count: int = Field(sa_column=Column(Integer, nullable=False))
    at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class ReleaseTombstone(SQLModel, table=True):
    """A release that somebody was in when they withdrew."""

    __tablename__ = "release_tombstone"
    __table_args__ = (Index("release_tombstone_release", "release_id"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    told_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))


class ConsentText(SQLModel, table=True):
    """A version of the texts whose ends every grant has."""

    __tablename__ = "consent_text"
    __table_args__ = ({"schema": "phr"},)
    version: str = Field(sa_column=Column(Text, primary_key=True))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    applied_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
