"""Invented views of the pages of scores and questionnaires, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from phr.domain.questionnaires import Area
from phr.domain.risk_picture import of_checkup, picture
from phr.web.views.health import (
    Answer,
    Filled,
    Filling,
    Met,
    Named,
    Question,
    QuestionnaireList,
    QuestionnaireResult,
    RiskPage,
    Stated,
)
from phr.web.views.home import GlucoseShares, HomeWeek, Mean, OwnChange, Share, TargetPage
from phr.web.views.resident import ConsentCard, Record, SlotAverage, Today, Vital
from risk.questionnaires.definition import form
from risk.scores.model import load

DAY = date(2026, 11, 21)
NO = {"pad": False, "fh": False}
CARD = ConsentCard(
    "risk",
    True,
    ("ときわの市",),
    ("activity", "blood-pressure", "body", "checkup"),
    None,
    ("JP",),
    2,
    "2026-04",
)
SCORE = load("hisayama")
ABOUT = Stated("hisayama", "JAS-2022", 10, (40, 79), SCORE.outcome, str(SCORE.citation))
VALUES = {"sbp_avg": 142.0, "ldl": 150.0, "hdl": 45.0, "fpg": 95.0, "hba1c_ngsp": 5.6, "smoking": 1.0}
ANSWERED = {"egfr": 80.0, "hist_heart": 2.0, "hist_stroke": 2.0, "hist_renal": 2.0}
TOLD = RiskPage(
    CARD,
    "told",
    ABOUT,
    date(2026, 9, 12),
    "健診",
    picture(of_checkup(VALUES | ANSWERED, age=55, sex="M"), NO),
    answers=NO,
)
YOUNG = picture(of_checkup(VALUES | ANSWERED | {"smoking": 3.0, "sbp_avg": 110.0}, age=42, sex="F"), NO)
ASKS = picture(of_checkup(VALUES | ANSWERED, age=55, sex="M"), {"pad": False})
LACKING = picture(of_checkup({"sbp_avg": 900.0, "smoking": 3.0}, age=66, sex="F"), {})
OUTSIDE = picture(of_checkup(VALUES | ANSWERED | {"fpg": 140.0}, age=82, sex="F"), NO)
LOW = picture(
    of_checkup(VALUES | ANSWERED | {"ldl": 100.0, "smoking": 3.0, "sbp_avg": 118.0}, age=60, sex="F"), NO
)


def _named(name: str, last: date | None = None) -> Named:
    known = form(name)
    return Named(known.key, {"ja": known.ja, "en": known.en}, known.age, len(known.items), last)


def _filling(name: str) -> Filling:
    questions = tuple(
        Question(
            item.number,
            item.domain,
            {"ja": item.ja, "en": item.en},
            tuple((option.code, {"ja": option.ja, "en": option.en}) for option in item.options),
            item.kind == "bmi",
        )
        for item in form(name).items
    )
    return Filling(_named(name), form(name).citation, questions, today=DAY)


def _answers(name: str, point: int | None) -> tuple[Answer, ...]:
    return tuple(
        Answer(
            item.number,
            {"ja": item.ja, "en": item.en},
            None if item.number == 3 else {"ja": "はい", "en": "yes"},
            None if item.number == 3 else point,
        )
        for item in form(name).items
    )


KIHON, ELDERLY = _filling("kihon"), _filling("elderly")
DRAFT = replace(
    KIHON,
    typed={"q1": "yes", "q2": "no", "height_cm": "1605", "weight_kg": "52", "skip": "1"},
    problems={"q3": "choose", "q4": "choose", "height_cm": "out-of-range"},
)
AREAS = (Area("life", False), Area("motor", True), Area("nutrition", None), Area("mood", False))
OWN = Filled("3f0c", DAY, "web", AREAS, _answers("kihon", None))
HISTORY = (("3f0c", DAY, "web"), ("2a11", date(2025, 11, 3), "paper"), ("1b7e", date(2024, 11, 8), ""))
RESULT = QuestionnaireResult(_named("kihon", DAY), KIHON.citation, OWN, HISTORY, saved=True)
POINTS = Filled(
    "3f0c",
    DAY,
    "paper",
    AREAS,
    _answers("kihon", 1),
    (
        Met({"ja": "運動器の機能", "en": "movement"}, 3, 5, 3, True, ()),
        Met({"ja": "栄養", "en": "nutrition"}, 1, 2, 2, None, (12,)),
        Met({"ja": "閉じこもり", "en": "staying at home"}, 0, 1, 1, False, ()),
    ),
    True,
    8,
    (
        {
            "ja": "フレイルの目安(J-CHS 2020): 確認できた2項目のうち少なくとも1項目",
            "en": "Frailty criteria (J-CHS 2020): at least 1 of 2 checked",
        },
    ),
)
STAFF = replace(RESULT, shown=POINTS, name="佐藤 和子", patient="p-12")

WEEK = (date(2026, 11, 15), DAY)
HOME = HomeWeek(*WEEK, high=True, missing=0, wrist=2, refused=1, target=(125.0, 75.0), over_target=True)
AVERAGES = (
    SlotAverage("morning", 6, 5, (138.0, 86.0), (135.0, 85.0)),
    SlotAverage("evening", 3, 5, None, (135.0, 85.0)),
)
PRESSURE = Record("blood-pressure", "week", *WEEK, None, None, None, AVERAGES, WEEK, home=HOME)
FEW = (replace(AVERAGES[0], days=3, values=None), AVERAGES[1])
FEWER = replace(PRESSURE, averages=FEW, home=HomeWeek(*WEEK, high=None, missing=2))
MOVED = OwnChange("steps", (10, 7, 14), (41, 14, 56), (6200.0, 7900.0), "down", 0, "{steps}/d", 10)
STEPS = Record("steps", "month", date(2026, 10, 25), DAY, None, None, None, change=MOVED)
SLEPT = OwnChange("sleep", (12, 7, 14), (50, 14, 56), (6.5, 6.4), "", 1, "h")
NOT_YET = OwnChange("weight", (2, 3, 7), (4, 10, 56), None, "", 1, "kg")
SHARES = (
    Share("in_range", 74.2, 70.0, "at-least", True),
    Share("below_70", 2.1, 4.0, "at-most", True),
    Share("above_180", 26.0, 25.0, "at-most", False),
    Share("cv", 33.4, 36.0, "at-most", True),
)
SENSOR = GlucoseShares(date(2026, 11, 8), DAY, 3900, 96.7, 70.0, True, 142.0, SHARES, True)
GLUCOSE = Record("glucose", "month", date(2026, 10, 25), DAY, None, None, None, glucose=SENSOR)
BAND = (90.0, 180.0)
NOW = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)


def _pressure(week: HomeWeek | None) -> Vital:
    return Vital("blood-pressure", NOW, (128.0, 76.0), (124.0, 136.0), BAND, (135.0, 85.0), week=week)


def _today(week: HomeWeek | None, lead: str) -> Today:
    weight = Vital("weight", NOW, (54.2,), (52.0, 53.0), (48.0, 60.0), change=replace(NOT_YET, moved="up"))
    return Today(DAY, lead, None, (_pressure(week), weight), 0, 0, 0)


HOMES = {
    "record-home-high": ("record", "resident", PRESSURE),
    "record-home-low": (
        "record",
        "resident",
        replace(PRESSURE, home=replace(HOME, high=False, over_target=False)),
    ),
    "record-home-target": ("record", "resident", replace(PRESSURE, home=replace(HOME, over_target=None))),
    "record-home-few": ("record", "resident", FEWER),
    "record-moved": ("record", "resident", STEPS),
    "record-not-moved": ("record", "resident", replace(STEPS, vital="sleep", change=SLEPT)),
    "record-not-enough": ("record", "resident", replace(STEPS, vital="weight", change=NOT_YET)),
    "record-glucose": ("record", "resident", GLUCOSE),
    "record-glucose-adult": ("record", "resident", replace(GLUCOSE, glucose=replace(SENSOR, older=False))),
    "record-glucose-few": (
        "record",
        "resident",
        replace(GLUCOSE, glucose=replace(SENSOR, enough=False, mean=None)),
    ),
    "today-high": ("today", "resident", _today(HOME, "above-limit")),
    "today-low": ("today", "resident", _today(replace(HOME, high=False), "usual")),
    "today-few": ("today", "resident", _today(FEWER.home, "outside-usual")),
}

MEANS = (Mean("morning", 6, 5, (138.0, 86.0)), Mean("evening", 3, 5, None))
TARGET = TargetPage("p-12", "佐藤 和子", 66, (125.0, 75.0), (125.0, 75.0), HOME, MEANS, True, saved=True)
TARGETS = {
    "home-target": TARGET,
    "home-target-none": replace(TARGET, target=None, saved=False, week=replace(HOME, high=False, wrist=0)),
    "home-target-old": replace(TARGET, age=82, target=None, proposed=None, week=FEWER.home),
    "home-target-wrong": replace(
        TARGET,
        age=None,
        week=replace(HOME, over_target=False),
        typed={"systolic": "12", "diastolic": "x"},
        problems={"systolic": "refused", "diastolic": "not-a-number"},
    ),
    "home-target-closed": replace(TARGET, permitted=False, target=None, week=None, averages=()),
}
HOMES |= {name: ("home_target", "nurse", view) for name, view in TARGETS.items()}

VIEWS = HOMES | {
    "risk": ("risk", "resident", TOLD),
    "risk-on": ("risk", "resident", replace(TOLD, done="on")),
    "risk-off": ("risk", "resident", RiskPage(replace(CARD, on=False, version=0), "off", ABOUT)),
    "risk-stopped": (
        "risk",
        "resident",
        RiskPage(replace(CARD, on=False, until=date(2027, 3, 31)), "off", ABOUT, done="off"),
    ),
    "risk-no-check-up": ("risk", "resident", RiskPage(CARD, "no-check-up", ABOUT)),
    "risk-fewer-than-one": ("risk", "resident", replace(TOLD, picture=YOUNG)),
    "risk-nothing-to-change": ("risk", "resident", replace(TOLD, picture=LOW, source="")),
    "risk-asks": ("risk", "resident", replace(TOLD, picture=ASKS, answers={"pad": False})),
    "risk-lacking": ("risk", "resident", replace(TOLD, picture=LACKING)),
    "risk-outside": (
        "risk",
        "resident",
        replace(
            TOLD,
            picture=OUTSIDE,
            excluded=(
                {"ja": "40〜79歳ではないこと", "en": "an age outside 40 to 79"},
                {"ja": "糖尿病型の範囲の値または薬の回答", "en": "glucose values in the diabetes range"},
            ),
        ),
    ),
    "questionnaires": (
        "questionnaires",
        "resident",
        QuestionnaireList((_named("kihon", DAY), _named("elderly"))),
    ),
    "questionnaire": ("questionnaire", "resident", ELDERLY),
    "questionnaire-draft": ("questionnaire", "resident", DRAFT),
    "questionnaire-no-consent": (
        "questionnaire",
        "resident",
        replace(ELDERLY, problems={"consent": "no-consent-answers"}),
    ),
    "questionnaire-result": ("questionnaire_result", "resident", RESULT),
    "questionnaire-quiet": (
        "questionnaire_result",
        "resident",
        replace(RESULT, shown=replace(OWN, areas=(Area("life", False),)), history=HISTORY[:1], saved=False),
    ),
    "questionnaire-never": (
        "questionnaire_result",
        "resident",
        QuestionnaireResult(_named("elderly"), ELDERLY.citation, None, ()),
    ),
    "questionnaire-staff": ("questionnaire_staff", "nurse", replace(KIHON, staff=True)),
    "questionnaire-staff-draft": (
        "questionnaire_staff",
        "nurse",
        replace(
            DRAFT,
            staff=True,
            typed={**DRAFT.typed, "patient": "p-12"},
            problems={"patient": "no-record", "born": "not-a-day", "day": "not-a-day", "q3": "choose"},
        ),
    ),
    "questionnaire-points": ("questionnaire_points", "nurse", replace(STAFF, saved=True)),
    "questionnaire-points-open": (
        "questionnaire_points",
        "nurse",
        replace(STAFF, shown=replace(POINTS, target=None, lines=())),
    ),
    "questionnaire-points-none": (
        "questionnaire_points",
        "nurse",
        replace(STAFF, shown=replace(POINTS, target=False), history=()),
    ),
    "questionnaire-points-elderly": (
        "questionnaire_points",
        "nurse",
        replace(STAFF, form=_named("elderly", DAY), shown=replace(POINTS, criteria=(), target=None)),
    ),
    "questionnaire-points-not-shared": (
        "questionnaire_points",
        "nurse",
        replace(STAFF, shown=None, permitted=False),
    ),
    "questionnaire-points-never": ("questionnaire_points", "nurse", replace(STAFF, shown=None, history=())),
}
"""Name of the state -> template, role that sees it, view."""
