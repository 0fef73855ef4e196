"""What the public-health nurse's pages receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.charts import Chart
from phr.web.views.guidance import CaseGuidance, GuidancePoints
from phr.web.views.parts import CheckUp, Reason

KINDS = ("alarm", "referral", "active-support", "motivational-support", "frailty", "trend", "check-in")
"""Kinds of work, most urgent first."""


@dataclass(frozen=True, slots=True)
class Also:
    """Another open case of the same person. reasons: of one that is told in the same row; none where it has its own."""

    case: str
    kind: str
    state: str
    holder: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One case. ``state``: new, seen, claimed, contacted, waiting, closed; ``version`` guards against two nurses at once.

    blocked: under a protective measure; again: first of a storm, with the kind of device and how many more there are;
    also: the person's other open cases.
    """

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
    blocked: bool = False
    escalated: bool = False
    again: tuple[str, int] | None = None
    also: tuple[Also, ...] = ()

    @property
    def late(self) -> bool:
        """Whether the deadline has passed."""
        return self.deadline_hours is not None and self.waiting_hours >= self.deadline_hours


@dataclass(frozen=True, slots=True)
class Gone:
    """A case that cannot be seen: not there, of another organisation, or not shared any more; which one is not told."""


@dataclass(frozen=True, slots=True)
class WorkList:
    """The cases, red first. ``counts`` by kind are of all open cases; ``kind`` is the filter, empty for all.

    hidden: free cases beyond the nurse's capacity that are not shown unless ``whole``; storms: kind of device and number
    of people; covered: for whom she stands in today; ask: the case that she would take beyond her capacity.
    """

    now: datetime
    rows: tuple[WorkRow, ...]
    counts: Mapping[str, int]
    kind: str
    page: int
    pages: int
    held: int
    capacity: int
    rule_versions: tuple[str, ...]
    hidden: int = 0
    whole: bool = False
    storms: tuple[tuple[str, int], ...] = ()
    covered: tuple[str, ...] = ()
    lead: bool = False
    ask: str = ""
    ask_version: int = 0
    notice: Literal["", "claimed", "taken", "closed", "full"] = ""

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
class Purpose:
    """What a purpose of the nurse's work may see today: the kinds of data; none of them when it is not shared."""

    purpose: str
    categories: tuple[str, ...]
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
class Neighbour:
    """Somebody at the same address."""

    name: str
    age: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """One person's case: referral first, then the course, check-ups, reasons, permissions, contacts.

    blocked: the address is under a protective measure; mine: in the nurse's hands, or of whom she stands in for;
    unlikely: values that wait for a word; apart: values in quarantine; others: case, kind and state of the person's
    other cases; purposes: what each purpose of the nurse's work may see; typed: what a form held that was not taken.
    """

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
    guidance: CaseGuidance | None = None
    blocked: bool = False
    address: str = ""
    household: tuple[Neighbour, ...] = ()
    escalated: datetime | None = None
    colleagues: tuple[tuple[str, str], ...] = ()
    lead: bool = False
    unlikely: int = 0
    apart: int = 0
    others: tuple[tuple[str, str, str], ...] = ()
    notice: Literal[
        "",
        "claimed",
        "recorded",
        "decided",
        "closed",
        "undone",
        "taken",
        "late",
        "full",
        "released",
        "transferred",
    ] = ""
    problems: Mapping[str, str] | None = None
    purposes: tuple[Purpose, ...] = ()
    typed: Mapping[str, str] | None = None
