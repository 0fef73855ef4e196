"""Invented views of the pages of programmes, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from phr.web.pages.evaluation import NOTICES
from phr.web.views.evaluation import (
    ChangeLine,
    EffectLine,
    Interval,
    Loan,
    Member,
    ProgrammeLine,
    ProgrammePage,
    Programmes,
    Report,
    ShareLine,
)

IDENT = "0b8f7a52-7f0e-4c43-8f5d-9a3b7a3c1d11"
OUTCOMES = ("weight_kg", "waist_cm", "steps", "sbp", "hba1c")
KG, STEPS = {"ja": "kg", "en": "kg"}, {"ja": "歩/日", "en": "steps/day"}
LIMITS = (
    "not-randomised", "too-few", "regression-to-the-mean", "volunteers", "lost", "unbalanced", "no-partner",
    "trend-before", "no-earlier-year", "many-outcomes", "worn-is-association",
)  # fmt: skip
FOUND = Report(
    made_at=datetime(2026, 11, 21, 1, 42, tzinfo=UTC),
    ended=True,
    unused=14,
    shares=(
        ShareLine("invited", 317, 1204, Interval(26.3, 23.9, 28.9)),
        ShareLine("not_invited", 205, 1203, Interval(17.0, 15.0, 19.3)),
        ShareLine("2025", 221, 1204, Interval(18.4, 16.3, 20.6)),
        ShareLine("completed", 239, 344, Interval(69.5, 64.4, 74.1)),
        ShareLine("withdrew", 39, 344, Interval(11.3, 8.4, 15.1)),
    ),
    against_not_invited=Interval(9.3, 6.0, 12.5),
    against_years=Interval(10.2, 7.5, 13.0),
    effects=(
        EffectLine("weight_kg", True, 291, Interval(-1.1, -2.0, -0.3), 0.007, 1, KG),
        EffectLine("steps", False, 129, Interval(694, 377, 1010), 0.0001, 0, STEPS),
        EffectLine("hba1c", False, 12, None, None, 2, {"ja": "%", "en": "%"}),
    ),
    changes=(
        ChangeLine("weight_kg", "participants", 291, 53, 78.5, 77.1, Interval(-1.4, -2.1, -0.8), 1, KG),
        ChangeLine("weight_kg", "not-invited", 1055, 148, 73.0, 72.8, Interval(-0.3, -0.5, 0.0), 1, KG),
        ChangeLine("steps", "participants", 8, 0, None, None, None, 0, STEPS),
    ),
    worn=(4.0, 5.1, 6.0),
    association=Interval(-0.2, -0.7, 0.3),
    limits=LIMITS,
    placebo=Interval(-0.1, -0.9, 0.7),
    if_lost_unchanged=-1.0,
    e_value=1.17,
)
FEW = replace(
    FOUND,
    ended=False,
    shares=(ShareLine("invited", 0, 0, None),),
    against_not_invited=None,
    against_years=None,
    effects=tuple(replace(one, effect=None, p=None) for one in FOUND.effects),
    worn=None,
    association=None,
    placebo=None,
    if_lost_unchanged=None,
    e_value=None,
)
DAY = date(2026, 5, 1)
PAGE = ProgrammePage(
    ident=IDENT,
    name="歩いて減らす応援事業",
    target="腹囲が男性85cm・女性90cm以上、またはBMI25以上の人",
    starts=DAY,
    ends=date(2026, 10, 31),
    primary="weight_kg",
    by_threshold=True,
    counts={"invited": 1204, "volunteered": 27, "not-invited": 1203},
    unseen=14,
    members=(
        Member("12345", "田村 恵子", "タムラ ケイコ", "invited", DAY, DAY, None, None),
        Member("12346", "小川 進", "オガワ ススム", "volunteered", DAY, DAY, date(2026, 9, 1), None),
        Member("12347", "森 直美", "モリ ナオミ", "not-invited", DAY, None, None, date(2026, 8, 1)),
    ),
    loans=(
        Loan("1", "田村 恵子", "wearable", DAY, None, None),
        Loan("2", "小川 進", "scale", DAY, date(2026, 9, 1), None),
        Loan("3", "小川 進", "wearable", DAY, None, date(2026, 9, 1)),
    ),
    devices=("wearable", "scale", "blood-pressure-monitor"),
    cohorts=("invited", "volunteered", "not-invited"),
    kinds=("active-support", "motivational-support", "referral"),
    report=FOUND,
    today=date(2026, 11, 21),
    page=2,
    pages=49,
)
EMPTY = replace(PAGE, counts={}, unseen=0, members=(), loans=(), report=None, page=1, pages=1)
LIST = Programmes((ProgrammeLine(IDENT, PAGE.name, PAGE.starts, PAGE.ends, 2434, 14),), OUTCOMES)
PROBLEMS = {
    "name": "needed",
    "target": "too-long",
    "starts": "not-a-day",
    "ends": "order",
    "primary": "choose",
}

VIEWS = {
    "programmes": ("programmes", "nurse", LIST),
    "programmes-none": ("programmes", "nurse", replace(LIST, rows=())),
    "programmes-problems": (
        "programmes",
        "nurse",
        replace(
            LIST,
            problems={**PROBLEMS, "years": "out-of-range"},
            typed={"years": "x", "threshold": "1", "primary": "sbp"},
        ),
    ),
    "programme": ("programme", "nurse", PAGE),
    "programme-few": ("programme", "nurse", replace(PAGE, report=FEW)),
    **{
        f"programme-{word}": ("programme", "nurse", replace(EMPTY, notice=word, numbers=(120, 3, 4)))
        for word in NOTICES
    },
}
"""Name of the state -> template, role that sees it, view."""
