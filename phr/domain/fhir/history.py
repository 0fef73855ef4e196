"""A history: the versions of documents, and which of them are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document as it is kept."""

    person_id: UUID
    type: str
    id: str
    version: int
    deleted: bool
    category: str
    day: date
    updated_at: datetime
    body: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which versions are asked for, newest first.

    own: whether whose they are asks, who sees what was before a deletion too; since: not before; low, high: current at
    some time in [low, high); after: the place of the last one of the page before.
    """

    person: UUID
    own: bool
    kind: str = ""
    id: str = ""
    since: datetime | None = None
    low: datetime | None = None
    high: datetime | None = None
    count: int = 50
    after: tuple[datetime, str, str, int] | None = None
