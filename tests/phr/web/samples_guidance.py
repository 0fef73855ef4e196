"""Invented views of specific health guidance: a list, courses in every stage, a resident's own plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.domain.guidance.course import possible
from phr.web.views.guidance import (
    CaseGuidance,
    CourseList,
    CoursePage,
    CourseRow,
    GoalLine,
    GuidancePoints,
    OwnCourse,
    OwnGuidance,
    PlanView,
    StepLine,
    TargetLine,
    WeekCell,
    WeekTable,
)

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
BEGUN = date(2026, 8, 10)
DUE = date(2026, 11, 10)
GOALS = (GoalLine("diet", "夜のごはんを半分にする", 150), GoalLine("exercise", "毎日20分歩く", 80))
PLAN = PlanView(2.0, 2.0, GOALS, 1.97)
POINTS = GuidancePoints(
    180,
    ((BEGUN, "same-day", 20), (BEGUN + timedelta(days=20), "interview", 70), (DAY, "message", 30)),
)


def weeks(vital: str, value: float, step: float, *missing: int) -> WeekTable:
    cells = tuple(
        WeekCell(
            DAY - timedelta(days=55 - 7 * i),
            0 if i in missing else 6,
            None if i in missing else value + step * i,
        )
        for i in range(8)
    )
    return WeekTable(vital, True, WeekCell(BEGUN - timedelta(days=28), 20, value - 4 * step), cells)


STEPS = (
    StepLine(
        NOW, "contacted", "高橋 美咲", "public-health-nurse", DAY, "message", 0, "返事がとても早い", 30,
        undo=NOW + timedelta(hours=23),
    ),
    StepLine(NOW - timedelta(days=9), "dropped-out", "高橋 美咲", "public-health-nurse", note="まちがい", undone=True),
    StepLine(NOW - timedelta(days=80), "contacted", "高橋 美咲", "dietitian", BEGUN + timedelta(days=20), "individual", 20, "", 70),
    StepLine(NOW - timedelta(days=102), "planned", "高橋 美咲", "public-health-nurse"),
    StepLine(NOW - timedelta(days=103), "interviewed", "高橋 美咲", "public-health-nurse", BEGUN, "individual", 25),
    StepLine(NOW - timedelta(days=110), "invited", "nurse-2", "doctor", detail="letter"),
    StepLine(NOW - timedelta(days=111), "proposed", "高橋 美咲", ""),
)  # fmt: skip
SUPPORTING = CoursePage(
    course="c1",
    name="田村 浩",
    kana="タムラ ヒロシ",
    age=56,
    level="active-support",
    state="supporting",
    version=7,
    edition="JP-TH-4-2024",
    second_year=False,
    responsible=True,
    checkup_day=BEGUN,
    waist_cm=95.0,
    weight_kg=80.0,
    today=DAY,
    due=DUE,
    next_day=DAY + timedelta(days=14),
    may=possible("supporting"),
    half=False,
    plan=PLAN,
    points=POINTS,
    missing=60,
    needed_of_a=0,
    third_period=False,
    targets=(TargetLine("full", 93.0, 78.0, 180), TargetLine("part", 94.0, 79.0, 20)),
    weeks=(
        weeks("steps", 6200.0, 40.0, 2),
        weeks("weight", 79.0, -0.2, 0, 1, 3),
        WeekTable("sleep", False, None, ()),
    ),
    steps=STEPS,
    licence="public-health-nurse",
    case="a3",
)
PROPOSED = replace(
    SUPPORTING, state="proposed", may=possible("proposed"), plan=None, points=GuidancePoints(180, ()), missing=180,
    weeks=(), due=None, next_day=None, steps=STEPS[-1:], case="", kana="", age=None,
)  # fmt: skip
WRONG = {
    "version": "7",
    "licence": "doctor",
    "day": "2026-11-01",
    "result": "full",
    "waist_cm": "94",
    "habit-diet": "1",
}
ROWS = (
    CourseRow("c1", "田村 浩", "タムラ ヒロシ", "active-support", "supporting", BEGUN, DUE, DAY, True),
    CourseRow("c2", "佐藤 和子", "サトウ カズコ", "motivational-support", "invited", DAY, None, None, False),
)
OWN = OwnCourse(
    "supporting", BEGUN, BEGUN, DUE, DAY + timedelta(days=14), PLAN, ((DAY - timedelta(days=30), "phone"),)
)
ENDED = replace(
    OWN,
    state="completed",
    next_day=None,
    evaluation_day=DAY,
    lost_cm=2.1,
    lost_kg=-0.4,
    kept=("diet", "smoking"),
)
CASES = {
    "case-guidance": CaseGuidance(
        "none", "c1", "active-support", "supporting", DUE, DAY, POINTS, 60, (BEGUN, DUE)
    ),
    "case-guidance-new": CaseGuidance("propose"),
    "case-guidance-others": CaseGuidance("information-only"),
    "case-guidance-again": CaseGuidance("propose", "c1", "motivational-support", "declined"),
}
_COURSES = {
    "guidance": SUPPORTING,
    "guidance-proposed": PROPOSED,
    "guidance-invited": replace(PROPOSED, state="invited", may=possible("invited"), half=True, notice="recorded"),
    "guidance-interviewed": replace(SUPPORTING, state="interviewed", may=possible("interviewed"), plan=None, notice="undone"),
    "guidance-evaluated": replace(SUPPORTING, state="evaluated", may=possible("evaluated"), missing=0, notice="taken"),
    "guidance-ended": replace(SUPPORTING, state="completed", may=frozenset(), missing=0, notice="late"),
    "guidance-elsewhere": replace(SUPPORTING, responsible=False, may=frozenset({"dropped-out"}), points=None, second_year=True),
    "guidance-third": replace(SUPPORTING, third_period=True, needed_of_a=160, waist_cm=None, weight_kg=None, targets=()),
    "guidance-wrong": replace(SUPPORTING, problems={"result": "refused", "day": "not-a-day"}, typed=WRONG, form="evaluate"),
    "guidance-wrong-plan": replace(
        SUPPORTING, problems={"expected": "refused", "goal1": "needed"}, typed={"goal2": "歩く"}, form="plan"
    ),
}  # fmt: skip
VIEWS = {
    **{name: ("guidance_course", "nurse", view) for name, view in _COURSES.items()},
    "guidance-list": ("guidance_list", "nurse", CourseList(DAY, ROWS, ended=False)),
    "guidance-list-ended": ("guidance_list", "nurse", CourseList(DAY, (), ended=True)),
    "guidance-own": ("guidance_own", "resident", OwnGuidance((OWN, ENDED))),
    "guidance-own-invited": (
        "guidance_own", "resident",
        OwnGuidance((replace(OWN, state="invited", plan=None, next_day=None, interview_day=None, due=None, talks=()),)),
    ),
    "guidance-own-none": ("guidance_own", "resident", OwnGuidance(())),
}  # fmt: skip
"""Name of the state -> template, role that sees it, view."""
