"""Invented views of the pages of families, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.domain.family import growth as rules
from phr.domain.family.checkin import FORM
from phr.domain.family.vaccination import SCHEDULE, due
from phr.web.views.family import (
    AskedQuestion,
    BrushingPage,
    CheckInLine,
    CheckInPage,
    ChildLine,
    ChildPage,
    Entry,
    FamilyPage,
    Growth,
    GuardianLine,
    HelpLine,
    LogLine,
    Measured,
    Shot,
    StaffFamilies,
    StaffFamily,
    VaccineLine,
)
from phr.web.wired.growth_picture import picture

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
TODAY = date(2026, 11, 21)
BORN = date(2025, 9, 3)
CHILD = ChildLine("5e0c1f2a-0000-4000-8000-000000000001", "佐藤 はる", "parent", date(2043, 9, 2), True, 1, 2)
WARD = replace(CHILD, name="佐藤 ミツ", kind="mandate", until=date(2027, 3, 31), may_enter=False, years=84)
SENT = CheckInLine("5e0c1f2a-0000-4000-8000-00000000000a", "佐藤 はる", NOW - timedelta(days=1), None)
FAMILY = FamilyPage(
    (CHILD, WARD),
    (SENT, replace(SENT, answered_at=NOW)),
    (
        GuardianLine("佐藤 健", "mandate", date(2026, 4, 1), date(2027, 3, 31), ended=False, may_enter=True),
        GuardianLine("", "ward", date(2025, 4, 1), date(2026, 3, 31), ended=True, may_enter=False),
    ),
    "late",
)
WEIGHTS = [(0.0, 2.92), (1.0, 4.0), (4.2, 6.5), (7.1, 7.7), (10.3, 8.6), (14.6, 9.7)]
HEIGHTS = [(0.0, 49.0), (1.0, 53.1), (4.2, 63.0), (7.1, 68.4), (10.3, 72.1), (14.6, 77.0)]
CURVES = rules.REFERENCE.curves
GROWTH = Growth(
    (
        Measured(TODAY, 1, 2, 9.7, 77.0, (50, 75), (50, 75)),
        Measured(date(2026, 7, 12), 0, 10, 8.6, None, (50, 75), None),
        Measured(date(2025, 9, 20), 0, 0, 3.2, 50.1, None, None),
        Measured(BORN, 0, 0, 2.1, 53.0, (None, 3), (97, None)),
    ),
    {
        "weight": picture(WEIGHTS, CURVES["weight", "female"].drawn(), 2.0),
        "height": picture(HEIGHTS, CURVES["height", "female"].drawn(), 10.0),
    },
    rules.REFERENCE.citation,
    "",
    34,
)
GIVEN = {"bcg": [date(2026, 2, 10)], "hepatitis-b": [date(2025, 11, 5), date(2025, 12, 8)]}
VACCINES = tuple(
    VaccineLine(
        line.vaccine.key,
        {"ja": line.vaccine.ja, "en": line.vaccine.en},
        line.state,
        line.dose,
        len(line.vaccine.doses),
        tuple(Shot(day, line.vaccine.key == "bcg", "AB12") for day in line.given),
        line.first,
        line.last,
        line.vaccine.confirmed,
    )
    for line in due(BORN, "female", GIVEN, TODAY, SCHEDULE)
)
PAGE = ChildPage(
    CHILD,
    BORN,
    TODAY,
    GROWTH,
    VACCINES,
    SCHEDULE.version,
    34,
    {"1-month": date(2025, 10, 4), "3-4-month": None, "9-10-month": None, "18-month": None, "3-year": None},
    (LogLine(NOW, "佐藤 和子", wrote=True), LogLine(NOW - timedelta(hours=3), "", wrote=False)),
    (),
    notice="saved",
)
EMPTY = replace(
    PAGE,
    line=replace(CHILD, may_enter=False, years=None, months=None),
    born=None,
    growth=Growth((), {}, "", "no-sex"),
    vaccines=(),
    weeks=None,
    check_ups=dict.fromkeys(PAGE.check_ups),
    hidden=("body", "child"),
    notice="",
)
WRONG = {"day": "not-a-day", "weight": "out-of-range", "height": "not-a-number"}
WEEK = tuple((TODAY - timedelta(days=6 - n), n % 3 != 0, n % 2 == 0) for n in range(7))
BRUSHING = BrushingPage(
    f"/family/{CHILD.child}/brushing",
    False,
    TODAY,
    TODAY - timedelta(days=1),
    True,
    False,
    WEEK,
    9,
    31,
    (1, 3, 7, 14, 30),
    60,
    True,
    240,
    120,
    notice="brushed",
)
OWN = replace(
    BRUSHING, action="/brushing", own=True, class_times=None, stickers=(), morning=False, notice="no-consent"
)
CHECK_IN = CheckInPage(
    SENT.check_in,
    SENT.sent_at,
    tuple(
        AskedQuestion(
            q.key, {"ja": q.ja, "en": q.en}, tuple((a.key, {"ja": a.ja, "en": a.en}) for a in q.answers)
        )
        for q in FORM.questions
    ),
    FORM.note_longest,
    tuple(HelpLine(each.number, {"ja": each.ja, "en": each.en}) for each in FORM.telephones),
)
STAFF = StaffFamilies(
    tuple(
        StaffFamily(
            f"c{n}", "佐藤 はる", 1, 2, guardian, "佐藤 和子" if guardian else "", sent, answered, urgency
        )
        for n, (guardian, sent, answered, urgency) in enumerate(
            [
                ("g1", None, None, ""),
                ("g2", NOW, None, ""),
                ("g3", NOW, NOW, "now"),
                ("g4", NOW, NOW, "call"),
                ("g5", NOW, NOW, "none"),
                ("", None, None, ""),
            ]
        )
    ),
    "sent",
)

VIEWS = {
    "family": ("family", "resident", FAMILY),
    "family-none": ("family", "resident", FamilyPage((), (), ())),
    "child": ("child", "resident", PAGE),
    "child-empty": ("child", "resident", EMPTY),
    "child-no-band": (
        "child",
        "resident",
        replace(PAGE, growth=replace(GROWTH, citation="", without="no-sex")),
    ),
    "child-wrong-measures": (
        "child",
        "resident",
        replace(PAGE, entry=Entry("measures", {"weight": "x"}, WRONG)),
    ),
    "child-wrong-vaccination": (
        "child",
        "resident",
        replace(PAGE, entry=Entry("vaccination", {"lot": "1"}, {"vaccine": "choose", "given": "not-a-day"})),
    ),
    "child-wrong-birth-record": (
        "child",
        "resident",
        replace(
            PAGE,
            entry=Entry("birth-record", {"weeks": "99"}, {"weeks": "out-of-range", "3-year": "not-a-day"}),
        ),
    ),
    "brushing": ("brushing", "resident", BRUSHING),
    "brushing-own": ("brushing", "resident", OWN),
    "check-in": ("checkin", "resident", CHECK_IN),
    "check-in-wrong": (
        "checkin",
        "resident",
        replace(CHECK_IN, entry=Entry("check-in", {"mood": "calm", "call": "1"}, {"baby-sleep": "choose"})),
    ),
    "check-in-done": ("checkin", "resident", replace(CHECK_IN, outcome="none")),
    "check-in-call": ("checkin", "resident", replace(CHECK_IN, outcome="call")),
    "check-in-call-alone": ("checkin", "resident", replace(CHECK_IN, outcome="call", reached=False)),
    "check-in-now": ("checkin", "resident", replace(CHECK_IN, outcome="now")),
    "check-in-now-alone": ("checkin", "resident", replace(CHECK_IN, outcome="now", reached=False)),
    "families": ("family_staff", "nurse", STAFF),
    "families-none": ("family_staff", "nurse", StaffFamilies((), "refused")),
    "families-waiting": ("family_staff", "nurse", replace(STAFF, notice="waiting")),
}
"""Name of the state -> template, role that sees it, view."""
