"""What the nurses' pages beside the list receive: the team with its plans, a search, numbers, and values in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from phr.web.views.staff import Neighbour


@dataclass(frozen=True, slots=True)
class Member:
    """A nurse: capacity, open cases, and who stands in for her."""

    subject: str
    name: str
    lead: bool
    protected: bool
    capacity: int
    held: int
    substitute: str
    away_from: date | None
    away_until: date | None


@dataclass(frozen=True, slots=True)
class Team:
    """The nurses of the organisation; ``lead`` says whether the reader may plan for others."""

    members: tuple[Member, ...]
    me: str
    lead: bool
    today: date
    moved: int = 0
    notice: Literal["", "saved", "moved"] = ""
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A person who was found. cases: case, kind and state of each."""

    name: str
    kana: str
    born: date | None
    age: int | None
    district: str
    address: str
    blocked: bool
    household: tuple[Neighbour, ...]
    cases: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """A search and its hits; None where nothing was asked yet."""

    name: str = ""
    born: str = ""
    address: str = ""
    hits: tuple[Hit, ...] | None = None
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """Numbers of one kind of case."""

    kind: str
    opened: int
    contacts: int
    closed: int
    escalated: int
    outcomes: tuple[tuple[str, int], ...]
    median_hours: float | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers of a time, by kind of case."""

    first: date
    last: date
    lines: tuple[Count, ...]
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unlikely value. values: item and number, as the pages name them."""

    ident: str
    at: datetime
    vital: str
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ApartValue:
    """A value that cannot be true, as it was sent."""

    ident: str
    vital: str
    category: str
    day: date
    reason: str
    values: tuple[str, ...]
    vouch: bool


@dataclass(frozen=True, slots=True)
class Doubts:
    """The values in doubt of one person: at their own page (no case), or on the nurse's page of a case."""

    doubts: tuple[Doubt, ...]
    apart: tuple[ApartValue, ...] = ()
    case: str = ""
    name: str = ""
    notice: Literal["", "confirmed", "set-aside", "discarded", "judged", "not-taken", "gone"] = ""
    problems: Mapping[str, str] | None = None
