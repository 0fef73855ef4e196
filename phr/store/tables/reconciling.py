"""What stands between us and the points ledger, as SQLModel classes: breaker, budgets, comparisons, files."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import Field, SQLModel

MOMENT = TIMESTAMP(timezone=True)


class LedgerBreaker(SQLModel, table=True):
    """Whether a ledger is called or left alone, as all workers know it."""

    __tablename__ = "ledger_breaker"
    __table_args__ = {"schema": "phr"}
    name: str = Field(sa_column=Column(Text, primary_key=True))
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    open_until: datetime | None = Field(default=None, sa_column=Column(MOMENT))
    why: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))


class LedgerBudget(SQLModel, table=True):
    """Points put into the budget of one event: by whom, and when the ledger had them."""

    __tablename__ = "ledger_budget"
    __table_args__ = (CheckConstraint("amount > 0", name="ledger_budget_amount_check"), {"schema": "phr"})
    ledger: str = Field(sa_column=Column(Text, primary_key=True))
    reference: str = Field(sa_column=Column(Text, primary_key=True))
    fiscal_year: int = Field(sa_column=Column(Integer, nullable=False))
    event: str = Field(sa_column=Column(Text, nullable=False))
    asset: str = Field(sa_column=Column(Text, nullable=False))
    amount: int = Field(sa_column=Column(BigInteger, nullable=False))
    actor: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    funded_at: datetime | None = Field(default=None, sa_column=Column(MOMENT))


class LedgerReconciliation(SQLModel, table=True):
    """One comparison of our letters with the ledger's log."""

    __tablename__ = "ledger_reconciliation"
    __table_args__ = {"schema": "phr"}
    ledger: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    whole: bool = Field(sa_column=Column(Boolean, nullable=False))
    through: int = Field(sa_column=Column(BigInteger, nullable=False))
    theirs: int = Field(sa_column=Column(BigInteger, nullable=False))
    ours: int = Field(sa_column=Column(BigInteger, nullable=False))
    found: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerDifference(SQLModel, table=True):
    """One reference on which we and the ledger disagree."""

    __tablename__ = "ledger_difference"
    __table_args__ = (
        CheckConstraint(
            "kind = ANY (ARRAY['missing-there'::text, 'missing-here'::text, 'amount'::text, 'twice'::text,"
            " 'given-up'::text])",
            name="ledger_difference_kind_check",
        ),
        ForeignKeyConstraint(
            ["ledger", "day"],
            ["phr.ledger_reconciliation.ledger", "phr.ledger_reconciliation.day"],
            ondelete="CASCADE",
            name="ledger_difference_ledger_day_fkey",
        ),
        {"schema": "phr"},
    )
    ledger: str = Field(sa_column=Column(Text, primary_key=True))
    day: date = Field(sa_column=Column(Date, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    reference: str = Field(sa_column=Column(Text, primary_key=True))
    ours: int = Field(sa_column=Column(BigInteger, nullable=False))
    theirs: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerFile(SQLModel, table=True):
    """One file for a platform without an interface, byte for byte."""

    __tablename__ = "ledger_file"
    __table_args__ = {"schema": "phr"}
    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    made_at: datetime = Field(sa_column=Column(MOMENT, nullable=False))
    encoding: str = Field(sa_column=Column(Text, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    lines: int = Field(sa_column=Column(Integer, nullable=False))
    total: int = Field(sa_column=Column(BigInteger, nullable=False))


class LedgerFileLine(SQLModel, table=True):
    """One line of such a file: the letter that it is, and what the platform said of it."""

    __tablename__ = "ledger_file_line"
    __table_args__ = (
        CheckConstraint(
            "result = ANY (ARRAY[''::text, 'accepted'::text, 'refused'::text])",
            name="ledger_file_line_result_check",
        ),
        Index(
            "ledger_file_line_pending",
            "outbox_id",
            unique=True,
            postgresql_where=text("result <> 'refused'::text"),
        ),
        {"schema": "phr"},
    )
    number: int = Field(sa_column=Column(BigInteger, ForeignKey("phr.ledger_file.number"), primary_key=True))
    line: int = Field(sa_column=Column(Integer, primary_key=True))
    outbox_id: UUID = Field(sa_column=Column(PgUuid, nullable=False))
    reference: str = Field(sa_column=Column(Text, nullable=False))
    result: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    code: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=text("''::text")))
    at: datetime | None = Field(default=None, sa_column=Column(MOMENT))
