"""Nurses' duties and plans, addresses, and reviewed samples, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _word() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))


def _no() -> Any:
    return Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))


class NurseDuty(SQLModel, table=True):
    """What one nurse may do more than the role."""

    __tablename__ = "nurse_duty"
    __table_args__ = {"schema": "phr"}
    recipient: str = Field(sa_column=Column(Text, primary_key=True))
    subject: str = Field(sa_column=Column(Text, primary_key=True))
    lead: bool = _no()
    protected: bool = _no()
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class NursePlan(SQLModel, table=True):
    """How many cases a nurse follows, and who stands in for her."""

    __tablename__ = "nurse_plan"
    __table_args__ = {"schema": "phr"}
    recipient: str = Field(sa_column=Column(Text, primary_key=True))
    subject: str = Field(sa_column=Column(Text, primary_key=True))
    capacity: int = Field(sa_column=Column(Integer, nullable=False))
    substitute: str = _word()
    away_from: date | None = Field(default=None, sa_column=Column(Date))
    away_until: date | None = Field(default=None, sa_column=Column(Date))
    updated_by: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class PersonAddress(SQLModel, table=True):
    """Where a person lives."""

    __tablename__ = "person_address"
    __table_args__ = (
        Index("person_address_key", "address_key", postgresql_ops={"address_key": "text_pattern_ops"}),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    text: str = Field(sa_column=Column(Text, nullable=False))
    address_key: str = Field(sa_column=Column(Text, nullable=False))
    guarded: bool = _no()


class SampleReview(SQLModel, table=True):
    """An unlikely value that somebody confirmed or rejected."""

    __tablename__ = "sample_review"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    code: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    source_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    start_us: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    fingerprint: str = Field(sa_column=Column(Text, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    verdict: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = _word()
    actor: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
