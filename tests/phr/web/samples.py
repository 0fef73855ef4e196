"""Invented views for every page, in usual and in unusual states."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np

from consent.texts import TEXTS
from phr.domain.points import explain, load_rules
from phr.web.charts import day_chart, record_chart, weekly_chart
from phr.web.views.operate import AuditLine, AuditReview
from phr.web.views.parts import CheckUp, CheckUpRow, CheckUpValue, Proof, Reason
from phr.web.views.research import (
    Asked,
    Catalogue,
    Certificate,
    Comparison,
    Refusal,
    Release,
    ReleaseFile,
    RequestForm,
    RequestLine,
    Variable,
    VariableGroup,
)
from phr.web.views.resident import (
    CheckUpPage,
    ConsentCard,
    ConsentChange,
    Entry,
    LeftOut,
    Looked,
    More,
    NextStep,
    PointLine,
    Points,
    Receipt,
    Received,
    Record,
    Sharing,
    SlotAverage,
    Today,
    Vital,
    WhoLooked,
)
from phr.web.views.signin import ErrorPage, SignIn, Way
from phr.web.views.staff import Case, Event, GuidancePoints, Permission, WorkList, WorkRow

DAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
PROOF = Proof(True, datetime(2026, 11, 20, 18, 0, tzinfo=UTC), "c41e9a075b2df613" * 4, 18_204)


def _days(count: int) -> list[date]:
    return [DAY - timedelta(days=i) for i in range(count)][::-1]


def _gaps(values: np.ndarray, *where: int) -> np.ndarray:
    values = values.copy()
    values[list(where)] = np.nan
    return values


def pressure(period: str) -> Record:
    days = _days(364)
    wave = np.sin(np.arange(364) / 5)
    columns = {
        "morning-systolic": _gaps(np.round(131 + 5 * wave), *range(340, 345)),
        "morning-diastolic": _gaps(np.round(80 + 3 * wave), *range(340, 345)),
        "evening-systolic": _gaps(np.round(127 + 4 * wave), *range(340, 346), 350, 363),
        "evening-diastolic": _gaps(np.round(77 + 3 * wave), *range(340, 346), 350, 363),
    }
    told = {day: ("manual",) if i % 3 else ("UA-651BLE", "paper") for i, day in enumerate(days)}
    chart = record_chart("t-bp", "blood-pressure", period, DAY, days, columns, sources=told)
    averages = (
        SlotAverage("morning", 7, 5, (131.0, 79.0), (135.0, 85.0)),
        SlotAverage("evening", 4, 5, None, (135.0, 85.0)),
    )
    return Record(
        "blood-pressure",
        period,
        chart.rows[0].at,
        DAY,
        chart,
        DAY - timedelta(days=28),
        None,
        averages,
        (date(2026, 11, 15), DAY),
    )


def _weight() -> Record:
    days = _days(28)
    values = _gaps(54.4 + 0.2 * np.cos(np.arange(28)), 3, 4, 12)
    chart = record_chart("t-w", "weight", "month", DAY, days, {"value": values})
    problems = {"weight": "out-of-range"}
    return Record(
        "weight", "month", days[0], DAY, chart, None, None, entry=Entry({"weight": "5420"}, problems)
    )


def _heart_day() -> Record:
    moments = [datetime(2026, 11, 20, 15, 0, tzinfo=UTC) + timedelta(hours=hour) for hour in range(11)]
    chart = day_chart("t-h", "heart-rate", moments, {"value": 62 + 8 * np.sin(np.arange(11.0))}, (58.0, 71.0))
    return Record("heart-rate", "day", DAY, DAY, chart, DAY - timedelta(days=1), None, fine=True)


def _steps_year() -> Record:
    days = _days(364)
    values = _gaps(6000 + 1500 * np.sin(np.arange(364) / 30), *range(100, 121))
    chart = record_chart("t-s", "steps", "year", DAY, days, {"value": values}, target=6000)
    return Record("steps", "year", days[0], DAY, chart, None, None)


TODAY = Today(
    DAY,
    "usual",
    NextStep("measure-evening", "/record/blood-pressure#enter", 1),
    (
        Vital("blood-pressure", datetime(2026, 11, 20, 21, 42, tzinfo=UTC), (128.0, 76.0), (124.0, 136.0), (90.0, 180.0), (135.0, 85.0)),
        Vital("steps", NOW, (2180.0,), (4300.0, 6400.0), (0.0, 9000.0), goal=6000.0),
        Vital("sleep", NOW, (6.67,), (6.0, 7.3), (3.0, 10.0)),
        Vital("weight", datetime(2026, 11, 18, 22, 0, tzinfo=UTC), (54.2,), None, (48.0, 60.0), days_missing=3),
        Vital("spo2", None, (), None, (85.0, 100.0), days_missing=7),
    ),
    1240,
    40,
    2,
    (120, date(2027, 3, 31)),
)  # fmt: skip

RECEIVED = (
    Received(
        "ときわの市立大学 健康科学研究室",
        datetime(2026, 10, 3, 2, 0, tzinfo=UTC),
        ("activity", "blood-pressure"),
    ),
    Received("ときわの市 健康推進課", datetime(2026, 11, 20, 5, 5, tzinfo=UTC), ("checkup",)),
)
STATED = TEXTS.editions[0].statements["guidance"]
CARDS = (
    ConsentCard("guidance", True, ("ときわの市 健康推進課",), ("blood-pressure", "body", "activity", "checkup"), date(2027, 3, 31), ("JP",), 3, "2026-04", RECEIVED[1:], STATED.use, STATED.keep, (LeftOut(("sleep",)), LeftOut((), date(2026, 8, 1), date(2026, 8, 31))), date(2026, 12, 31)),
    ConsentCard("collect", True, ("ときわの市",), ("activity", "heart", "sleep"), None, ("JP", "US"), 1, "2026-04-01"),
    ConsentCard("research-deidentified", False, ("ときわの市立大学 健康科学研究室",), ("activity", "blood-pressure"), None, ("JP",), 0, "2026-04-01"),
)  # fmt: skip
RECEIPT = Receipt(
    "2026-000418",
    "research-deidentified",
    False,
    4,
    NOW,
    "2026-04-01",
    "7F3A-91C2-0D4E",
    ("reads", "exports", "links", "subscriptions"),
    RECEIVED,
    (("messages", 2), ("files", 6), ("recipients", 1)),
    NOW,
)
SHARING = Sharing(
    CARDS,
    RECEIPT,
    (
        ConsentChange(NOW, "research-deidentified", False, 4, "web", "2026-000418"),
        ConsentChange(datetime(2025, 11, 21, 2, 40, tzinfo=UTC), "guidance", True, 1, "paper"),
    ),
)

WHO = WhoLooked(
    (
        Looked(datetime(2026, 11, 20, 5, 5, tzinfo=UTC), "高橋 美咲", "nurse", "健康推進課", "read", ("blood-pressure", "checkup"), "guidance", reason="電話相談の準備"),
        Looked(datetime(2026, 11, 20, 1, 12, tzinfo=UTC), "", "resident", "", "share", (), "self"),
        Looked(datetime(2026, 11, 17, 2, 20, tzinfo=UTC), "中村 翔", "operator", "保険年金課", "read", ("blood-pressure",), "guidance", "refused"),
        Looked(datetime(2026, 11, 3, 13, 31, tzinfo=UTC), "山本 直樹", "doctor", "ときわの市民病院 救急", "read", (), "guidance", "emergency", "ambulance"),
    ),
    None,
    date(2026, 10, 23),
    DAY,
    3,
    1,
    PROOF,
    roles=("nurse", "resident", "operator", "doctor"),
    purposes=("guidance", "self"),
)  # fmt: skip

A1C = Reason("hba1c_ngsp", (6.8,), (6.5,), "at-or-above", date(2026, 9, 12), "checkup")
PRESSURE = Reason("blood-pressure", (142.0, 88.0), (140.0, 90.0), "at-or-above", date(2026, 9, 12), "checkup")
WAIST = Reason("waist_cm", (92.5,), (85.0,), "at-or-above", date(2026, 9, 12), "checkup")


def _row(item: str, guidance: float | None, referral: float | None, *values: tuple[float | str | None, str], side: str = "at-or-above") -> CheckUpRow:  # fmt: skip
    return CheckUpRow(
        item, tuple(CheckUpValue(value, mark) for value, mark in values), guidance, referral, side
    )


CHECK_UP = CheckUp(
    (date(2024, 9, 20), date(2025, 9, 18), date(2026, 9, 12)),
    (
        _row("waist_cm", 85, None, (90.0, "guidance"), (91.5, "guidance"), (92.5, "guidance")),
        _row("bmi", 25, None, (26.9, "guidance"), (27.4, "guidance"), (27.6, "guidance")),
        _row("sbp_avg", 130, 140, (134, "guidance"), (138, "guidance"), (142, "referral")),
        _row("dbp_avg", 85, 90, (82, ""), (86, "guidance"), (88, "guidance")),
        _row("tg_fasting", 150, 300, (146, ""), (188, "guidance"), (212, "guidance")),
        _row("hdl", 40, None, (49, ""), (47, ""), (46, ""), side="below"),
        _row("hba1c_ngsp", 5.6, 6.5, (5.9, "guidance"), (6.2, "guidance"), (6.8, "referral")),
        _row("egfr", 60, 45, (78.2, ""), (None, ""), (74.5, ""), side="below"),
        _row("urine_protein", None, None, ("−", ""), ("−", ""), ("±", "guidance")),
    ),
    "active-support",
    (WAIST, PRESSURE, A1C),
    (A1C, PRESSURE),
    ("casual_glucose",),
    "JP-TK-4-2024",
)


def _work(case: str, kind: str, name: str, kana: str, age: int, *reasons: Reason, state: str = "new", holder: str = "", waiting: int = 20, deadline: int | None = 720) -> WorkRow:  # fmt: skip
    return WorkRow(
        case, kind, name, kana, age, "東町", reasons, state, holder, holder != "", waiting, deadline, 1
    )


HOME_RED = Reason(
    "home-blood-pressure", (186.0, 112.0), (180.0, 110.0), "at-or-above", date(2026, 11, 19), "home"
)
STEPS_DOWN = Reason("steps", (2760.0,), (None,), "below", date(2026, 11, 18), "device", earlier=5120.0)
WORK = WorkList(
    NOW,
    (
        _work("a1", "alarm", "小林 ハル", "こばやし はる", 81, HOME_RED, waiting=13, deadline=12),
        _work("a2", "alarm", "松本 勇", "まつもと いさむ", 74, Reason("spo2", (90.0,), (90.0,), "at-or-below", date(2026, 11, 20), "device"), state="contacted", holder="高橋 美咲", waiting=1, deadline=12),
        _work("a3", "referral", "田村 修一", "たむら しゅういち", 58, A1C, PRESSURE, waiting=22 * 24, deadline=21 * 24),
        _work("a4", "active-support", "岡田 隆", "おかだ たかし", 52, WAIST, PRESSURE, state="claimed", holder="高橋 美咲", waiting=16 * 24),
        _work("a5", "frailty", "石井 トヨ", "いしい とよ", 84, Reason("kihon-checklist", (9.0,), (8.0,), "at-or-above", date(2026, 11, 2), "questionnaire"), waiting=5 * 24),
        _work("a6", "trend", "渡辺 正", "わたなべ ただし", 77, STEPS_DOWN, waiting=72),
    ),
    {"alarm": 2, "referral": 9, "active-support": 11, "motivational-support": 15, "frailty": 7, "trend": 4},
    "",
    1,
    5,
    48,
    60,
    ("JP-TK-4-2024", "JSH2025"),
)  # fmt: skip


def _case() -> Case:
    first = date(2026, 6, 1)
    days = [first + timedelta(days=i) for i in range(7 * 25)]
    step = np.arange(len(days))
    gap = slice(63, 77)
    steps = (4900 + np.maximum(0, step - 118) * 32.0).astype(float)
    steps[gap] = np.nan
    weight = 84.5 - np.maximum(0, step - 118) * 0.03
    weight[gap] = np.nan
    period = (date(2026, 9, 28), date(2026, 11, 20))
    charts = (
        weekly_chart("c-w", "weight", first, 25, days, {"value": weight}, period=period),
        weekly_chart("c-s", "steps", first, 25, days, {"value": steps}, period=period, target=7000),
    )
    events = (
        Event("e4", datetime(2026, 12, 28, 0, 0, tzinfo=UTC), "plan", "", "高橋"),
        Event("e3", datetime(2026, 11, 20, 4, 0, tzinfo=UTC), "phone", "reached", "高橋", "夕食後の散歩を続けている", undo=NOW),
        Event("e2", datetime(2026, 10, 26, 4, 0, tzinfo=UTC), "decision", "active-support", "高橋", "本人の希望"),
        Event("e1", datetime(2026, 9, 28, 4, 0, tzinfo=UTC), "claim", "", "高橋"),
    )  # fmt: skip
    return Case(
        case="a3",
        kind="active-support",
        name="田村 修一",
        kana="たむら しゅういち",
        sex="M",
        born=date(1968, 3, 9),
        age=58,
        district="東町2区",
        phone="0XX-555-0142",
        state="claimed",
        holder="高橋 美咲",
        mine=True,
        version=4,
        referral=(A1C, PRESSURE),
        reasons=(WAIST, PRESSURE, A1C),
        charts=charts,
        permissions=(
            Permission("checkup", "permitted"),
            Permission("activity", "permitted", date(2027, 3, 31)),
            Permission("sleep", "not-shared"),
            Permission("child", "not-your-task"),
        ),
        check_up=CHECK_UP,
        events=events,
        points=GuidancePoints(
            180, ((date(2026, 9, 28), "interview", 70), (date(2026, 10, 26), "phone", 30), (date(2026, 11, 9), "diet", 20))
        ),
        guidance_period=period,
    )  # fmt: skip


CASE = _case()
GROUPS = (
    VariableGroup("activity", (Variable("steps_day", "steps", "{steps}/d", 1204, date(2025, 4, 1)), Variable("sleep_h", "sleep", "h", None))),
    VariableGroup("checkup", (Variable("hba1c", "hba1c_ngsp", "%", 988, date(2024, 4, 1)),)),
)  # fmt: skip
CATALOGUE = Catalogue(
    10,
    1310,
    GROUPS,
    (RequestLine("R8-009", "高齢者の歩数と血圧の季節変動", "released", date(2026, 11, 18)), RequestLine("R8-014", "ねむりと血圧", "submitted", DAY)),
)  # fmt: skip
CERTIFICATE = Certificate(
    "PC-R8-009-2", NOW, 12, 10, 3, 2, 1148, 1187, 39, 5.0,
    (("age", "1歳きざみ", "5歳きざみ、85歳以上は1つ"), ("steps", "1分", "1日の合計、上限30,000")),
    (Comparison("R7-021", 412, 11, True), Comparison("R8-003", None, None, True)),
    NOW, "Ed25519 3b7c19e0a2f488d15c07", 0.18, 1148, "c41e9a075b2df613", "3b7c19e0a2f488d1" * 4, "匿名加工",
    {"ja": "ほかの資料と合わせても特定できないことまでは、約束しません。", "en": "That nobody can be found with other sources is not promised."},
)  # fmt: skip
RELEASE = Release(
    "R8-009", "高齢者の歩数と血圧の季節変動", "released", "ときわの市立大学 健康科学研究室", "2026-031",
    date(2027, 3, 31), ("健康推進課", "情報政策課"), CERTIFICATE,
    (
        ReleaseFile("observations.csv", "csv", 14_200_000),
        ReleaseFile("bundle.ndjson", "ndjson", 38_600_000),
        ReleaseFile("certificate.json", "certificate", 6100),
    ),
    None,
    Asked("P-2026-7", "青木 薫（健康科学研究室）", "季節で歩数と血圧がどう変わるかを調べる。", (("歩数", "Steps"), ("血圧 上", "Blood pressure systolic")), date(2025, 4, 1), date(2026, 3, 31)),
)  # fmt: skip
REFUSED = replace(
    RELEASE,
    state="refused",
    certificate=None,
    files=(),
    refusal=Refusal(4, 10, (("wider-age", 11), ("drop-area", 16))),
)
AUDIT = AuditReview(
    (
        AuditLine("x1", NOW, "山本 直樹", "doctor", "p-7f3a91", "guidance", ("checkup",), "emergency", "救急搬送"),
        AuditLine("x2", NOW, "中村 翔", "operator", "p-0d4e11", "guidance", ("blood-pressure",), "refused", "", "森田 誠", NOW),
    ),
    PROOF,
)  # fmt: skip
SIGN_IN = SignIn((Way("openid", "/sign-in/openid"), Way("link"), Way("password")), problem="link")

VIEWS: dict[str, tuple[str, str | None, object]] = {
    "sign-in": ("sign_in", None, SIGN_IN),
    "sign-in-token": ("sign_in", None, SignIn((Way("link"),), token="abc123", signed_out=True)),
    "error-403": ("error", None, ErrorPage(403)),
    "error-404": ("error", None, ErrorPage(404)),
    "error-409": ("error", "resident", ErrorPage(409)),
    "error-500": ("error", "resident", ErrorPage(500, "E-7K2Q")),
    "today": ("today", "resident", TODAY),
    "today-empty": ("today", "resident", Today(DAY, "welcome", None, (), 0, 0, 0)),
    "record-blood-pressure": ("record", "resident", pressure("month")),
    "record-year": ("record", "resident", pressure("year")),
    "record-urgent": ("record", "resident", replace(pressure("week"), urgent=True, saved=True)),
    "record-weight-wrong": ("record", "resident", _weight()),
    "record-heart-day": ("record", "resident", _heart_day()),
    "record-steps-year": ("record", "resident", _steps_year()),
    "record-empty": ("record", "resident", Record("weight", "week", DAY, DAY, None, None, None, saved=True)),
    "sharing": ("sharing", "resident", SHARING),
    "today-asked-again": ("today", "resident", replace(TODAY, decide=True)),
    "sharing-empty": ("sharing", "resident", Sharing((), None, ())),
    "sharing-started": ("sharing", "resident", Sharing(CARDS, replace(RECEIPT, on=True, stopped=(), received=()), ())),
    "who-looked": ("who_looked", "resident", WHO),
    "who-looked-empty": ("who_looked", "resident", replace(WHO, lines=(), day=DAY, proof=None)),
    "who-looked-filtered": ("who_looked", "resident", replace(WHO, lines=(), who="nurse", cut=True, day=DAY, root="ab" * 32)),
    "check-up": ("check_up", "resident", CheckUpPage(CHECK_UP)),
    "check-up-empty": ("check_up", "resident", CheckUpPage(None)),
    "points": ("points", "resident", Points(1240, 40, (
        PointLine(DAY, 3, "steps", "pending"), PointLine(DAY, 300, "checkup", "granted"), PointLine(DAY, -20, "event", "reversed", "二重の登録"),
    ), ((date(2027, 3, 31), 120),), rules={one: tuple(explain(load_rules(2026), one)) for one in ("ja", "en", "ja@easy")})),
    "points-empty": ("points", "resident", Points(0, 0, (), ledger_reachable=False)),
    "more": ("more", "resident", More()),
    "work-list": ("work_list", "nurse", WORK),
    "work-list-empty": ("work_list", "nurse", replace(WORK, rows=(), counts={}, kind="alarm", notice="taken")),
    "case": ("case", "nurse", CASE),
    "case-unclaimed": ("case", "nurse", replace(CASE, holder="", mine=False, state="new", charts=(), check_up=None, points=None, events=())),
    "case-of-another": ("case", "nurse", replace(CASE, mine=False, notice="taken")),
    "case-wrong": ("case", "nurse", replace(CASE, problems={"close": "choose", "close-reason": "needed"})),
    "case-closed": ("case", "nurse", replace(CASE, state="closed", notice="closed")),
    "catalogue": ("catalogue", "researcher", CATALOGUE),
    "catalogue-empty": ("catalogue", "researcher", Catalogue(10, None, (), ())),
    "request": ("request", "researcher", RequestForm(10, GROUPS, {"title": "歩数"}, frozenset({"hba1c"}), {"protocol": "needed", "until": "over", "last": "order", "longitudinal": "not-in-profile"})),
    "release": ("release", "researcher", RELEASE),
    "release-over": ("release", "researcher", replace(RELEASE, files=(), over=True, until=date(2026, 11, 1))),
    "request-empty": ("request", "researcher", RequestForm(10, (), {}, frozenset(), {})),
    "release-refused": ("release", "researcher", REFUSED),
    "release-waiting": ("release", "researcher", replace(RELEASE, state="approved-once", certificate=None, files=())),
    "audit-review": ("audit_review", "operator", AUDIT),
    "audit-review-empty": ("audit_review", "operator", AuditReview((), None, "reviewed")),
}  # fmt: skip
"""Name of the state -> template, role that sees it, view."""
