"""Apps, what people let them do, and what was issued to them, as SQLModel classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

_MOMENT = TIMESTAMP(timezone=True)


def _text(default: str = "") -> Column[str]:
    return Column(Text, nullable=False, server_default=text(f"'{default}'::text"))


class SmartClient(SQLModel, table=True):
    """An app, or a program of an organisation, that the city has registered."""

    __tablename__ = "smart_client"
    __table_args__ = (
        CheckConstraint("kind IN ('public', 'symmetric', 'asymmetric')"),
        {"schema": "phr"},
    )
    client_id: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    backend: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    redirect_uris: Any = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    scope: str = Field(sa_column=Column(Text, nullable=False))
    secret_hash: str = Field(default="", sa_column=_text())
    jwks: Any = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    jwks_url: str = Field(default="", sa_column=_text())
    recipient: str = Field(default="", sa_column=_text())
    purpose: str = Field(default="", sa_column=_text())
    launch_url: str = Field(default="", sa_column=_text())
    responsible: str = Field(sa_column=Column(Text, nullable=False))
    disabled: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    created_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    changed_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class SmartGrant(SQLModel, table=True):
    """What a person let an app do."""

    __tablename__ = "smart_grant"
    __table_args__ = (
        Index("smart_grant_guardian", "guardian_id", postgresql_where=text("guardian_id IS NOT NULL")),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    grant_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    guardian_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    account_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    granted_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    ends_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    reason: str = Field(default="", sa_column=_text())


class SmartToken(SQLModel, table=True):
    """A code or a token that was issued, by its hash."""

    __tablename__ = "smart_token"
    __table_args__ = (
        CheckConstraint("kind IN ('code', 'access', 'refresh')"),
        Index("smart_token_grant", "grant_id", postgresql_where=text("revoked_at IS NULL")),
        Index("smart_token_expires", "expires_at"),
        {"schema": "phr"},
    )
    token_hash: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(default="access", sa_column=_text("access"))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    person_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    grant_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    guardian_id: UUID | None = Field(default=None, sa_column=Column(PgUuid))
    scope: str = Field(sa_column=Column(Text, nullable=False))
    issued_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    expires_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(_MOMENT))
    redirect_uri: str = Field(default="", sa_column=_text())
    challenge: str = Field(default="", sa_column=_text())
    nonce: str = Field(default="", sa_column=_text())


class SmartAssertion(SQLModel, table=True):
    """An assertion that was used."""

    __tablename__ = "smart_assertion"
    __table_args__ = {"schema": "phr"}
    client_id: str = Field(sa_column=Column(Text, ForeignKey("phr.smart_client.client_id"), primary_key=True))
    jti_hash: str = Field(sa_column=Column(Text, primary_key=True))
    expires_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class SmartAsked(SQLModel, table=True):
    """What an app asked for, while the person decides."""

    __tablename__ = "smart_asked"
    __table_args__ = {"schema": "phr"}
    asked_hash: str = Field(sa_column=Column(Text, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class SmartKey(SQLModel, table=True):
    """A key that signs ID tokens."""

    __tablename__ = "smart_key"
    __table_args__ = {"schema": "phr"}
    kid: str = Field(sa_column=Column(Text, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    public_jwk: Any = Field(sa_column=Column(JSONB, nullable=False))
    created_at: datetime = Field(sa_column=Column(_MOMENT, nullable=False))
