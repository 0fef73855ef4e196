"""What the operator's pages receive: counts and states, never a person's data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.views.parts import Proof


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs hands (words.ATTENTION), with its count."""

    what: str
    tone: Literal["notice", "warn", "alarm"]
    count: int


@dataclass(frozen=True, slots=True)
class Connector:
    """One way in or out over the last 24 hours. ``state``: running, late, failing, off (words.CONNECTOR_STATES)."""

    name: str
    state: str
    received: int
    refused: int
    quarantined: int
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits to be delivered."""

    waiting: int
    failed: int
    oldest_seconds: int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the plan (words.FIGURES) with its unit in UCUM and a target, if there is one."""

    what: str
    value: float
    unit: str
    target: float | None = None


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
class Status:
    """How the service is: what needs hands first. ``quarantine`` and ``refused`` are (reason, count), most first."""

    now: datetime
    attention: tuple[Attention, ...]
    connectors: tuple[Connector, ...]
    outbox: Outbox
    quarantine: tuple[tuple[str, int], ...]
    refused: tuple[tuple[str, int], ...]
    audit: Proof | None
    emergency_unreviewed: int
    figures: tuple[Figure, ...]
    requests: tuple[ToApprove, ...] = ()
    notice: Literal["", "approved", "second-person"] = ""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A read that somebody must look at: refused, emergency or unusual. ``person`` is a pseudonym, not a name."""

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


@dataclass(frozen=True, slots=True)
class AuditReview:
    """Reads to review, oldest open first, and the state of the chain."""

    lines: tuple[AuditLine, ...]
    proof: Proof | None
    notice: Literal["", "reviewed"] = ""
