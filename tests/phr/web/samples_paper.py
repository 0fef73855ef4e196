"""Invented views of forms on paper: the lists, and forms with what was typed and what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from phr.domain.emergency import BLOOD, FIELDS
from phr.web.views.paper import Copying, CopyingCard, CopyingConsent, PaperList, Sheet

DAY = date(2026, 11, 21)
_TITLE = {"ja": "基本チェックリスト", "en": "Kihon Checklist"}


def _list(top: str, *, staff: bool) -> PaperList:
    page = {"diary": "/record/blood-pressure", "food": "/nutrition"}
    sheets = [Sheet(name, f"{top}/{name}.pdf", f"{top}/{name}" if staff else page[name]) for name in page]
    sheets.append(Sheet("questionnaire", "/questionnaires/kihon/paper.pdf", "/questionnaires/kihon", _TITLE))
    sheets += [
        Sheet("consent", f"{top}/consent/{one}.pdf", "/sharing", purpose=one)
        for one in ("collect", "guidance", "risk", "points", "research-deidentified")
    ]
    sheets.append(Sheet("rights", f"{top}/rights.pdf", "/staff/rights" if staff else "/documents"))
    sheets.append(
        Sheet("emergency", f"{top}/emergency.pdf", f"{top}/emergency" if staff else "/emergency/edit")
    )
    if not staff:
        sheets.append(Sheet("emergency-card", "/emergency/card-a4.pdf", "/emergency"))
    return PaperList(tuple(sheets), staff=staff)


STAFF = _list("/staff/paper", staff=True)
DIARY = Copying("diary", DAY, tuple(range(7)), {"patient": "p-0123456789ab"})
FOOD = Copying("food", DAY, tuple(range(16)))
CONSENT = CopyingConsent(
    "guidance", DAY, "2026-04", ("2026-04",), {"patient": "p-0123456789ab", "text": "2026-04"}
)
CARD = CopyingCard(DAY, FIELDS, BLOOD, {"patient": "p-0123456789ab"})

VIEWS: dict[str, tuple[str, str | None, object]] = {
    "paper": ("paper", "resident", _list("/paper", staff=False)),
    "paper-staff": ("paper_staff", "nurse", STAFF),
    "paper-staff-copied": (
        "paper_staff",
        "nurse",
        replace(STAFF, notice="sheet", stored=27, repeated=2, apart=1, refused=3, red=True),
    ),
    "paper-staff-consent": ("paper_staff", "nurse", replace(STAFF, notice="consent-off")),
    "paper-staff-card": ("paper_staff", "registrar", replace(STAFF, notice="card")),
    "paper-emergency": ("paper_emergency", "registrar", CARD),
    "paper-emergency-wrong": (
        "paper_emergency",
        "nurse",
        replace(
            CARD,
            typed={"patient": "p-1", "drugs": "アムロジピン 5mg 朝1錠", "blood": "A+"},
            problems={"patient": "no-record", "born": "not-a-day", "drugs": "too-long"},
        ),
    ),
    "paper-emergency-older": (
        "paper_emergency",
        "registrar",
        replace(
            CARD,
            typed={
                "patient": "p-0123456789ab",
                "born": "1956-03-09",
                "day": "2026-10-18",
                "drugs": "アムロジピン 5mg 朝1錠",
            },
            problems={"confirmed": "card-may-be-newer"},
        ),
    ),
    "paper-diary": ("paper_diary", "nurse", DIARY),
    "paper-diary-wrong": (
        "paper_diary",
        "nurse",
        replace(
            DIARY,
            typed={"patient": "p-1", "d0m1s": "128", "d0m1d": "762", "d0w": "54.2"},
            problems={"born": "not-a-day", "d0m1d": "out-of-range"},
        ),
    ),
    "paper-food": ("paper_food", "nurse", FOOD),
    "paper-food-wrong": (
        "paper_food",
        "nurse",
        replace(
            FOOD,
            typed={"f0energy": "520"},
            problems={"patient": "needed", "f0day": "not-a-day", "f0meal": "choose"},
        ),
    ),
    "paper-consent": ("paper_consent", "nurse", CONSENT),
    "paper-consent-wrong": (
        "paper_consent",
        "nurse",
        replace(CONSENT, problems={"patient": "no-record", "on": "not-shared"}),
    ),
    "paper-consent-stopped": (
        "paper_consent",
        "registrar",
        replace(
            CONSENT,
            typed={**CONSENT.typed, "born": "1956-03-09", "day": "2026-10-18", "on": "1"},
            problems={"on": "stopped-since"},
        ),
    ),
}
