"""What the pages of rights receive: copies, corrections, requests with their clock, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

CopyState = Literal["waiting", "making", "ready", "failed", "removed"]
Clock = Literal["done", "in-time", "soon", "late"]


@dataclass(frozen=True, slots=True)
class CopyLine:
    """One copy of everything. key: what binds its link to this session."""

    ident: str
    state: CopyState
    at: datetime
    percent: int
    size: int
    until: datetime
    key: str


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request. state (sentences "request-standing"); facts: what the request says, in the words of the page."""

    ident: str
    kind: str
    state: str
    clock: Clock
    asked: datetime
    due: date
    left: int
    handler: str = ""
    as_whom: str = "self"
    text: str = ""
    decision: str = ""
    extension: str = ""
    whose: str = ""
    recipients: tuple[tuple[str, str], ...] = ()
    cancellable: bool = False


@dataclass(frozen=True, slots=True)
class Documents:
    """The page of one's documents and rights. deleting: the day on which the record goes, if that was asked for."""

    copies: tuple[CopyLine, ...]
    requests: tuple[RequestLine, ...]
    stopped: bool
    days: int
    keep_days: int
    today: date
    deleting: RequestLine | None = None
    notice: str = ""

    @property
    def busy(self) -> bool:
        """Whether a copy is on its way."""
        return any(one.state in {"waiting", "making"} for one in self.copies)


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One stored value. Texts are in both languages (Japanese, English); values: name, its text, number, decimals."""

    ident: str
    vital: tuple[str, str]
    at: datetime
    values: tuple[tuple[str, tuple[str, str], float, int], ...]
    typed: bool


@dataclass(frozen=True, slots=True)
class Correct:
    """The values of a day, and the one that is being corrected."""

    day: date
    today: date
    lines: tuple[ValueLine, ...]
    chosen: ValueLine | None = None
    typed: Mapping[str, str] | None = None
    reason: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DeleteAccount:
    """What goes and what stays. fresh: whether the sign-in is young enough. kept: (what, years)."""

    fresh: bool
    cooling: int
    counts: tuple[tuple[str, int], ...]
    kept: tuple[tuple[str, int], ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RightsWork:
    """What the staff must answer, most urgent first, and what was answered last. ``typed``: into the form of a new one."""

    open: tuple[RequestLine, ...]
    decided: tuple[RequestLine, ...]
    today: date
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerLine:
    """One report that is owed."""

    what: str
    due: date
    clock: Clock


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident with its clock; counts, and nobody's name."""

    ident: str
    title: str
    kind: str
    known: datetime
    persons: int
    concerned: int
    untold: int
    categories: tuple[str, ...]
    encrypted: bool
    malicious: bool
    drill: bool
    closed: bool
    must_report: bool
    timers: tuple[TimerLine, ...]


@dataclass(frozen=True, slots=True)
class Incidents:
    """The register of incidents."""

    lines: tuple[IncidentLine, ...]
    today: date
    tell: tuple[str, ...]
    kinds: tuple[str, ...]
    notice: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProvisionLine:
    """One provision to a third party."""

    at: datetime
    kind: str
    recipient: str
    items: tuple[str, ...]
    persons: int
    basis: str


@dataclass(frozen=True, slots=True)
class Provisions:
    """The log of provisions."""

    lines: tuple[ProvisionLine, ...]
    years: int


@dataclass(frozen=True, slots=True)
class Privacy:
    """The public page: the policy in short, what is kept, and the self-check. checks: (ident, state, page)."""

    recipient: str
    days: int
    copy_days: int
    kept: tuple[tuple[str, int], ...]
    checks: tuple[tuple[str, str, str], ...]
    ends_on: date | None = None
    export_until: date | None = None
