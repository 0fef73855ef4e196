"""Guardians, brushing days, classes and check-ins, as SQLModel classes."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

_MOMENT = TIMESTAMP(timezone=True)


class Guardianship(SQLModel, table=True):
    """Somebody who may act for a person, until an instant."""

    __tablename__ = "guardianship"
    __table_args__ = (Index("guardianship_guardian", "guardian_id"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    guardianship_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    guardian_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    consent_id: str = Field(sa_column=Column(Text, nullable=False))
    may_enter: bool = Field(sa_column=Column(Boolean, nullable=False))
    proof: str = Field(sa_column=Column(Text, nullable=False))
    proof_sha256: str = Field(sa_column=Column(Text, nullable=False))
    starts_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    ends_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    recorded_by: str = Field(sa_column=Column(Text, nullable=False))
    may_points: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )


class BrushingDay(SQLModel, table=True):
    """A day of the tooth-brushing game."""

    __tablename__ = "brushing_day"
    __table_args__ = (CheckConstraint("category = 'child'"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    category: str = Field(
        default="child", sa_column=Column(Text, nullable=False, server_default=text("'child'::text"))
    )
    morning: bool = Field(sa_column=Column(Boolean, nullable=False))
    evening: bool = Field(sa_column=Column(Boolean, nullable=False))
    way: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class ClassMember(SQLModel, table=True):
    """A class in which a child's days count."""

    __tablename__ = "class_member"
    __table_args__ = (Index("class_member_code", "class_code"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    class_code: str = Field(sa_column=Column(Text, primary_key=True))
    consent_id: str = Field(sa_column=Column(Text, nullable=False))
    joined_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    left_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))


class CheckIn(SQLModel, table=True):
    """A check-in that was sent to a guardian about a child."""

    __tablename__ = "check_in"
    __table_args__ = (CheckConstraint("category = 'questionnaire'"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    check_in_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    child_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    category: str = Field(
        default="questionnaire",
        sa_column=Column(Text, nullable=False, server_default=text("'questionnaire'::text")),
    )
    day: dt.date = Field(sa_column=Column(Date, nullable=False))
    form: str = Field(sa_column=Column(Text, nullable=False))
    sent_by: str = Field(sa_column=Column(Text, nullable=False))
    sent_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    answered_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    way: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    urgency: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
