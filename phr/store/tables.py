"""The relational tables as SQLModel classes; seen only in this package and compared with the migrations by a test."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOUBLE_PRECISION, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class Person(SQLModel, table=True):
    """Whom a record is about."""

    __tablename__ = "person"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    patient_id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    name: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    kana: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    birth_date: date | None = Field(default=None, sa_column=Column(Date))
    sex: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'unknown'::text")))
    district: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    insurer_no: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


class ConsentGrant(SQLModel, table=True):
    """One line of a consent, as the policies read it."""

    __tablename__ = "consent_grant"
    __table_args__ = (
        Index("consent_grant_purpose", "purpose", "recipient", "person_id"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    consent_id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    line: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    depth: int = Field(sa_column=Column(SmallInteger, nullable=False))
    effect: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    data_from: date = Field(sa_column=Column(Date, nullable=False))
    data_to: date = Field(sa_column=Column(Date, nullable=False))
    valid_from: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    valid_to: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    path: str = Field(sa_column=Column(Text, nullable=False))


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
    seen_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


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
    state: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'open'::text")))
    seen_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


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
    finished: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


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
    deleted: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    codes: list[str] = Field(
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )
    labels: list[str] = Field(
        sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))
    )
    status: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    low: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    high: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))


class ResourceHistory(SQLModel, table=True):
    """Every version of a FHIR document."""

    __tablename__ = "resource_history"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    type: str = Field(sa_column=Column(Text, primary_key=True))
    id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    deleted: bool = Field(sa_column=Column(Boolean, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    body: str = Field(sa_column=Column(Text, nullable=False))


class WorkItem(SQLModel, table=True):
    """A case for a nurse."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("work_item_kind", "person_id", "kind", unique=True),
        Index("work_item_open", "state", "priority", "opened_at"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    item_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    reasons: Any = Field(sa_column=Column(JSONB, nullable=False))
    basis: Any = Field(sa_column=Column(JSONB, nullable=False))
    data_mark: str = Field(sa_column=Column(Text, nullable=False))
    rule_version: str = Field(sa_column=Column(Text, nullable=False))
    holder: str | None = Field(default=None, sa_column=Column(Text))
    outcome: str | None = Field(default=None, sa_column=Column(Text))
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("1")))
    opened_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class WorkEvent(SQLModel, table=True):
    """What happened to a case."""

    __tablename__ = "work_event"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    item_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    note: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class PointsEvent(SQLModel, table=True):
    """What earned points, and with which evidence."""

    __tablename__ = "points_event"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    event_key: str = Field(sa_column=Column(Text, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    points: int = Field(sa_column=Column(Integer, nullable=False))
    rule_version: str = Field(sa_column=Column(Text, nullable=False))
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    outbox_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    reverses: str | None = Field(default=None, sa_column=Column(Text))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class Outbox(SQLModel, table=True):
    """Something for outside that waits to be delivered."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("outbox_due", "next_at", postgresql_where=text("state = 'waiting'::text")),
        Index("outbox_key", "person_id", "idempotency_key", unique=True),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    outbox_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    idempotency_key: str = Field(sa_column=Column(Text, nullable=False))
    payload: Any = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text")))
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    next_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    last_error: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    receipt: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    delivered_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class Release(SQLModel, table=True):
    """A de-identified export."""

    __tablename__ = "release"
    __table_args__ = {"schema": "phr"}
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    protocol: Any = Field(sa_column=Column(JSONB, nullable=False))
    certificate: Any = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    published_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class ReleaseFile(SQLModel, table=True):
    """A file of an export."""

    __tablename__ = "release_file"
    __table_args__ = {"schema": "phr"}
    release_id: str = Field(sa_column=Column(Text, ForeignKey("phr.release.release_id"), primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ReleaseMember(SQLModel, table=True):
    """Who is in an export."""

    __tablename__ = "release_member"
    __table_args__ = (
        Index("release_member_release", "release_id"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    consents: Any = Field(sa_column=Column(JSONB, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class Account(SQLModel, table=True):
    """Somebody who signs in."""

    __tablename__ = "account"
    __table_args__ = {"schema": "phr"}
    account_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    subject: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    role: str = Field(sa_column=Column(Text, nullable=False))
    person_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    recipient: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    display: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    disabled: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False, server_default=text("now()")))


class Session(SQLModel, table=True):
    """A signed-in session or an API token."""

    __tablename__ = "session"
    __table_args__ = {"schema": "phr"}
    session_hash: str = Field(sa_column=Column(Text, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, ForeignKey("phr.account.account_id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    scope: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    csrf: str = Field(sa_column=Column(Text, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    seen_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class Heartbeat(SQLModel, table=True):
    """When a worker was last seen."""

    __tablename__ = "heartbeat"
    __table_args__ = {"schema": "phr"}
    name: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class AuditEvent(SQLModel, table=True):
    """One look at one person's data."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("audit_event_chain", "chain", "seq"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    chain: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    action: str = Field(sa_column=Column(Text, nullable=False))
    object: str = Field(sa_column=Column(Text, nullable=False))
    categories: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))
    outcome: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    prev: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditHead(SQLModel, table=True):
    """The end of a chain."""

    __tablename__ = "audit_head"
    __table_args__ = {"schema": "phr"}
    chain: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AuditRoot(SQLModel, table=True):
    """The published root of a day."""

    __tablename__ = "audit_root"
    __table_args__ = {"schema": "phr"}
    day: date = Field(sa_column=Column(Date, primary_key=True))
    root: str = Field(sa_column=Column(Text, nullable=False))
    n: int = Field(sa_column=Column(BigInteger, nullable=False))
    heads: Any = Field(sa_column=Column(JSONB, nullable=False))
    sealed_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
