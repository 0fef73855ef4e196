"""What the public-health nurse's pages receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.charts import Chart
from phr.web.views.parts import CheckUp, Reason

KINDS = ("alarm", "referral", "active-support", "motivational-support", "frailty", "trend")
"""Kinds of work, most urgent first."""


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One case. ``state``: new, claimed, contacted, waiting, closed; ``version`` guards against two nurses at once."""

    case: str
    kind: str
    name: str
    kana: str
    age: int | None
    district: str
    reasons: tuple[Reason, ...]
    state: str
    holder: str
    mine: bool
    waiting_hours: int
    deadline_hours: int | None
    version: int

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline_hours is not None and self.waiting_hours >= self.deadline_hours


@dataclass(frozen=True, slots=True)
class WorkList:
    """The cases, red first. ``counts`` by kind are of all open cases; ``kind`` is the filter, empty for all."""

    now: datetime
    rows: tuple[WorkRow, ...]
    counts: Mapping[str, int]
    kind: str
    page: int
    pages: int
    held: int
    capacity: int
    rule_versions: tuple[str, ...]
    notice: Literal["", "claimed", "taken", "closed"] = ""

    @property
    def total(self) -> int:
        """All open cases."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a category may be seen: permitted, not-shared (the resident has not), not-your-task."""

    category: str
    state: Literal["permitted", "not-shared", "not-your-task"]
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One contact or decision of a case. ``what``: words.EVENTS; ``undo`` until when it can be taken back."""

    ident: str
    at: datetime
    what: str
    outcome: str
    who: str
    memo: str = ""
    undo: datetime | None = None


@dataclass(frozen=True, slots=True)
class GuidancePoints:
    """Points of 第4期 guidance: (date, words.GUIDANCE_POINTS, points) each, against what completes it."""

    needed: int
    lines: tuple[tuple[date, str, int], ...]

    @property
    def total(self) -> int:
        """All points so far."""
        return sum(points for _, _, points in self.lines)


@dataclass(frozen=True, slots=True)
class Case:
    """One person's case: referral first, then the course, check-ups, reasons, permissions, contacts."""

    case: str
    kind: str
    name: str
    kana: str
    sex: Literal["M", "F", ""]
    born: date | None
    age: int | None
    district: str
    phone: str
    state: str
    holder: str
    mine: bool
    version: int
    referral: tuple[Reason, ...]
    reasons: tuple[Reason, ...]
    charts: tuple[Chart, ...]
    permissions: tuple[Permission, ...]
    check_up: CheckUp | None
    events: tuple[Event, ...]
    points: GuidancePoints | None
    guidance_period: tuple[date, date] | None = None
    notice: Literal["", "claimed", "recorded", "decided", "closed", "undone", "taken", "late"] = ""
    problems: Mapping[str, str] | None = None
