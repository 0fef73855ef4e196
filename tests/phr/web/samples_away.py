"""Invented views of the emergency card, of home visits, and of what is shown without network."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, date, datetime

from phr.domain.emergency import BLOOD, FIELDS
from phr.web.views.emergency import EmergencyCard, EmergencyForm
from phr.web.views.visits import Visit

CASE = sys.modules["phr_web_samples"].CASE  # loaded before this one
WRITTEN = {
    "blood": "A+",
    "allergies": "ペニシリン\nそば",
    "drugs": "アムロジピン 5mg 朝1錠\nワルファリン 2mg 夕1錠",
    "conditions": "心房細動",
    "doctor": "川辺医院 0XX-555-0100",
    "contact": "佐藤 健（長男）",
    "phone": "0XX-555-0142",
}
CARD = EmergencyCard(
    "佐藤 和子",
    "サトウ カズコ",
    date(1956, 3, 9),
    WRITTEN,
    datetime(2026, 11, 1, 3, 0, tzinfo=UTC),
    own_device=True,
    written=date(2026, 11, 1),
)
EMPTY = EmergencyCard("佐藤 和子", "", None, {}, None)
FORM = EmergencyForm(WRITTEN, FIELDS, BLOOD, {})
MINE = replace(CASE, mine=True)

VIEWS = {
    "emergency": ("emergency_card", "resident", CARD),
    "emergency-saved": ("emergency_card", "resident", replace(CARD, notice="saved")),
    "emergency-from-paper": (
        "emergency_card",
        "resident",
        replace(CARD, paper=True, written=date(2026, 10, 18)),
    ),
    "emergency-none": ("emergency_card", "resident", EMPTY),
    "emergency-edit": ("emergency_edit", "resident", FORM),
    "emergency-wrong": ("emergency_edit", "resident", replace(FORM, problems={"drugs": "too-long"})),
    "emergency-no-consent": ("emergency_edit", "resident", replace(FORM, problems={"consent": "no-consent"})),
    "visit-prepare": ("visit_prepare", "nurse", Visit(MINE, keeps=True)),
    "visit-shared": ("visit_prepare", "nurse", Visit(MINE, keeps=False)),
    "visit-not-mine": ("visit_prepare", "nurse", Visit(replace(MINE, mine=False, blocked=True), keeps=True)),
    "visit": ("visit", "", None),
    "offline": ("offline", "", None),
}
"""Name of the state -> template, role that sees it, view."""
