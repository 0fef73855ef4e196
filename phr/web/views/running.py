"""What the pages of those who run the service receive: states, counts, figures, and the accounts of staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.views.operate import ToApprove
from phr.web.views.parts import Proof

_WIDE, _HIGH = 120.0, 28.0


@dataclass(frozen=True, slots=True)
class Attention:
    """Something that needs hands (sentences "attention", and "attention-do" for what to do), with its count."""

    what: str
    tone: Literal["notice", "warn", "alarm"]
    count: int


@dataclass(frozen=True, slots=True)
class Connector:
    """A way in: a cloud, a box, or a worker. ``state``: running, late, failing, off (sentences "connector-state").

    number: connections of a cloud; failing: those that failed last; last: the last success or sign of life.
    """

    kind: Literal["cloud", "box", "worker"]
    name: str
    state: str
    last: datetime | None
    number: int = 1
    failing: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """Letters of one kind that wait, and since when the oldest."""

    kind: str
    waiting: int
    oldest_seconds: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A letter that nobody tries any more; whose it is, is not told."""

    ident: str
    kind: str
    at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeps the data from loss: the last backup, copy of the server or drill, the log that is kept, and the standby.

    state: running, late, failing, or off, which there is none of (sentences "kept-state"); at: the last that went well, of
    the log the instant up to which it is kept; size: bytes of the file, of log that waits, or of log that the standby has
    not replayed; seconds: how far the standby is behind; age: seconds since ``at``.
    """

    kind: str
    state: str
    at: datetime | None = None
    size: int | None = None
    seconds: int | None = None
    age: int | None = None

    @property
    def tone(self) -> str:
        """Of the badge; a backup that never was is late, the rest is for who wants it."""
        tones = {"running": "ok", "late": "warn", "failing": "alarm"}
        return tones.get(self.state, "warn" if self.kind in {"backup", "restore-drill"} else "plain")

    @property
    def to_do(self) -> str:
        """Its sentence of "kept-do"."""
        if self.state == "running":
            return "running"
        return f"{self.kind}-off" if self.tone == "plain" else self.kind


@dataclass(frozen=True, slots=True)
class FigureLine:
    """One figure of the plan over the weeks: None was not measured or is of fewer than k people (``few`` says which).

    ``part``: a purpose, where there is one figure for each.
    """

    what: str
    part: str
    unit: str
    values: tuple[float | None, ...]
    few: tuple[bool, ...]

    @property
    def newest(self) -> float | None:
        """The last one."""
        return self.values[-1] if self.values else None

    @property
    def strokes(self) -> tuple[str, ...]:
        """Points of a small picture, from zero to the largest; a gap breaks the line."""
        most = max((value for value in self.values if value is not None), default=0.0) or 1.0
        step = _WIDE / max(1, len(self.values) - 1)
        found: list[list[str]] = [[]]
        for place, value in enumerate(self.values):
            if value is None:
                found.append([])
            else:
                found[-1].append(f"{place * step:.1f},{_HIGH - 2 - value / most * (_HIGH - 4):.1f}")
        return tuple(" ".join(points) for points in found if points)


@dataclass(frozen=True, slots=True)
class Status:
    """How the service is: what needs hands first. ``quarantine`` and ``refused`` are (reason, count), most first.

    root: last day of the trail with a published root; locked: names that must wait; failed: failures in 24 hours;
    weeks: the days of the figures.
    """

    now: datetime
    attention: tuple[Attention, ...]
    connectors: tuple[Connector, ...]
    queues: tuple[Queue, ...]
    dead: tuple[DeadLetter, ...]
    quarantine: tuple[tuple[str, int], ...]
    refused: tuple[tuple[str, int], ...]
    audit: Proof | None
    root: date | None
    emergency_unreviewed: int
    locked: int
    failed: int
    kept: tuple[Kept, ...]
    k: int
    weeks: tuple[date, ...]
    figures: tuple[FigureLine, ...]
    requests: tuple[ToApprove, ...] = ()
    notice: Literal["", "approved", "second-person", "retried", "gone"] = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of an account that waits. ``mine``: who looks has asked for it, ``own``: it is about who looks."""

    ident: str
    role: str
    organisation: str
    by: str
    at: datetime
    mine: bool
    own: bool = False


@dataclass(frozen=True, slots=True)
class StaffAccount:
    """An account of staff; ``me`` is who looks. second: whether it has a second factor."""

    ident: str
    subject: str
    name: str
    role: str
    recipient: str
    organisation: str
    disabled: bool
    sessions: int
    seen: datetime | None
    second: bool
    me: bool
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class StaffAccounts:
    """The accounts of staff; ``problem`` says why something was not done (sentences "staff-account-problem")."""

    accounts: tuple[StaffAccount, ...]
    roles: tuple[str, ...]
    notice: str = ""
    problem: str = ""
    at: str = ""
    typed: Mapping[str, str] | None = None

    @property
    def waiting(self) -> int:
        """Changes that wait for a second person."""
        return sum(one.change is not None for one in self.accounts)
