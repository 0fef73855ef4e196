"""Subscriptions and what was told, as SQLModel classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)
_EMPTY = text("''::text")
_NONE = text("'{}'::text[]")


class Subscription(SQLModel, table=True):
    """One subscription, with its owner's reason to read. ``person_id`` of zeros: everybody whom the owner may see."""

    __tablename__ = "subscription"
    __table_args__ = (
        CheckConstraint(
            "payload = ANY (ARRAY['empty'::text, 'id-only'::text])", name="subscription_payload_check"
        ),
        CheckConstraint(
            "state = ANY (ARRAY['requested'::text, 'active'::text, 'error'::text, 'off'::text])",
            name="subscription_state_check",
        ),
        Index("subscription_by_id", "subscription_id"),
        Index("subscription_live", "topic", "person_id", postgresql_where=text("state <> 'off'::text")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    subscription_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    client: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=_EMPTY))
    role: str = Field(sa_column=Column(Text, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=_EMPTY))
    topic: str = Field(sa_column=Column(Text, nullable=False))
    filters: Any = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    endpoint: str = Field(sa_column=Column(Text, nullable=False))
    headers: bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default=text(r"'\x'::bytea"))
    )
    payload: str = Field(
        default="empty", sa_column=Column(Text, nullable=False, server_default=text("'empty'::text"))
    )
    heartbeat: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    timeout: int = Field(default=10, sa_column=Column(Integer, nullable=False, server_default=text("10")))
    max_count: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default=text("1")))
    ends_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    state: str = Field(
        default="requested", sa_column=Column(Text, nullable=False, server_default=text("'requested'::text"))
    )
    asked: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    error: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=_EMPTY))
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    events: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    dropped: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    sent_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    version: int = Field(default=1, sa_column=Column(Integer, nullable=False, server_default=text("1")))
    body: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    updated_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class SubscriptionInterest(SQLModel, table=True):
    """That anybody wants to be told of a topic about a person."""

    __tablename__ = "subscription_interest"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    topic: str = Field(sa_column=Column(Text, primary_key=True))


class SubscriptionHappening(SQLModel, table=True):
    """What happened, until it is numbered."""

    __tablename__ = "subscription_happening"
    __table_args__ = (Index("subscription_happening_at", "at"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    happening_id: UUID = Field(
        default_factory=uuid4,
        sa_column=Column(PgUuid, primary_key=True, server_default=text("gen_random_uuid()")),
    )
    topic: str = Field(sa_column=Column(Text, nullable=False))
    focus: str = Field(sa_column=Column(Text, nullable=False))
    codes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=_NONE))
    labels: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=_NONE))
    audience: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=_NONE))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class SubscriptionEvent(SQLModel, table=True):
    """One numbered event of a subscription."""

    __tablename__ = "subscription_event"
    __table_args__ = (
        CheckConstraint(
            "state = ANY (ARRAY['waiting'::text, 'sent'::text, 'missed'::text, 'dropped'::text])",
            name="subscription_event_state_check",
        ),
        Index("subscription_event_number", "subscription_id", "number"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    subscription_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    number: int = Field(sa_column=Column(BigInteger, primary_key=True))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    focus: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    state: str = Field(
        default="waiting", sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text"))
    )
