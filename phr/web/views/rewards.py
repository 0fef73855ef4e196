"""What the pages of points that are used receive: exchange, gifts, the statement, goals and groups, and the counter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class MoveLine:
    """Points that left, or are about to. state: table "exchange-state"; reason: table "exchange-reason"."""

    move: str
    day: date
    kind: str
    amount: int
    state: str
    reason: str = ""
    target: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExchangePage:
    """Exchange. usable: None while the ledger does not answer. amounts: what can be asked for now."""

    usable: int | None
    amounts: tuple[int, ...]
    wallet: bool
    open: MoveLine | None
    lines: tuple[MoveLine, ...]
    minimum: int
    may_cancel: bool = False
    notice: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GivePage:
    """A gift. to: code and names of those on the list. asked: what is to be confirmed before it is sent."""

    usable: int | None
    to: tuple[tuple[str, Mapping[str, str]], ...]
    amounts: tuple[int, ...]
    lines: tuple[MoveLine, ...]
    minimum: int
    asked: tuple[str, Mapping[str, str], int] | None = None
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StatementPage:
    """A fiscal year. rows: day, kind ("rule" or that of a move), points, state, names of the rule or of who received."""

    year: int
    years: tuple[int, ...]
    rows: tuple[tuple[date, str, int, str, Mapping[str, str]], ...]
    earned: tuple[tuple[Mapping[str, str], int], ...]
    exchanged: int
    given: int
    expired: int
    waiting: int
    lots: tuple[tuple[date, int], ...] | None


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group: its code, team or district, the week, and the mean of a day; None while too few."""

    code: str
    kind: str
    name: str
    week: date
    steps: int | None


@dataclass(frozen=True, slots=True)
class TogetherPage:
    """Goal, streak and groups. why: table "goal-why"."""

    wanted: bool
    goal: int | None
    proposed: int | None
    why: str
    streak: int
    plateau: int
    groups: tuple[GroupLine, ...]
    may_team: bool
    may_district: bool
    brushing: bool = False
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WaitingLine:
    """An exchange that waits for an answer, at the counter."""

    move: str
    patient: str
    name: str
    day: date
    amount: int
    state: str


@dataclass(frozen=True, slots=True)
class CounterExchange:
    """The counter's page: what waits, or one person with wallet and points."""

    waiting: tuple[WaitingLine, ...] = ()
    patient: str = ""
    name: str = ""
    usable: int | None = None
    amounts: tuple[int, ...] = ()
    gifts: tuple[int, ...] = ()
    to: tuple[tuple[str, Mapping[str, str]], ...] = ()
    proofs: tuple[str, ...] = ()
    wallet: bool = False
    open: MoveLine | None = None
    lines: tuple[MoveLine, ...] = ()
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
