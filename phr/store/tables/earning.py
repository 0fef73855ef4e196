"""Awards that a person looks at, what residents answer, and step goals that nurses agreed, as SQLModel classes."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


def _empty() -> Column[str]:
    return Column(Text, nullable=False, server_default=text("''::text"))


class PointsReview(SQLModel, table=True):
    """An award that a person looks at before or after it reaches the ledger."""

    __tablename__ = "points_review"
    __table_args__ = (
        Index("points_review_key", "person_id", "event_key", unique=True),
        Index("points_review_open", "state", "opened_at"),
        {"schema": "phr"},
    )
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    review_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    variant: str = Field(sa_column=Column(Text, nullable=False))
    occasion: str = Field(sa_column=Column(Text, nullable=False))
    event_key: str = Field(sa_column=Column(Text, nullable=False))
    points: int = Field(sa_column=Column(Integer, nullable=False))
    recording: str = Field(sa_column=Column(Text, nullable=False))
    evidence: str = Field(sa_column=Column(Text, nullable=False))
    uploaded: date = Field(sa_column=Column(Date, nullable=False))
    signals: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    posted: bool = Field(sa_column=Column(Boolean, nullable=False))
    recorded_by: str = Field(default="", sa_column=_empty())
    state: str = Field(
        default="open", sa_column=Column(Text, nullable=False, server_default=text("'open'::text"))
    )
    reason: str = Field(default="", sa_column=_empty())
    decided_by: str = Field(default="", sa_column=_empty())
    opened_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    decided_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class PointsAnswer(SQLModel, table=True):
    """What a resident says to a review."""

    __tablename__ = "points_answer"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    answer_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    review_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    category: str = Field(sa_column=Column(Text, nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class StepGoal(SQLModel, table=True):
    """A step goal that a nurse agreed with a person, from a day on."""

    __tablename__ = "step_goal"
    __table_args__ = {"schema": "phr"}
    person_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    goal_id: UUID = Field(sa_column=Column(PgUuid, primary_key=True))
    category: str = Field(
        default="activity", sa_column=Column(Text, nullable=False, server_default=text("'activity'::text"))
    )
    day: date = Field(sa_column=Column(Date, nullable=False))
    steps: int = Field(sa_column=Column(Integer, nullable=False))
    set_by: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
