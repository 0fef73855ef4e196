"""How people prove who they are, as SQLModel classes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class AccountIdentity(SQLModel, table=True):
    """Who an account is at an identity provider."""

    __tablename__ = "account_identity"
    __table_args__ = (
        Index("account_identity_one", "account_id", "issuer", unique=True),
        {"schema": "phr"},
    )
    issuer: str = Field(sa_column=Column(Text, primary_key=True))
    sub: str = Field(sa_column=Column(Text, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, ForeignKey("phr.account.account_id"), nullable=False))
    bound_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class AccountFactor(SQLModel, table=True):
    """Something that an account knows or has: a passphrase, an authenticator's key, a passkey, a recovery code."""

    __tablename__ = "account_factor"
    __table_args__ = (
        Index(
            "account_factor_single",
            "account_id",
            "kind",
            unique=True,
            postgresql_where=text("kind = ANY (ARRAY['passphrase'::text, 'totp'::text])"),
        ),
        Index(
            "account_factor_handle",
            "kind",
            "handle",
            unique=True,
            postgresql_where=text("kind = ANY (ARRAY['passkey'::text, 'recovery'::text])"),
        ),
        {"schema": "phr"},
    )
    factor_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, ForeignKey("phr.account.account_id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    label: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    handle: bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default=text("'\\x'::bytea"))
    )
    material: bytes = Field(
        default=b"", sa_column=Column(LargeBinary, nullable=False, server_default=text("'\\x'::bytea"))
    )
    counter: int = Field(
        default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("'0'::bigint"))
    )
    confirmed: bool = Field(
        default=True, sa_column=Column(Boolean, nullable=False, server_default=text("true"))
    )
    created_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class SignInAttempt(SQLModel, table=True):
    """Something begun in a browser that must come back to it, once."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = {"schema": "phr"}
    attempt_hash: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class SignInFailure(SQLModel, table=True):
    """Failures in a row for one account name."""

    __tablename__ = "sign_in_failure"
    __table_args__ = {"schema": "phr"}
    name_hash: str = Field(sa_column=Column(Text, primary_key=True))
    failures: int = Field(sa_column=Column(Integer, nullable=False))
    last_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
