"""Measurements, documents, and what was turned away, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class VitalSource(SQLModel, table=True):
    """A device or account that measures."""

    __tablename__ = "vital_source"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    source_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    key: str = Field(sa_column=Column(Text, nullable=False))
    label: str = Field(sa_column=Column(Text, nullable=False))
    platform: str = Field(sa_column=Column(Text, nullable=False))
    device: str = Field(sa_column=Column(Text, nullable=False))
    method: str = Field(sa_column=Column(Text, nullable=False))
    phd: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))


class VitalChunk(SQLModel, table=True):
    """One day of one code from one source, compressed."""

    __tablename__ = "vital_chunk"
    __table_args__ = (
        Index("vital_chunk_updated", "updated_at"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    code: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    source_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(Integer, nullable=False))
    first_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    last_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class VitalDay(SQLModel, table=True):
    """The summary of one channel of a chunk."""

    __tablename__ = "vital_day"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    code: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    source_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    channel: str = Field(sa_column=Column(Text, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(Integer, nullable=False))
    minimum: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    maximum: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    mean: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    total: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    q05: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    q25: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    q50: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    q75: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    q95: float | None = Field(default=None, sa_column=Column(DOUBLE_PRECISION))
    worn_minutes: int = Field(sa_column=Column(Integer, nullable=False))


class VitalConflict(SQLModel, table=True):
    """Same identity, another value: kept aside."""

    __tablename__ = "vital_conflict"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    code: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    source_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    start_us: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    fingerprint: str = Field(sa_column=Column(Text, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    sample: str = Field(sa_column=Column(Text, nullable=False))
    seen_at: datetime = Field(
        default=None, sa_column=Column(MOMENT, nullable=False, server_default=text("now()"))
    )


class Quarantine(SQLModel, table=True):
    """A value that cannot be true, and why."""

    __tablename__ = "quarantine"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    quarantine_id: str = Field(sa_column=Column(Text, primary_key=True))
    code: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    sample: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("'open'::text"))
    )
    seen_at: datetime = Field(
        default=None, sa_column=Column(MOMENT, nullable=False, server_default=text("now()"))
    )
    reviewed_by: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    reviewed_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    review_note: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )


class IntakeCount(SQLModel, table=True):
    """What was turned away, counted."""

    __tablename__ = "intake_count"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    reason: str = Field(sa_column=Column(Text, primary_key=True))
    detail: str = Field(sa_column=Column(Text, primary_key=True))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))


class ImportMark(SQLModel, table=True):
    """How far a file was read."""

    __tablename__ = "import_mark"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    file_digest: str = Field(sa_column=Column(Text, primary_key=True))
    mark: str = Field(sa_column=Column(Text, nullable=False))
    finished: bool = Field(
        default=None, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    updated_at: datetime = Field(
        default=None, sa_column=Column(MOMENT, nullable=False, server_default=text("now()"))
    )


class Resource(SQLModel, table=True):
    """The current version of a FHIR document."""

    __tablename__ = "resource"
    __table_args__ = (
        Index("resource_type_id", "type", "id", unique=True),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    type: str = Field(sa_column=Column(Text, primary_key=True))
    id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    deleted: bool = Field(
        default=None, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    codes: list[str] = Field(
        default=None, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )
    labels: list[str] = Field(
        default=None, sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )
    status: str = Field(default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    low: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    high: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))


class ResourceHistory(SQLModel, table=True):
    """Every version of a FHIR document."""

    __tablename__ = "resource_history"
    __table_args__ = (Index("resource_history_person_at", "person_id", "updated_at"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    type: str = Field(sa_column=Column(Text, primary_key=True))
    id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    deleted: bool = Field(sa_column=Column(Boolean, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))
