"""Requests of people about their record, copies, keys, tombstones, incidents and provisions, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _word() -> Any:
    return Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))


def _counted() -> Any:
    return Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint")))


class RightsRequest(SQLModel, table=True):
    """What somebody asked for about a record, and until when it must be answered."""

    __tablename__ = "rights_request"
    __table_args__ = (
        Index("rights_request_due", "due_on", postgresql_where=text("decided_at IS NULL")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    request_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    asked_by: str = Field(sa_column=Column(Text, nullable=False))
    as_whom: str = Field(sa_column=Column(Text, nullable=False))
    proof: str = _word()
    proof_day: date | None = Field(default=None, sa_column=Column(Date))
    due_on: date = Field(sa_column=Column(Date, nullable=False))
    extended_to: date | None = Field(default=None, sa_column=Column(Date))
    extension_reason: str = _word()
    handler: str = _word()
    detail: Any = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    decided_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    decision: str = _word()
    warned_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class TakeOut(SQLModel, table=True):
    """A copy of everything that is being made for a person."""

    __tablename__ = "take_out"
    __table_args__ = (
        Index(
            "take_out_one",
            "person_id",
            unique=True,
            postgresql_where=text("state = ANY (ARRAY['waiting'::text, 'making'::text])"),
        ),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    job_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    state: str = Field(sa_column=Column(Text, nullable=False))
    done: int = _counted()
    total: int = _counted()
    size: int = _counted()
    sha256: str = _word()
    problem: str = _word()
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    asked_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    ready_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    lease_until: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class PersonKey(SQLModel, table=True):
    """The sealed key of one person's files."""

    __tablename__ = "person_key"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    made_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class Tombstone(SQLModel, table=True):
    """That somebody was erased, without saying who."""

    __tablename__ = "tombstone"
    __table_args__ = {"schema": "phr"}
    mark: str = Field(sa_column=Column(Text, primary_key=True))
    erased_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    ground: str = Field(sa_column=Column(Text, nullable=False))
    counts: Any = Field(sa_column=Column(JSONB, nullable=False))
    kept: Any = Field(sa_column=Column(JSONB, nullable=False))


class Retained(SQLModel, table=True):
    """A record that the law keeps after an erasure."""

    __tablename__ = "retained"
    __table_args__ = {"schema": "phr"}
    mark: str = Field(sa_column=Column(Text, primary_key=True))
    item: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
    keep_until: date = Field(sa_column=Column(Date, nullable=False))


class Incident(SQLModel, table=True):
    """A leak, or the drill of one, with the clock of its reports."""

    __tablename__ = "incident"
    __table_args__ = {"schema": "phr"}
    incident_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    title: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    drill: bool = Field(sa_column=Column(Boolean, nullable=False))
    known_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    persons: int = Field(sa_column=Column(Integer, nullable=False))
    categories: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    encrypted: bool = Field(sa_column=Column(Boolean, nullable=False))
    malicious: bool = Field(sa_column=Column(Boolean, nullable=False))
    facts: Any = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    preliminary_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    told_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    final_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    closed_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    recorded_by: str = Field(sa_column=Column(Text, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class IncidentPerson(SQLModel, table=True):
    """A person whom an incident concerns."""

    __tablename__ = "incident_person"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    incident_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    told_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class Provision(SQLModel, table=True):
    """Data that were given to a third party."""

    __tablename__ = "provision"
    __table_args__ = {"schema": "phr"}
    provision_key: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    items: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    persons: int = Field(sa_column=Column(Integer, nullable=False))
    basis: str = Field(sa_column=Column(Text, nullable=False))


class ServiceEnd(SQLModel, table=True):
    """When the service ends."""

    __tablename__ = "service_end"
    __table_args__ = {"schema": "phr"}
    one: bool = Field(default=True, sa_column=Column(Boolean, primary_key=True, server_default=text("true")))
    ends_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    export_until: date = Field(sa_column=Column(Date, nullable=False))
    decided_by: str = Field(sa_column=Column(Text, nullable=False))
    decided_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
