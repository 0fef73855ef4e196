"""What the operator's pages of requests and reviews receive, never a person's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.views.parts import Proof


@dataclass(frozen=True, slots=True)
class ToApprove:
    """A request for de-identified data that needs an approval; ``mine`` when this operator already gave one."""

    number: str
    title: str
    organisation: str
    committee: str
    purpose: str
    variables: tuple[str, ...]
    first: date
    last: date
    approvals: int
    mine: bool


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A read that somebody must look at: refused, emergency or unusual. ``person`` is a pseudonym, empty for many people.

    reason: of the refusal, of the emergency (sentences "glass-reason") or the rule (sentences "unusual-rule");
    note: what the nurse wrote; until: when an emergency must have been reviewed.
    """

    ident: str
    at: datetime
    who: str
    role: str
    person: str
    purpose: str
    categories: tuple[str, ...]
    kind: Literal["refused", "emergency", "unusual"]
    reason: str
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    note: str = ""
    count: int = 0
    until: datetime | None = None
    overdue: bool = False
    finding: str = ""
    finding_note: str = ""


@dataclass(frozen=True, slots=True)
class AuditReview:
    """Reads to review, oldest open first, and the state of the chain."""

    lines: tuple[AuditLine, ...]
    proof: Proof | None
    notice: Literal["", "reviewed", "own", "done-already", "note"] = ""
