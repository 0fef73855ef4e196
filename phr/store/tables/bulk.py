"""Bulk data as SQLModel classes: jobs, their files, cohorts, and what each recipient holds."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

_MOMENT = TIMESTAMP(timezone=True)
_OPEN = text("state = ANY (ARRAY['waiting'::text, 'working'::text])")


def _text() -> Any:
    return Field(sa_column=Column(Text, nullable=False))


def _whose() -> Any:
    return Field(sa_column=Column(PgUuid, primary_key=True))


class BulkJob(SQLModel, table=True):
    """An export or import of one client."""

    __tablename__ = "bulk_job"
    __table_args__ = (
        CheckConstraint("kind IN ('export', 'import')"),
        CheckConstraint("state IN ('waiting', 'working', 'done', 'failed')"),
        Index("bulk_job_open", "asked_at", postgresql_where=_OPEN),
        {"schema": "phr"},
    )
    person_id: UUID = _whose()
    job_id: UUID = _whose()
    kind: str = Field(
        default="export", sa_column=Column(Text, nullable=False, server_default=text("'export'::text"))
    )
    state: str = Field(
        default="waiting", sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text"))
    )
    role: str = _text()
    actor: str = _text()
    recipient: str = _text()
    purpose: str = _text()
    account_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    scope: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    asked: Any = Field(sa_column=Column(JSONB, nullable=False))
    progress: Any = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    lines: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint"))
    )
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    asked_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    instant: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    expires_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    lease: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    lease_until: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))


class BulkFile(SQLModel, table=True):
    """A file of a job."""

    __tablename__ = "bulk_file"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = _whose()
    job_id: UUID = _whose()
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    file_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    section: str = _text()
    type: str = _text()
    lines: int = Field(sa_column=Column(BigInteger, nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))


class BulkGiven(SQLModel, table=True):
    """What a recipient holds of a person for a purpose."""

    __tablename__ = "bulk_given"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = _whose()
    recipient: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = Field(sa_column=Column(Text, primary_key=True))
    type: str = Field(sa_column=Column(Text, primary_key=True))
    item: str = Field(sa_column=Column(Text, primary_key=True))
    patient: str = _text()
    first_day: dt.date = Field(sa_column=Column(Date, nullable=False))
    last_day: dt.date = Field(sa_column=Column(Date, nullable=False))
    at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    gone_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))


class BulkGroup(SQLModel, table=True):
    """A cohort: a FHIR Group of one recipient, without its members."""

    __tablename__ = "bulk_group"
    __table_args__ = {"schema": "phr"}
    group_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = _text()
    version: int = Field(sa_column=Column(Integer, nullable=False))
    updated_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    body: str = _text()


class BulkMember(SQLModel, table=True):
    """A member of a cohort, as its owner named them."""

    __tablename__ = "bulk_member"
    __table_args__ = (Index("bulk_member_group", "group_id", "place"), {"schema": "phr"})
    person_id: UUID = _whose()
    group_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = _text()
    place: int = Field(sa_column=Column(Integer, nullable=False))
    patient: str = _text()
    inactive: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    since: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default=text("1")))


class BulkGroupWas(SQLModel, table=True):
    """An earlier version of a cohort, without its members; deleted: it ended with this version."""

    __tablename__ = "bulk_group_was"
    __table_args__ = {"schema": "phr"}
    group_id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    recipient: str = _text()
    updated_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    deleted: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    body: str = _text()


class BulkMemberWas(SQLModel, table=True):
    """Somebody who was a member of a cohort: from one version on, until another."""

    __tablename__ = "bulk_member_was"
    __table_args__ = (Index("bulk_member_was_group", "group_id", "since"), {"schema": "phr"})
    person_id: UUID = _whose()
    group_id: str = Field(sa_column=Column(Text, primary_key=True))
    since: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    until: int = Field(sa_column=Column(Integer, nullable=False))
    recipient: str = _text()
    place: int = Field(sa_column=Column(Integer, nullable=False))
    patient: str = _text()
    inactive: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
