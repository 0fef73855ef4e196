"""Invented views of the pages of apps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from phr.web.views.apps import AppAsks, AppIn, AppLine, AppList, AppPerson, AppRegister, AppRow
from phr.web.wired.apps import _MEASURED

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
LINES = (
    AppLine("patient/Observation.rs", "Observation", reads=True, writes=False),
    AppLine("patient/Patient.r", "Patient", reads=True, writes=False),
    AppLine("patient/QuestionnaireResponse.cr", "QuestionnaireResponse", reads=True, writes=True),
)
SOME = (
    AppLine("a", "Observation", reads=True, writes=False, limits=("vital-signs", "laboratory")),
    AppLine("b", "Observation", reads=True, writes=False, limits=("blood-pressure", "heart", "part")),
    AppLine("c", "Observation", reads=False, writes=True, limits=("activity", "survey")),
)
ME = AppPerson("018f0000-0000-7000-8000-000000000001", "佐藤 和子", own=True)
CHILD = AppPerson("018f0000-0000-7000-8000-000000000002", "佐藤 ひなた")
ASKS = AppAsks(
    "w", "血圧ノート", "株式会社 みらいヘルス", LINES, offline=True, identity=True, people=(ME, CHILD),
    categories=_MEASURED, leads_to="https://app.example",
)  # fmt: skip
IN = AppIn(
    "018f0000-0000-7000-8000-000000000003", "血圧ノート", "株式会社 みらいヘルス", LINES, True,
    NOW - timedelta(days=12), NOW + timedelta(days=18), NOW - timedelta(hours=2),
)  # fmt: skip
EVERY = tuple(
    AppLine(kind, kind, reads=True, writes=False)
    for kind in (
        "every", "QuestionnaireResponse", "DiagnosticReport", "Immunization", "Condition", "MedicationStatement",
        "RiskAssessment", "Goal", "CarePlan", "Consent", "AuditEvent", "Device", "other",
    )
)  # fmt: skip
ENDS = ("person", "app", "over", "disabled", "replayed", "reused")
ROWS = tuple(
    AppRow(f"app-{kind}", "血圧ノート", kind, "株式会社 みらいヘルス", "guidance" if kind == "backend" else "",
           1204, NOW - timedelta(days=90), disabled=kind == "symmetric")
    for kind in ("public", "symmetric", "asymmetric", "backend")
)  # fmt: skip
VIEWS = {
    "app-asks": ("app_allow", "resident", ASKS),
    "app-asks-once": (
        "app_allow",
        "resident",
        replace(ASKS, lines=SOME, offline=False, identity=False, people=(ME,), categories=()),
    ),
    "app-asks-while-signed-in": (
        "app_allow",
        "resident",
        replace(ASKS, lines=SOME, offline=False, online=True, people=(ME,), categories=()),
    ),
    "app-asks-both": ("app_allow", "resident", replace(ASKS, online=True)),
    "app-asks-nothing-left": ("app_allow", "resident", replace(ASKS, problem="scope")),
    "app-asks-period": ("app_allow", "resident", replace(ASKS, problem="period")),
    "app-asks-shared": ("app_allow", "resident", replace(ASKS, shared=True)),
    "app-refused": ("app_refused", None, None),
    "apps": (
        "apps",
        "resident",
        AppList(
            (IN, replace(IN, name="あるく手帳", lines=SOME, whom="佐藤 ひなた", used=None)),
            tuple(replace(IN, ended=why) for why in ENDS),
        ),
    ),
    "apps-every": ("apps", "resident", AppList((replace(IN, lines=EVERY),), notice="gone")),
    "apps-none": ("apps", "resident", AppList(())),
    "apps-ended": ("apps", "resident", AppList((), (replace(IN, ended="person"),), notice="ended")),
    "operate-apps": ("operate_apps", "operator", AppRegister(ROWS)),
    "operate-apps-none": ("operate_apps", "operator", AppRegister(())),
}
