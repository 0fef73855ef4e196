"""Figures of days and changes of accounts, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class CityFigure(SQLModel, table=True):
    """One figure of the city's plan on one day; ``n`` is missing where it would tell of too few people."""

    __tablename__ = "city_figure"
    __table_args__ = {"schema": "phr"}
    day: date = Field(sa_column=Column(Date, primary_key=True))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    part: str = Field(default="", sa_column=Column(Text, primary_key=True, server_default=text("''::text")))
    n: int | None = Field(default=None, sa_column=Column(BigInteger))
    whole: int | None = Field(default=None, sa_column=Column(BigInteger))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class AccountChange(SQLModel, table=True):
    """A change of role that one operator asks for and another decides."""

    __tablename__ = "account_change"
    __table_args__ = (
        CheckConstraint(
            "state = ANY (ARRAY['waiting'::text, 'approved'::text, 'refused'::text])",
            name="account_change_state_check",
        ),
        CheckConstraint(
            "state <> 'approved'::text OR decided_by <> ''::text AND decided_by <> asked_by",
            name="account_change_check",
        ),
        Index(
            "account_change_waiting",
            "account_id",
            unique=True,
            postgresql_where=text("state = 'waiting'::text"),
        ),
        {"schema": "phr"},
    )
    change_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    account_id: UUID = Field(sa_column=Column(PgUuid, ForeignKey("phr.account.account_id"), nullable=False))
    role: str = Field(sa_column=Column(Text, nullable=False))
    recipient: str = Field(sa_column=Column(Text, nullable=False))
    asked_by: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    state: str = Field(
        default="waiting", sa_column=Column(Text, nullable=False, server_default=text("'waiting'::text"))
    )
    decided_by: str = Field(
        default="", sa_column=Column(Text, nullable=False, server_default=text("''::text"))
    )
    decided_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
