"""Views of earning points: what earned them, awards that a person looks at, and the nurses' page of points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class PointProof:
    """What earned points. ``kind``: sentences "point-proof"; ``amount``: the day's steps; ``sources``: the devices."""

    kind: str
    day: date | None = None
    amount: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointReview:
    """An award that a person looks at. ``state``: held, looked, released, reversed; ``signals``: "point-signal"."""

    ident: str
    day: date
    points: int
    rule: str
    state: str
    signals: tuple[str, ...]
    proof: PointProof
    reason: str = ""
    answers: tuple[tuple[datetime, str], ...] = ()
    name: str = ""
    decided_by: str = ""


@dataclass(frozen=True, slots=True)
class StaffPoints:
    """The nurses' page of points. ``lists``: rules that staff list; ``screenings``: words.SCREENINGS, by variant."""

    today: date
    waiting: tuple[PointReview, ...] = ()
    decided: tuple[PointReview, ...] = ()
    notice: Literal["", "released", "reversed", "listed", "goal", "room"] = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    counted: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    code: str = ""
    goal: tuple[int, int] = (0, 0)
