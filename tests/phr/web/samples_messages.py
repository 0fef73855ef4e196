"""Invented views of the pages of messages and letters, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from phr.domain.messages.catalogue import catalogue
from phr.domain.messages.screenings import screenings
from phr.web.pages.messages import NOTICES, STAFF_NOTICES
from phr.web.views.messages import (
    AddressLine,
    Batch,
    BatchLine,
    ChoiceLine,
    LetterCandidate,
    LetterLine,
    Letters,
    MessageLine,
    Messages,
    ScreeningLine,
    Stop,
)

NOW = datetime(2026, 11, 21, 1, 42, 7, tzinfo=UTC)
TEXTS = {
    key: catalogue().template(key).texts for key in ("nudge.bp-week", "notice", "bp-contact-doctor-today")
}
WAYS = ("line", "push", "email")
MESSAGES = Messages(
    lines=(
        MessageLine("alarm", TEXTS["bp-contact-doctor-today"], NOW, "email", read=False),
        MessageLine("nudge", TEXTS["nudge.bp-week"], NOW - timedelta(days=2), "line", read=True),
        MessageLine("notice", TEXTS["notice"], NOW - timedelta(days=9), "", read=True),
    ),
    addresses=(
        AddressLine("a1", "email", "hanako.sato@example.jp", verified=True),
        AddressLine("a2", "email", "h.sato@example.com", verified=False),
        AddressLine("a3", "line", "", verified=False, word="KX7MQ2RT"),
        AddressLine("a4", "push", "", verified=True),
    ),
    choices=(
        ChoiceLine("alarm", True, False, (), WAYS),
        ChoiceLine("notice", True, True, (), WAYS),
        ChoiceLine("guidance", True, True, ("email",), (*WAYS, "post")),
        ChoiceLine("nudge", False, True, (), WAYS),
        ChoiceLine("reminder", False, True, ("post",), (*WAYS, "post")),
    ),
    ready=WAYS,
    push_key="BJx",
    screenings=tuple(ScreeningLine(name, one.texts) for name, one in list(screenings().known.items())[:3]),
    today=date(2026, 11, 21),
)
NONE = Messages(
    (), (), tuple(replace(one, ways=()) for one in MESSAGES.choices), (), today=date(2026, 11, 21)
)
CANDIDATES = (
    LetterCandidate(
        "c1", "checkup-advice", "田村 修一", "タムラ シュウイチ", "東町", NOW - timedelta(days=9), ""
    ),
    LetterCandidate(
        "c2", "guidance-invitation", "佐藤 和子", "サトウ カズコ", "西町", NOW - timedelta(days=3), ""
    ),
    LetterCandidate("c3", "checkup-advice", "山本 勇", "ヤマモト イサム", "北町", NOW, "no-address"),
    LetterCandidate("c4", "checkup-advice", "井上 文", "イノウエ フミ", "北町", NOW, "written"),
)
LINE = BatchLine("b1", ("checkup-advice", "guidance-invitation"), NOW, 3, None)
LETTERS = Letters(CANDIDATES, (LINE, replace(LINE, batch="b2", kinds=("reminder",), posted_at=NOW)), 12)
BATCH = Batch(
    LINE,
    (
        LetterLine(
            1, "44710926123", "checkup-advice", "田村 修一", "〒000-0123 ときわの市東町2丁目4-15", "made"
        ),
        LetterLine(
            2, "44710926222", "guidance-invitation", "佐藤 和子", "〒000-0124 ときわの市西町1-1", "posted"
        ),
        LetterLine(3, "44710926321", "checkup-advice", "山本 勇", "〒000-0125 ときわの市北町3-9", "returned"),
    ),
    1,
)

VIEWS = {
    "messages": ("messages", "resident", MESSAGES),
    "messages-none": ("messages", "resident", NONE),
    "messages-reminded": ("messages", "resident", replace(MESSAGES, screenings=(), reminded=True)),
    **{f"messages-{one}": ("messages", "resident", replace(NONE, notice=one)) for one in sorted(NOTICES)},
    "messages-stop": ("messages_stop", None, Stop("nudge", "token")),
    "messages-stop-done": ("messages_stop", None, Stop("nudge", "token", done=True)),
    "messages-stop-gone": ("messages_stop", None, Stop("")),
    "letters": ("letters", "nurse", LETTERS),
    "letters-more": ("letters", "nurse", replace(LETTERS, beyond=36)),
    "letters-none": ("letters", "nurse", Letters((), (), 0)),
    **{f"letters-{one}": ("letters", "nurse", replace(LETTERS, notice=one)) for one in sorted(STAFF_NOTICES)},
    "letter-batch": ("letter_batch", "nurse", BATCH),
    "letter-batch-posted": (
        "letter_batch",
        "nurse",
        replace(BATCH, line=replace(LINE, posted_at=NOW), missing=0, notice="posted"),
    ),
    "letter-batch-changed": ("letter_batch", "nurse", replace(BATCH, notice="changed")),
    "letter-batch-left-out": ("letter_batch", "nurse", replace(BATCH, notice="no-address")),
}
"""Name of the state -> template, role that sees it, view."""
