"""What the pages of programmes receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

MARKS = ("enrolled", "completed", "withdrew")


@dataclass(frozen=True, slots=True)
class ProgrammeLine:
    """A programme in the list; unseen: members whom consent no longer lets staff see."""

    ident: str
    name: str
    starts: date
    ends: date
    people: int
    unseen: int


@dataclass(frozen=True, slots=True)
class Programmes:
    """The list and the form for a new one. problems: field -> sentences "entry-problem"; typed: what was entered."""

    rows: tuple[ProgrammeLine, ...]
    outcomes: tuple[str, ...]
    problems: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a programme."""

    number: str
    name: str
    kana: str
    cohort: str
    day: date
    enrolled: date | None
    completed: date | None
    withdrew: date | None


@dataclass(frozen=True, slots=True)
class Loan:
    """A device that somebody has or had."""

    ident: str
    name: str
    kind: str
    lent: date
    returned: date | None
    lost: date | None


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval, in the unit of its outcome or in percent."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ShareLine:
    """So many of so many. name: invited, not_invited, completed, withdrew, or a year."""

    name: str
    count: int
    of: int
    share: Interval | None


@dataclass(frozen=True, slots=True)
class EffectLine:
    """One outcome compared; without ``effect`` there were not enough people."""

    outcome: str
    primary: bool
    pairs: int
    effect: Interval | None
    p: float | None
    decimals: int
    unit: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One outcome before and after in one group: participants or not-invited."""

    outcome: str
    group: str
    twice: int
    lost: int
    before: float | None
    after: float | None
    change: Interval | None
    decimals: int
    unit: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """What the last run found. limits: codes of what it does not say."""

    made_at: datetime
    ended: bool
    unused: int
    shares: tuple[ShareLine, ...]
    against_not_invited: Interval | None
    against_years: Interval | None
    effects: tuple[EffectLine, ...]
    changes: tuple[ChangeLine, ...]
    worn: tuple[float, float, float] | None
    association: Interval | None
    limits: tuple[str, ...]
    placebo: Interval | None = None
    if_lost_unchanged: float | None = None
    e_value: float | None = None


@dataclass(frozen=True, slots=True)
class ProgrammePage:
    """One programme. members: those of this page, by kana; notice: what just happened, with its numbers."""

    ident: str
    name: str
    target: str
    starts: date
    ends: date
    primary: str
    by_threshold: bool
    counts: Mapping[str, int]
    unseen: int
    members: tuple[Member, ...]
    loans: tuple[Loan, ...]
    devices: tuple[str, ...]
    cohorts: tuple[str, ...]
    kinds: tuple[str, ...]
    report: Report | None
    today: date
    notice: str = ""
    numbers: tuple[int, ...] = ()
    page: int = 1
    pages: int = 1

    @property
    def out(self) -> int:
        """Devices that are still with people."""
        return sum(one.returned is None and one.lost is None for one in self.loans)


def interval(found: Mapping[str, Any] | None, times: float = 1.0) -> Interval | None:
    """From the kept form of a report."""
    return None if found is None else Interval(*(times * found[name] for name in ("estimate", "low", "high")))
