"""Points that leave a resident's lots, the wallet, goals, groups and closed years, as SQLModel classes."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Date, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

_MOMENT = TIMESTAMP(timezone=True)
_OPEN = text(
    "state = ANY (ARRAY['requested'::text, 'pending'::text, 'sent'::text, 'settling'::text, 'returning'::text])"
)


def _text(default: str = "") -> Column[str]:
    return Column(Text, nullable=False, server_default=text(f"'{default}'::text"))


class PointsMove(SQLModel, table=True):
    """Points on their way out of a person's lots: an exchange, a gift, or their end."""

    __tablename__ = "points_move"
    __table_args__ = (
        CheckConstraint("kind IN ('exchange', 'gift', 'expiry')"),
        CheckConstraint("amount > 0"),
        Index("points_move_one_open", "person_id", "kind", unique=True, postgresql_where=_OPEN),
        Index("points_move_open", "updated_at", postgresql_where=_OPEN),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    move_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    kind: str = Field(default="exchange", sa_column=_text("exchange"))
    amount: int = Field(sa_column=Column(Integer, nullable=False))
    lots: Any = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    target: str = Field(default="", sa_column=_text())
    state: str = Field(default="requested", sa_column=_text("requested"))
    way: str = Field(default="", sa_column=_text())
    reason: str = Field(default="", sa_column=_text())
    actor: str = Field(default="", sa_column=_text())
    outbox_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    receipt: str = Field(default="", sa_column=_text())
    created_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    updated_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class PointsWallet(SQLModel, table=True):
    """Where a person's points go when they are exchanged."""

    __tablename__ = "points_wallet"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    wallet_hash: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    proof: str = Field(sa_column=Column(Text, nullable=False))
    noted_by: str = Field(sa_column=Column(Text, nullable=False))
    noted_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class PointsGoal(SQLModel, table=True):
    """A person's goal of the week, or that they want none."""

    __tablename__ = "points_goal"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    wanted: bool = Field(sa_column=Column(Boolean, nullable=False))
    goal: int | None = Field(default=None, sa_column=Column(Integer))
    updated_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class PointsMember(SQLModel, table=True):
    """A team or district in which a person's steps count."""

    __tablename__ = "points_member"
    __table_args__ = (Index("points_member_code", "group_code"), {"schema": "phr"})
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    group_code: str = Field(sa_column=Column(Text, primary_key=True))
    consent_id: str = Field(sa_column=Column(Text, nullable=False))
    joined_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    left_at: dt.datetime | None = Field(default=None, sa_column=Column(_MOMENT))


class PointsWeek(SQLModel, table=True):
    """What a group did in a week that is over; no steps where it is too small to say."""

    __tablename__ = "points_week"
    __table_args__ = {"schema": "phr"}
    group_code: str = Field(sa_column=Column(Text, primary_key=True))
    week: dt.date = Field(sa_column=Column(Date, primary_key=True))
    steps: int | None = Field(default=None, sa_column=Column(Integer))
    counted_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))


class PointsYear(SQLModel, table=True):
    """The statement of a closed year."""

    __tablename__ = "points_year"
    __table_args__ = {"schema": "phr"}
    fiscal_year: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    statement: Any = Field(sa_column=Column(JSONB, nullable=False))
    closed_at: dt.datetime = Field(sa_column=Column(_MOMENT, nullable=False))
    closed_by: str = Field(sa_column=Column(Text, nullable=False))
