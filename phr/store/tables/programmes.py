"""Programmes, who is in them, what is lent and what was found, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _word() -> Any:
    return Field(sa_column=Column(Text, nullable=False))


def _day() -> Any:
    return Field(sa_column=Column(Date, nullable=False))


def _maybe_day() -> Any:
    return Field(default=None, sa_column=Column(Date))


def _moment() -> Any:
    return Field(sa_column=Column(MOMENT, nullable=False))


def _counted() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint")))


def _guidance() -> Any:
    return Field(
        default="guidance", sa_column=Column(Text, nullable=False, server_default=text("'guidance'::text"))
    )


class Programme(SQLModel, table=True):
    """A programme of guidance, and how the years before it went."""

    __tablename__ = "programme"
    __table_args__ = {"schema": "phr"}
    programme_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    recipient: str = _word()
    name: str = _word()
    target: str = _word()
    by_threshold: bool = Field(sa_column=Column(Boolean, nullable=False))
    starts: date = _day()
    ends: date = _day()
    primary_outcome: str = _word()
    years_before: Any = Field(sa_column=Column(JSONB, nullable=False))
    members: int = _counted()
    devices: int = _counted()
    made_by: str = _word()
    made_at: datetime = _moment()


class ProgrammeMember(SQLModel, table=True):
    """One person in one programme; ``day`` is that of the invitation or of entry into the group."""

    __tablename__ = "programme_member"
    __table_args__ = (
        Index("programme_member_programme", "programme_id"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    programme_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    category: str = _guidance()
    day: date = _day()
    cohort: str = _word()
    enrolled_on: date | None = _maybe_day()
    completed_on: date | None = _maybe_day()
    withdrew_on: date | None = _maybe_day()
    recorded_by: str = _word()
    updated_at: datetime = _moment()


class LentDevice(SQLModel, table=True):
    """One loan of one device; ``day`` is that of lending."""

    __tablename__ = "lent_device"
    __table_args__ = (
        Index("lent_device_programme", "programme_id"),
        Index("lent_device_serial", "serial_hash"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    loan_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    programme_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    category: str = _guidance()
    day: date = _day()
    kind: str = _word()
    serial_hash: str = _word()
    returned_on: date | None = _maybe_day()
    lost_on: date | None = _maybe_day()
    recorded_by: str = _word()
    updated_at: datetime = _moment()


class ProgrammeReport(SQLModel, table=True):
    """What one run found; aggregates only."""

    __tablename__ = "programme_report"
    __table_args__ = (
        Index("programme_report_programme", "programme_id", "made_at"),
        {"schema": "phr"},
    )
    report_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    programme_id: UUID = Field(
        sa_column=Column(PgUuid, ForeignKey("phr.programme.programme_id"), nullable=False)
    )
    recipient: str = _word()
    made_by: str = _word()
    made_at: datetime = _moment()
    content: Any = Field(sa_column=Column(JSONB, nullable=False))
