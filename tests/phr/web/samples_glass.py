"""Invented views of break-glass, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.web.views.break_glass import GlassForm, GlassView, Measured, OpenGlass
from phr.web.views.operate import AuditLine, AuditReview

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
REASONS = ("unconscious", "ambulance", "hospital", "danger-to-life", "disaster")
FORM = GlassForm((), REASONS, 60, 300, True)
OPEN = OpenGlass("6d1f6f3c-5f0e-4c3e-9b1e-0c8f6f8f6d10", "ambulance", NOW, NOW + timedelta(minutes=41))
VIEW = GlassView(
    OPEN.ident,
    "ambulance",
    NOW,
    NOW + timedelta(minutes=41),
    41,
    "佐藤 和子",
    "サトウ カズコ",
    "F",
    date(1956, 3, 9),
    70,
    {"blood": "A+", "allergies": "ペニシリン", "drugs": "アムロジピン 5 mg", "phone": "0XX-555-0100"},
    (
        Measured(
            "blood-pressure",
            date(2026, 11, 20),
            (("systolic", 128.0, 164.0, 4), ("diastolic", 76.0, 94.0, 4), ("pulse", 61.0, 88.0, 4)),
            "mm[Hg]",
        ),
        Measured("heart", date(2026, 11, 21), (("value", 52.0, 131.0, 1380),), "/min"),
        Measured("temperature", date(2026, 11, 19), (("value", 36.4, 36.9, 2),), "Cel"),
    ),
    ((date(2026, 6, 12), {"bmi": 24.1, "sbp_avg": 142.0, "hba1c_ngsp": 6.1}),),
)
PROBLEMS = ("reason", "note", "proof", "nobody", "locked")
VIEWS = {
    "break-glass": FORM,
    "break-glass-open": replace(FORM, open=(OPEN,)),
    "break-glass-not-ready": replace(FORM, ready=False),
    "break-glass-closed": replace(FORM, notice="closed"),
    "break-glass-over": replace(FORM, notice="over"),
    **{
        f"break-glass-{word}": replace(
            FORM, problem=word, patient="p-9x2", reason="ambulance", note="路上で倒れている"
        )
        for word in PROBLEMS
    },
}
VIEWS = {name: ("break_glass", "nurse", view) for name, view in VIEWS.items()}
VIEWS["break-glass-view"] = ("break_glass_view", "nurse", VIEW)
VIEWS["break-glass-view-empty"] = (
    "break_glass_view",
    "nurse",
    replace(VIEW, card={}, measured=(), checkups=(), kana="", sex="", born=None, age=None),
)
_LINE = AuditLine(
    "glass-1", NOW, "高橋 美咲", "nurse", "p-1f3a9c02", "emergency", (), "emergency", "ambulance"
)
_REVIEW = AuditReview(
    (
        replace(_LINE, note="路上で倒れ、救急隊から照会", until=NOW - timedelta(hours=3), overdue=True),
        replace(_LINE, ident="glass-2", note="病院から照会", until=NOW + timedelta(days=1)),
        replace(_LINE, ident="many-1-2", kind="unusual", reason="many-people", person="", count=52),
        replace(_LINE, ident="night-1-3", kind="unusual", reason="at-night", count=3),
        replace(
            _LINE, ident="1-4", kind="refused", purpose="guidance", categories=("heart",), reason="not-found"
        ),
        replace(
            _LINE,
            ident="own-1-5",
            kind="unusual",
            reason="same-surname",
            reviewed_by="森田 誠",
            reviewed_at=NOW,
            finding="justified",
            finding_note="親族ではないことを本人に確認",
        ),
    ),
    None,
)
VIEWS["audit-review-kinds"] = ("audit_review", "operator", _REVIEW)
for _notice in ("own", "done-already", "note"):
    VIEWS[f"audit-review-{_notice}"] = ("audit_review", "operator", replace(_REVIEW, notice=_notice))
"""Name of the state -> template, role that sees it, view."""
