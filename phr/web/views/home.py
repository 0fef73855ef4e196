"""What the pages show of measurements at home, judged over days and never by one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class HomeWeek:
    """Seven days of home blood pressure. ``high``: whether a judged mean reaches the limit; None before five days.

    ``wrist``: readings at the wrist, shown and not judged. ``refused``: readings that cannot be true.
    ``over_target``: against the target that a nurse set for this person, None where there is none.
    """

    first: date
    last: date
    high: bool | None
    missing: int
    wrist: int = 0
    refused: int = 0
    target: tuple[float, float] | None = None
    over_target: bool | None = None


@dataclass(frozen=True, slots=True)
class OwnChange:
    """The middle value of the recent days against the days before; None with too few days that count.

    ``recent`` and ``past`` are (days, needed, span): days that count, days needed, days looked at. ``moved``: up or
    down where the change is large in itself and against the own usual spread, else empty. ``worn``: whether only days
    count on which the device was worn long enough (hours).
    """

    vital: str
    recent: tuple[int, int, int]
    past: tuple[int, int, int]
    values: tuple[float, float] | None
    moved: str
    decimals: int
    unit: str
    worn: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A share of time with a glucose sensor, in percent. ``side``: at-least or at-most the target."""

    key: str
    value: float
    target: float
    side: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class GlucoseShares:
    """Time in range over two weeks. ``enough`` says whether targets may be spoken of at all."""

    first: date
    last: date
    readings: int
    covered: float
    needed: float
    enough: bool
    mean: float | None
    shares: tuple[Share, ...]
    older: bool


@dataclass(frozen=True, slots=True)
class TargetPage:
    """The nurse's page of one person's week of blood pressure and goal. ``proposed``: what the form begins with.

    ``permitted``: whether the goal may be set at all; ``typed`` keeps what was typed, ``problems`` what is wrong with it.
    """

    patient: str
    name: str
    age: int | None
    target: tuple[float, float] | None
    proposed: tuple[float, float] | None
    week: HomeWeek | None
    averages: tuple[Mean, ...]
    permitted: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None
    saved: bool = False


@dataclass(frozen=True, slots=True)
class Mean:
    """Mornings or evenings of the week: how many days, and the mean once there are enough."""

    slot: str
    days: int
    needed: int
    values: tuple[float, float] | None
