"""Invented views of the nurses' pages: the list when it is too much, a case behind a block, the team, a search, values in doubt."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from phr.web.views.guidance import CaseGuidance, GoalLine, PlanView
from phr.web.views.staff import Also, Gone, Neighbour, Purpose
from phr.web.views.team import ApartValue, Count, Doubt, Doubts, Hit, Member, Search, Statistics, Team


def _samples():
    name = "phr_web_samples"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("samples.py"))
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


WORK, CASE = _samples().WORK, _samples().CASE
NOW = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)
TODAY = date(2026, 11, 20)
MEMBERS = (
    Member("n1", "高橋 美咲", True, False, 60, 48, "n2", TODAY, TODAY + timedelta(days=6)),
    Member("n2", "伊藤 直子", False, True, 40, 41, "", None, None),
)
TEAM = Team(MEMBERS, "n1", True, TODAY)
HITS = (
    Hit(
        "田中 春", "たなか はる", date(1945, 8, 15), 81, "東町", "東町1丁目2番3号", False,
        (Neighbour("田中 夏", 52),), (("a3", "alarm", "open"), ("a4", "referral", "closed")),
    ),
    Hit("森 花", "もり はな", date(1960, 1, 2), 66, "", "", True, (), ()),
)  # fmt: skip
DOUBTS = (
    Doubt("85354-9~2026-11-19~u~1~f", NOW, "blood-pressure", (238.0, 121.0)),
    Doubt("29463-7~2026-11-19~u~2~f", NOW - timedelta(hours=9), "weight", (1.9,)),
)
APART = (
    ApartValue("q1", "blood-pressure", "blood-pressure", TODAY, "out-of-range", ("999.0", "80.0"), False),
    ApartValue("q2", "weight", "body", TODAY, "in-the-future", ("61.5",), True),
    ApartValue("q3", "", "sleep", TODAY, "something-new", ("99.0",), False),
)
STORM = replace(
    WORK.rows[0], again=("UA-651BLE", 12), escalated=True, blocked=True, district="", state="seen"
)
PURPOSES = (
    Purpose("guidance", ("blood-pressure", "body", "activity", "checkup"), date(2027, 3, 31)),
    Purpose("risk", ("activity", "checkup")),
    Purpose("points", ()),
    Purpose("collect", ("activity", "heart", "sleep")),
)
TWICE = replace(
    WORK.rows[0],
    also=(
        Also(
            "a9",
            "alarm",
            "claimed",
            "高橋 美咲",
            (replace(WORK.rows[0].reasons[0], values=(191.0, 114.0), day=TODAY),),
        ),
        Also("a8", "frailty", "new", ""),
    ),
)
PLANNED = CaseGuidance(
    "none",
    "g1",
    "active-support",
    "supporting",
    date(2027, 1, 12),
    date(2026, 12, 28),
    CASE.points,
    20,
    CASE.guidance_period,
    PlanView(
        2.0,
        2.0,
        (
            GoalLine("exercise", "夕食のあとに、20分歩く", 80),
            GoalLine("diet", "ご飯を、小さい茶わんにする", 100),
        ),
    ),
)

VIEWS = {
    "work-list-twice": ("work_list", "nurse", replace(WORK, rows=(TWICE, *WORK.rows[1:]))),
    "case-planned": ("case", "nurse", replace(CASE, purposes=PURPOSES, guidance=PLANNED, points=None)),
    "case-kept": ("case", "nurse", replace(CASE, purposes=PURPOSES, typed={"memo": "夕方にかけ直す約束。" * 3, "said": "call-again"}, problems={"memo": "too-long"})),
    "case-overtaken": ("case", "nurse", replace(CASE, mine=False, purposes=PURPOSES, notice="taken", typed={"memo": "夕方にかけ直す約束。", "said": ""})),
    "case-no-consent": ("case", "nurse", replace(CASE, charts=(), check_up=None, permissions=tuple(replace(one, state="not-shared", until=None) for one in CASE.permissions), purposes=(Purpose("guidance", ()), Purpose("risk", ())), points=None)),
    "work-list-storm": ("work_list", "nurse", replace(WORK, rows=(STORM, *WORK.rows[1:]), hidden=23, storms=(("UA-651BLE", 15),), covered=("伊藤 直子",))),
    "work-list-whole": ("work_list", "nurse", replace(WORK, whole=True, storms=(("UA-651BLE", 15),))),
    "work-list-full": ("work_list", "nurse", replace(WORK, held=60, notice="full", ask="a3", ask_version=4)),
    "case-blocked": ("case", "nurse", replace(CASE, blocked=True, district="", phone="", escalated=NOW, unlikely=2, apart=1)),
    "case-household": ("case", "nurse", replace(CASE, address="東町1丁目2番3号", household=HITS[0].household, others=(("a4", "referral", "closed"),), colleagues=(("n2", "伊藤 直子"),), problems={"colleague": "choose"})),
    "case-of-another-for-the-lead": ("case", "nurse", replace(CASE, mine=False, lead=True, colleagues=(("n2", "伊藤 直子"),))),
    "case-full": ("case", "nurse", replace(CASE, holder="", mine=False, state="seen", notice="full")),
    "case-released": ("case", "nurse", replace(CASE, holder="", mine=False, state="contacted", notice="released")),
    "case-gone": ("case_gone", "nurse", Gone()),
    "team": ("team", "nurse", TEAM),
    "team-not-lead": ("team", "nurse", replace(TEAM, me="n2", lead=False, notice="saved")),
    "team-moved": ("team", "nurse", replace(TEAM, notice="moved", moved=41)),
    "team-wrong": ("team", "nurse", replace(TEAM, problems={"until": "order", "substitute": "lead-only", "colleague": "choose", "capacity": "not-a-number"})),
    "search": ("search", "nurse", Search()),
    "search-hits": ("search", "nurse", Search("たなか", "", "東町", HITS)),
    "search-nobody": ("search", "nurse", Search("たなか", "", "", ())),
    "search-wrong": ("search", "nurse", Search("", "きのう", "", None, {"born": "not-a-day"})),
    "statistics": ("statistics", "nurse", Statistics(date(2026, 4, 1), TODAY, (Count("alarm", 41, 52, 39, 2, (("contacted", 30), ("referred", 9)), 3.4), Count("trend", 2, 0, 0, 0, (), None)))),
    "statistics-empty": ("statistics", "nurse", Statistics(TODAY, TODAY, (), {"until": "order"})),
    "record-doubts": ("record", "resident", replace(_samples().VIEWS["record-blood-pressure"][2], doubts=2)),
    "doubts": ("doubts", "resident", Doubts(DOUBTS)),
    "doubts-none": ("doubts", "resident", Doubts((), notice="confirmed")),
    "doubts-staff": ("doubts_staff", "nurse", Doubts(DOUBTS, APART, "a3", "小林 ハル", "set-aside")),
    "doubts-staff-none": ("doubts_staff", "nurse", Doubts((), (), "a3", "小林 ハル", "not-taken", {"note": "needed"})),
}  # fmt: skip
"""Name of the state -> template, role that sees it, view."""
