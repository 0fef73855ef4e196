"""Invented views of the pages of rights, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.web.views.documents import (
    CopyLine,
    Correct,
    DeleteAccount,
    Documents,
    IncidentLine,
    Incidents,
    Privacy,
    ProvisionLine,
    Provisions,
    RequestLine,
    RightsWork,
    TimerLine,
    ValueLine,
)
from phr.web.wired.rights_staff import CHECKS

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
TODAY = date(2026, 11, 21)
COPY = CopyLine("c1", "ready", NOW, 100, 4_812_033, NOW + timedelta(days=7), "k" * 64)
ASKED = RequestLine(
    "r1",
    "correct",
    "open",
    "in-time",
    NOW - timedelta(days=3),
    TODAY + timedelta(days=27),
    27,
    text="血圧 2026-11-18 07:05 上 182 → 128 打ちまちがい",
    cancellable=True,
)
LATE = replace(
    ASKED, ident="r2", kind="disclose", clock="late", left=-2, due=TODAY - timedelta(days=2), as_whom="proxy"
)
SOON = replace(
    ASKED,
    ident="r3",
    kind="stop",
    state="extended",
    clock="soon",
    left=4,
    extension="健診機関に確かめています",
)
DONE = replace(
    ASKED,
    ident="r4",
    state="done",
    clock="done",
    decision="お申し出のとおり直しました。",
    recipients=(("insurer", "00123456"), ("guardian", "g"), ("release", "Organization/univ-a r-1")),
    cancellable=False,
)
GOING = replace(ASKED, ident="r5", kind="erase", state="waiting", text="")
OWN = Documents((COPY,), (ASKED, SOON, DONE), False, 30, 7, TODAY)
EMPTY = Documents((), (), False, 30, 7, TODAY)
VALUE = ValueLine(
    "v1",
    ("血圧", "Blood pressure"),
    NOW,
    (("systolic", ("上", "systolic"), 182.0, 0), ("diastolic", ("下", "diastolic"), 80.0, 0)),
    True,
)
SENT = replace(VALUE, ident="v2", typed=False)
DAY = Correct(TODAY, TODAY, (VALUE, SENT))
DELETE = DeleteAccount(
    True, 7, (("samples", 1_204_331), ("documents", 41)), (("audit", 5), ("release", 3), ("points", 7))
)
INCIDENT = IncidentLine(
    "i1",
    "持ち出した端末をなくした",
    "leak",
    NOW - timedelta(days=4),
    12,
    12,
    12,
    ("blood-pressure", "checkup"),
    False,
    False,
    False,
    False,
    True,
    (
        TimerLine("preliminary", TODAY, "soon"),
        TimerLine("persons", TODAY - timedelta(days=1), "late"),
        TimerLine("final", TODAY + timedelta(days=25), "in-time"),
    ),
)
DRILL = replace(
    INCIDENT, ident="i2", title="訓練", drill=True, closed=True, must_report=False, encrypted=True, timers=()
)
REGISTER = Incidents((INCIDENT, DRILL), TODAY, ("ppc", "persons"), ("damage", "leak", "loss", "misuse"))
LOG = Provisions(
    (ProvisionLine(NOW, "research", "Organization/univ-a", ("age", "sex", "steps"), 1203, "consent"),), 3
)
PRIVACY = Privacy(
    "Organization/city-health", 30, 7, (("audit", 5), ("release", 3), ("points", 7), ("checkup", 5)), CHECKS
)

VIEWS = {
    "documents": ("documents", "resident", OWN),
    "documents-empty": ("documents", "resident", EMPTY),
    "documents-busy": (
        "documents",
        "resident",
        replace(OWN, copies=(replace(COPY, state="making", percent=43),), notice="asked-copy"),
    ),
    "documents-stopped": ("documents", "resident", replace(OWN, stopped=True, notice="stopped")),
    "documents-deleting": (
        "documents",
        "resident",
        replace(EMPTY, deleting=GOING, requests=(GOING, LATE), copies=(replace(COPY, state="failed"),)),
    ),
    "documents-say-what": ("documents", "resident", replace(EMPTY, notice="say-what")),
    "documents-correct": ("documents_correct", "resident", DAY),
    "documents-correct-none": ("documents_correct", "resident", replace(DAY, lines=())),
    "documents-correct-one": ("documents_correct", "resident", replace(DAY, chosen=VALUE)),
    "documents-correct-problem": (
        "documents_correct",
        "resident",
        replace(DAY, chosen=SENT, problem="value", typed={"systolic": "12"}, reason="打ちまちがい"),
    ),
    "documents-delete": ("documents_delete", "resident", DELETE),
    "documents-delete-again": (
        "documents_delete",
        "resident",
        replace(DELETE, fresh=False, problem="sign-in-again"),
    ),
    "documents-staff": (
        "documents_staff",
        "operator",
        RightsWork((LATE, SOON, ASKED, GOING), (DONE,), TODAY, "done"),
    ),
    "documents-staff-none": ("documents_staff", "operator", RightsWork((), (), TODAY, "bad-proof_day")),
    "documents-incidents": ("documents_incidents", "operator", REGISTER),
    "documents-incidents-none": (
        "documents_incidents",
        "operator",
        replace(REGISTER, lines=(), problem="persons"),
    ),
    "documents-incidents-not-yet": ("documents_incidents", "operator", replace(REGISTER, notice="not-yet")),
    "documents-provisions": ("documents_provisions", "operator", LOG),
    "documents-provisions-none": ("documents_provisions", "operator", replace(LOG, lines=())),
    "documents-privacy": ("documents_privacy", "resident", PRIVACY),
    "documents-privacy-end": (
        "documents_privacy",
        "resident",
        replace(PRIVACY, ends_on=date(2027, 3, 31), export_until=date(2027, 9, 30)),
    ),
}
"""Name of the state -> template, role that sees it, view."""
