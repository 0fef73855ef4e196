"""Invented views of the pages of food and drink and of imported check-ups, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.web.views.imports import DifferenceLine, Imports
from phr.web.views.nutrition import (
    CaseFood,
    ContextDay,
    EatenDay,
    FoodLine,
    FoodPage,
    FoodTyped,
    Measure,
    WeekPicture,
)
from risk.differences import WORDS
from risk.nutrition_targets import standard
from risk.reasons import LEVELS, METABO

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 3, 42, tzinfo=UTC)
DAYS = tuple(
    EatenDay(
        DAY - timedelta(days=6 - at),
        ("breakfast", "lunch", "dinner")[: 3 - at % 2] if at != 2 else (),
        None if at in {2, 4} else 900.0 + 150 * at,
    )
    for at in range(7)
)
CITED = standard().sources
MEASURES = (
    Measure("energy", "kcal", 0, (2105.0, 1980.0, None, 2430.0, 1720.0, 2210.0, 980.0), 2090.0, 2250.0, 3000.0, 2650.0, source=CITED["S5"]),
    Measure("fat", "%", 0, (27.5, 24.0, None, 34.2, 22.8, 31.0, 38.4), 29.6, high=28.0, planned=True),
    Measure("protein", "%", 0, (15.1, 16.0, None, 14.4, 13.2, 17.9, 15.0), 15.3, 14.0, 20.0, source=CITED["S4"]),
    Measure("salt", "g", 1, (8.9, 7.1, None, 10.4, 6.8, 7.5, 4.2), 8.1, high=7.5, below=True, source=CITED["S1"]),
)  # fmt: skip
WEEK = WeekPicture(DAYS, MEASURES, 6, 2, "2025.1")
EMPTY = WeekPicture(
    tuple(EatenDay(one.day, (), None) for one in DAYS),
    tuple(Measure(one.key, one.unit, one.decimals, (None,) * 7, None) for one in MEASURES),
    0,
    2,
    "2025.1",
)
ENTRIES = (
    FoodLine(1_795_232_520_000_000, NOW, "lunch", True, {"energy": 612.0, "fat": 24.1, "salt": 3.2}),
    FoodLine(
        1_795_212_120_000_000, NOW - timedelta(hours=6), "breakfast", False, {"energy": 368.0, "fat": 17.7}
    ),
    FoodLine(1_795_172_520_000_000, NOW - timedelta(hours=17), "dinner", True, {"fat": 9.0}),
)
FOOD = FoodPage(DAY, WEEK, ENTRIES, "lunch", adult=True, fat_above=True, fat_limit=MEASURES[1])
FIRST = FoodPage(DAY, EMPTY, (), "snack", adult=True, fat_above=False, fat_limit=EMPTY.measures[1])
WRONG = FoodTyped(
    {"occasion": "", "energy": "たくさん", "protein": "20", "fat": "900", "carbohydrate": "", "salt": "2.4", "yesterday": "1"},
    {"occasion": "choose", "energy": "not-a-number", "fat": "out-of-range"},
)  # fmt: skip
CONTEXT = tuple(
    ContextDay(
        one.day, None if at == 3 else 71.2 - at / 10, *((None, None) if at in {2, 5} else (134.0 + at, 84.0))
    )
    for at, one in enumerate(DAYS)
)
PREVENTION = Measure("salt-prevention", "g", 1, (), None, high=6.0, below=True, source=CITED["S2"])
CASE = CaseFood("a3", "佐藤 和子", True, WEEK, CONTEXT, {"fat": 28.0, "energy": 1800.0}, PREVENTION)
SHUT = CaseFood("a3", "佐藤 和子", False, None, (), {}, None)
PLANNED_WRONG = FoodTyped(
    {"energy": "18", "fat": "x", "protein": "", "salt": "6"},
    {"energy": "out-of-range", "fat": "not-a-number"},
)
LINES = (
    DifferenceLine("佐藤 和子", "サトウ カズコ", date(2026, 6, 10), "guidance_level", LEVELS[3], LEVELS[1], WORDS["other-glucose-rule"], ()),
    DifferenceLine("鈴木 一郎", "スズキ イチロウ", date(2026, 5, 2), "metabo", METABO[2], METABO[4], WORDS["undecided-here"], ("hdl", "tg_fasting")),
)  # fmt: skip
IMPORTS = Imports(LINES, 412, "00000000-0000-0000-0000-00000000000a", first=True)

VIEWS = {
    "nutrition": ("nutrition", "resident", FOOD),
    "nutrition-first": ("nutrition", "resident", FIRST),
    "nutrition-child": ("nutrition", "resident", replace(FOOD, adult=False, week=replace(WEEK, counted=0), notice="again")),
    "nutrition-wrong": ("nutrition", "resident", replace(FOOD, form=WRONG)),
    "nutrition-no-consent": ("nutrition", "resident", replace(FIRST, form=FoodTyped({"water": "200"}, {"water": "no-consent"}))),
    **{f"nutrition-{word}": ("nutrition", "resident", replace(FOOD, notice=word, fat_above=False)) for word in ("saved", "water", "gone")},
    "case-nutrition": ("case_nutrition", "nurse", CASE),
    "case-nutrition-agreed": ("case_nutrition", "nurse", replace(CASE, notice="agreed")),
    "case-nutrition-ended": ("case_nutrition", "nurse", replace(CASE, plan={}, notice="ended", week=EMPTY, prevention=None)),
    "case-nutrition-wrong": ("case_nutrition", "nurse", replace(CASE, form=PLANNED_WRONG)),
    "case-nutrition-shut": ("case_nutrition", "nurse", SHUT),
    "imports": ("imports", "nurse", IMPORTS),
    "imports-none": ("imports", "nurse", Imports((), 0, "", first=True)),
    "imports-end": ("imports", "nurse", Imports((), 12, "", first=False)),
}  # fmt: skip
"""Name of the state -> template, role that sees it, view."""
