"""Courses of specific health guidance, their events, and what was handed to an insurer, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class GuidanceCourse(SQLModel, table=True):
    """Where a course stands, so that lists need not read its events."""

    __tablename__ = "guidance_course"
    __table_args__ = (
        Index(
            "guidance_course_checkup",
            "person_id",
            "day",
            unique=True,
            postgresql_where=text("state <> ALL (ARRAY['declined'::text, 'dropped-out'::text])"),
        ),
        Index("guidance_course_open", "state", "due"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    course_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    level: str = Field(sa_column=Column(Text, nullable=False))
    edition: str = Field(sa_column=Column(Text, nullable=False))
    insurer_no: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    due: date | None = Field(default=None, sa_column=Column(Date))
    next_day: date | None = Field(default=None, sa_column=Column(Date))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    opened_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class GuidanceEvent(SQLModel, table=True):
    """What happened in a course."""

    __tablename__ = "guidance_event"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    course_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    body: Any = Field(sa_column=Column(JSONB, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    licence: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class GuidanceHandover(SQLModel, table=True):
    """What was handed to an insurer: which version of a course, in which file."""

    __tablename__ = "guidance_handover"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    course_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    insurer_no: str = Field(sa_column=Column(Text, nullable=False))
    course_version: int = Field(sa_column=Column(Integer, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
