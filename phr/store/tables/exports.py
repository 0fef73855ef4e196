"""Tables of exports: numbers that lead back, numbers to delete, seeds of projects, and open statistics."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, Text
from sqlalchemy import Uuid as PgUuid
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, TIMESTAMP
from sqlmodel import Field, SQLModel

_MOMENT: Final = TIMESTAMP(timezone=True)


class ReleaseVault(SQLModel, table=True):
    """Which number a person had in a pseudonymised release."""

    __tablename__ = "release_vault"
    __table_args__ = ({"schema": "phr"},)
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    number: str = Field(sa_column=Column(Text, nullable=False))


class ReleaseGone(SQLModel, table=True):
    """A number that the recipient must delete."""

    __tablename__ = "release_gone"
    __table_args__ = ({"schema": "phr"},)
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    number: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class ReleaseProject(SQLModel, table=True):
    """The seed of a project whose releases may be joined."""

    __tablename__ = "release_project"
    __table_args__ = ({"schema": "phr"},)
    recipient: str = Field(sa_column=Column(Text, primary_key=True))
    project: str = Field(sa_column=Column(Text, primary_key=True))
    seed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class OpenSpend(SQLModel, table=True):
    """An edition of open statistics, and what it told."""

    __tablename__ = "open_spend"
    __table_args__ = (CheckConstraint("epsilon > 0"), {"schema": "phr"})
    edition: str = Field(sa_column=Column(Text, primary_key=True))
    year: int = Field(sa_column=Column(Integer, nullable=False))
    epsilon: float = Field(sa_column=Column(DOUBLE_PRECISION, nullable=False))
    at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class OpenFile(SQLModel, table=True):
    """A file of an edition."""

    __tablename__ = "open_file"
    __table_args__ = ({"schema": "phr"},)
    edition: str = Field(sa_column=Column(Text, ForeignKey("phr.open_spend.edition"), primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
