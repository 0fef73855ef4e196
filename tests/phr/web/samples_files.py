"""Invented views of the pages of files and cards, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from phr.services.uploads import READABLE
from phr.web.sentences import SENTENCES
from phr.web.views.cards import CardLine, Cards, NewCard
from phr.web.views.uploads import UploadLine, Uploads
from phr.web.wired.cards import _picture

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
DONE = UploadLine(
    "01999999-0000-7000-8000-000000000001",
    "apple_health_export_2026-11-20_with_a_long_name.zip",
    1_482_331_907,
    "done",
    NOW - timedelta(days=1),
    100,
    "apple-health",
    1_822_340,
    40_112,
    3,
    tuple((reason, 7 + 13 * n) for n, reason in enumerate(SENTENCES["upload-reason"])),
)
READING = replace(
    DONE, ident="r", state="reading", at=NOW, percent=41, documents=0, reasons=(("no-consent", 12),)
)
RECEIVING = UploadLine("c", "takeout.zip", 3_000_000_000, "receiving", NOW, 63)
WAITING = UploadLine("w", "a.fit", 120_331, "waiting", NOW, 0, "garmin-fit")
FAILED = UploadLine("f", "x.pdf", 22_000, "failed", NOW, error="unknown-format")
NONE = Uploads(True, (), 8_192_000_000, tuple(READABLE))
SOME = replace(NONE, files=(RECEIVING, READING, WAITING, DONE, FAILED), notice="sent")
CARDS = (
    CardLine("a" * 64, "公民館", NOW - timedelta(days=90), NOW - timedelta(hours=3)),
    CardLine("b" * 64, "", NOW - timedelta(days=2), None),
)
CODE = "ABCDE-FGHJK-MNPQR-STUVW"
EMPTY = Cards(())
MADE = Cards(CARDS, NewCard("公民館", CODE, _picture(CODE)), "made")

VIEWS = {
    "uploads": ("uploads", SOME),
    "uploads-none": ("uploads", NONE),
    "uploads-no-consent": ("uploads", replace(NONE, allowed=False, notice="no-consent")),
    "uploads-unknown": ("uploads", replace(NONE, files=(FAILED,), notice="refused")),
    **{
        f"uploads-told-{word}": ("uploads", replace(NONE, notice=word)) for word in SENTENCES["upload-notice"]
    },
    **{
        f"uploads-failed-{word}": ("uploads", replace(NONE, files=(replace(FAILED, error=word),)))
        for word in SENTENCES["upload-error"]
    },
    "cards": ("cards", replace(MADE, made=None, notice="")),
    "cards-none": ("cards", EMPTY),
    "cards-made": ("cards", MADE),
    "cards-full": ("cards", replace(MADE, made=None, notice="too-many", full=True)),
    "cards-ended": ("cards", replace(EMPTY, notice="ended")),
    "cards-gone": ("cards", replace(EMPTY, notice="gone")),
}
VIEWS = {name: (template, "resident", view) for name, (template, view) in VIEWS.items()}
"""Name of the state -> template, role that sees it, view."""
