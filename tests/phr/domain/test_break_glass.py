"""Break-glass: what is kept of a reason and a note, and until when somebody must have looked."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.break_glass import checked, review_by, rules
from phr.errors import Invalid
from phr.web.sentences import SENTENCES

TOKYO = ZoneInfo("Asia/Tokyo")


@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_is_kept_clean_or_refused_by_field(reason, note):
    """Never another error, never a value in its text."""
    try:
        kept = checked(reason, note)
    except Invalid as refused:
        assert refused.field in {"reason", "note"}  # noqa: PT017 - both ends are right
    else:
        assert kept[0] in rules().reasons
        assert rules().note_shortest <= len(kept[1]) <= rules().note_longest


def test_a_note_is_one_line_of_plain_text():
    """Layout goes, control characters are refused."""
    assert checked("hospital", "  治療中の 病院から\n電話で照会  ")[1] == "治療中の 病院から 電話で照会"
    with pytest.raises(Invalid):
        checked("hospital", "a bell \x07 in the note")


@pytest.mark.parametrize(
    ("opened", "until"),
    [
        (datetime(2026, 11, 18, 9, tzinfo=TOKYO), "2026-11-19T17:15:00+09:00"),
        (
            datetime(2026, 11, 20, 23, tzinfo=TOKYO),
            "2026-11-24T17:15:00+09:00",
        ),  # Friday; Monday is a holiday
        (datetime(2026, 12, 28, 9, tzinfo=TOKYO), "2027-01-04T17:15:00+09:00"),
    ],
)
def test_the_review_is_due_at_the_end_of_the_next_working_day(opened, until):
    """R8-25, with weekends, holidays and the turn of the year."""
    assert review_by(opened, TOKYO).isoformat() == until


def test_the_tables_fit_each_other():
    """A word for each reason, a measurement for each kind, an hour."""
    assert set(SENTENCES["glass-reason"]) == set(rules().reasons)
    assert set(SENTENCES["looked-reason"]) >= set(
        rules().reasons
    )  # the person reads it in words of their own
    assert len(rules().codes) == len(rules().categories)
    assert rules().life == timedelta(minutes=60)
    assert not {"child", "questionnaire", "guidance"} & set(rules().categories)
