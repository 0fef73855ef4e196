"""What the pages of specific health guidance receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Notice = Literal["", "recorded", "undone", "taken", "late", "refused"]


@dataclass(frozen=True, slots=True)
class GuidancePoints:
    """Points of 第4期 guidance: (date, words.GUIDANCE_POINTS, points) each, against what completes it."""

    needed: int
    lines: tuple[tuple[date, str, int], ...]

    @property
    def total(self) -> int:
        """All points so far."""
        return sum(points for _, _, points in self.lines)


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One course in the list. ``due``: first day of the evaluation."""

    course: str
    name: str
    kana: str
    level: str
    state: str
    checkup_day: date
    due: date | None
    next_day: date | None
    late: bool


@dataclass(frozen=True, slots=True)
class CourseList:
    """Courses, those whose evaluation is due first on top; ``ended`` shows the closed ones instead."""

    today: date
    rows: tuple[CourseRow, ...]
    ended: bool

    @property
    def due(self) -> int:
        """How many evaluations may be done now."""
        return sum(row.due is not None and row.due <= self.today for row in self.rows)


@dataclass(frozen=True, slots=True)
class WeekCell:
    """The mean of a stretch of days with the number of measured ones; None where nothing was measured."""

    first: date
    days: int
    mean: float | None


@dataclass(frozen=True, slots=True)
class WeekTable:
    """One vital before the guidance and in the last eight weeks; ``shared``: whether the resident shares it."""

    vital: str
    shared: bool
    before: WeekCell | None
    weeks: tuple[WeekCell, ...]


@dataclass(frozen=True, slots=True)
class GoalLine:
    """One agreed goal."""

    area: str
    text: str
    kcal_day: int | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """What was agreed; ``expected_kg`` is what the energies come to in two months, where they are known."""

    lose_cm: float
    lose_kg: float
    goals: tuple[GoalLine, ...]
    expected_kg: float | None = None


@dataclass(frozen=True, slots=True)
class TargetLine:
    """What waist and weight must come to for a result."""

    result: str
    waist_cm: float
    weight_kg: float
    points: int


@dataclass(frozen=True, slots=True)
class StepLine:
    """One event of the course. ``undo``: until when the last one can be taken back."""

    at: datetime
    what: str
    who: str
    licence: str
    day: date | None = None
    detail: str = ""
    minutes: int = 0
    note: str = ""
    points: int | None = None
    undone: bool = False
    undo: datetime | None = None


@dataclass(frozen=True, slots=True)
class CoursePage:
    """One course: plan, contacts with points, what is missing, and the forms that its state allows (``may``)."""

    course: str
    name: str
    kana: str
    age: int | None
    level: str
    state: str
    version: int
    edition: str
    second_year: bool
    responsible: bool
    checkup_day: date
    waist_cm: float | None
    weight_kg: float | None
    today: date
    due: date | None
    next_day: date | None
    may: frozenset[str]
    half: bool
    plan: PlanView | None
    points: GuidancePoints | None
    missing: int
    needed_of_a: int
    third_period: bool
    targets: tuple[TargetLine, ...]
    weeks: tuple[WeekTable, ...]
    steps: tuple[StepLine, ...]
    licence: str = ""
    case: str = ""
    notice: Notice = ""
    problems: Mapping[str, str] | None = None
    typed: Mapping[str, str] | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class CaseGuidance:
    """Guidance on the page of a case: what there is, or whether it may begin. ``may``: propose, information-only, none."""

    may: Literal["propose", "information-only", "none"]
    course: str = ""
    level: str = ""
    state: str = ""
    due: date | None = None
    next_day: date | None = None
    points: GuidancePoints | None = None
    missing: int = 0
    period: tuple[date, date] | None = None
    plan: PlanView | None = None


@dataclass(frozen=True, slots=True)
class OwnCourse:
    """A resident's own guidance, in easy words and without points."""

    state: str
    checkup_day: date
    interview_day: date | None
    due: date | None
    next_day: date | None
    plan: PlanView | None
    talks: tuple[tuple[date, str], ...]
    evaluation_day: date | None = None
    lost_cm: float | None = None
    lost_kg: float | None = None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnGuidance:
    """All of a resident's guidance, newest first; none before the first invitation."""

    courses: tuple[OwnCourse, ...]
