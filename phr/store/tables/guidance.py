"""Cases, points, letters and exports, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
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
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class WorkItem(SQLModel, table=True):
    """A case for a nurse."""

    __tablename__ = "work_item"
    __table_args__ = (
        Index("work_item_kind", "person_id", "kind", unique=True),
        Index("work_item_case", "item_id"),
        Index("work_item_open", "state", "priority", "opened_at"),
        Index(
            "work_item_order",
            "priority",
            text("rank DESC"),
            "opened_at",
            "item_id",
            postgresql_where=text("state <> 'closed'::text"),
        ),
        Index("work_item_holder", "holder", postgresql_where=text("holder IS NOT NULL")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    item_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    priority: int = Field(sa_column=Column(SmallInteger, nullable=False))
    rank: float = Field(
        default=0.0,
        sa_column=Column(DOUBLE_PRECISION, nullable=False, server_default=text("'0'::double precision")),
    )
    state: str = Field(sa_column=Column(Text, nullable=False))
    reasons: Any = Field(sa_column=Column(JSONB, nullable=False))
    basis: Any = Field(sa_column=Column(JSONB, nullable=False))
    data_mark: str = Field(sa_column=Column(Text, nullable=False))
    rule_version: str = Field(sa_column=Column(Text, nullable=False))
    holder: str | None = Field(default=None, sa_column=Column(Text))
    outcome: str | None = Field(default=None, sa_column=Column(Text))
    stage: str = Field(
        default="new", sa_column=Column(Text, nullable=False, server_default=text("'new'::text"))
    )
    escalated_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    version: int = Field(default=None, sa_column=Column(Integer, nullable=False, server_default=text("1")))
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
    note: str = Field(default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text")))
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
    variant: str = Field(sa_column=Column(Text, nullable=False))
    occasion: str = Field(sa_column=Column(Text, nullable=False))
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
        Index("outbox_urgent", "created_at", postgresql_where=text("((state = 'waiting'::text) AND urgent)")),
        Index(
            "outbox_line",
            "kind",
            "created_at",
            "next_at",
            "lost",
            postgresql_where=text("state = 'waiting'::text"),
        ),
        Index("outbox_created", "created_at"),
        Index(
            "outbox_undelivered",
            "state",
            "kind",
            "created_at",
            "person_id",
            postgresql_where=text("state <> 'delivered'::text"),
        ),
        Index(
            "outbox_reference",
            text("(payload ->> 'reference'::text)"),
            postgresql_where=text("kind = 'ledger'::text"),
        ),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    outbox_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    idempotency_key: str = Field(sa_column=Column(Text, nullable=False))
    payload: Any = Field(sa_column=Column(JSONB, nullable=False))
    state: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text"))
    )
    attempts: int = Field(default=None, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    next_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    last_error: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    receipt: str = Field(
        default=None, sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    delivered_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    lost: int = Field(default=None, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    urgent: bool = Field(
        default=None, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )


class Release(SQLModel, table=True):
    """A de-identified export."""

    __tablename__ = "release"
    __table_args__ = {"schema": "phr"}
    release_id: str = Field(sa_column=Column(Text, primary_key=True))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    protocol: Any = Field(sa_column=Column(JSONB, nullable=False))
    certificate: Any = Field(
        default=None, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
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
    class_no: int | None = Field(default=None, sa_column=Column(Integer))
