"""The emergency card: what it takes, and that what was kept comes back."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.documents import describe
from phr.domain.emergency import BLOOD, FIELDS, card_id, card_of, checked, may_be_newer, response
from phr.errors import Invalid

PERSON = UUID(int=7)
AUTHORED = "2026-11-21T03:00:00+00:00"
TEXTS = st.fixed_dictionaries(
    {},
    optional={
        field: st.sampled_from(BLOOD) if field == "blood" else st.text(max_size=longest + 3)
        for field, longest in FIELDS.items()
    },
)


@given(TEXTS)
def test_what_is_taken_comes_back_from_valid_fhir_and_all_else_names_its_field(typed):
    """A card is either kept whole or refused with the field; nothing is cut in silence."""
    refused = []
    try:
        kept = checked(typed)
    except Invalid as refusal:
        refused = [refusal.field]
    if refused:
        assert set(refused) <= set(FIELDS)
        return
    resource = response(PERSON, "p-7", kept, AUTHORED)
    described = describe(resource, ZoneInfo("Asia/Tokyo"), lambda: card_id(PERSON))
    assert described.category == "questionnaire"
    assert card_of(described.resource) == kept
    assert checked(kept) == kept


@pytest.mark.parametrize(
    ("field", "text"),
    [("blood", "C+"), ("drugs", "あ" * 501), ("phone", "0\x00"), ("allergies", "そば\x1b[2J")],
)
def test_what_is_no_card_is_refused_with_its_field(field, text):
    """Too long, no blood type, and signs that no keyboard types."""
    with pytest.raises(Invalid) as refusal:
        checked({field: text})
    assert refusal.value.field == field
    assert text not in str(refusal.value)


def test_fields_of_another_version_are_left_out():
    """A card of a later version shows what this one knows."""
    kept = {"item": [{"linkId": "hat", "answer": []}, {"linkId": "blood", "answer": [{"valueString": "A+"}]}]}
    assert card_of(kept) == {"blood": "A+"}
    assert "item" not in response(PERSON, "p-7", {}, AUTHORED)


@given(st.dates(), st.integers(-400, 400), st.booleans())
def test_only_a_card_of_a_day_before_the_sheet_or_a_sheet_of_the_same_day_is_surely_not_newer(
    sheet, apart, on_paper
):
    """Days are all that paper says: on the same day nobody knows whether the screen came first."""
    kept = min(max(sheet.toordinal() + apart, 1), date.max.toordinal()) - sheet.toordinal()
    newer = may_be_newer(sheet + timedelta(days=kept), sheet, on_paper=on_paper)
    assert newer == (kept > 0 or (kept == 0 and not on_paper))
