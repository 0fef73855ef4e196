"""One writing for names, dates and addresses: whoever types it otherwise finds the same person."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.domain.findable import address_key, birth_date, kana_key


@pytest.mark.parametrize("typed", ["タナカ ハル", "たなか　はる", "ﾀﾅｶ ﾊﾙ", "たなかはる", "タナカハル"])
def test_hiragana_katakana_and_half_width_are_one_name(typed):
    """R9-8."""
    assert kana_key(typed) == "たなかはる"


def test_voiced_half_width_signs_become_one_letter():
    assert kana_key("ﾜﾀﾅﾍﾞ") == kana_key("ワタナベ") == "わたなべ"
    assert kana_key("ヴィクトール") == kana_key("ゔぃくとーる")


@pytest.mark.parametrize(
    "typed", ["東町1丁目2番3号", "東町１－２－３", "東町 1-2-3", "東町1丁目2-3", "東町1丁目2番地の3"]
)
def test_the_ways_to_write_a_house_number_are_one_address(typed):
    assert address_key(typed) == "東町1-2-3"


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("1945-08-15", date(1945, 8, 15)),
        ("１９４５年８月１５日", date(1945, 8, 15)),
        ("昭和20年8月15日", date(1945, 8, 15)),
        ("S20.8.15", date(1945, 8, 15)),
        ("19450815", date(1945, 8, 15)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("R1/5/1", date(2019, 5, 1)),
    ],
)
def test_a_birth_date_of_either_era_is_understood(typed, day):
    assert birth_date(typed) == day


@pytest.mark.parametrize(
    "typed", ["", "はる", "1945-13-01", "1945-02-30", "0-1-1", "45", "昭和", "S99999.1.1"]
)
def test_what_is_no_date_is_none(typed):
    assert birth_date(typed) is None


@given(st.text("アァヴヶーいぅ ｱﾞﾎﾟ　ABcd-", max_size=40))
def test_the_key_of_a_name_is_its_own_key(text):
    """Searching for what was found finds it again."""
    assert kana_key(kana_key(text)) == kana_key(text)


@given(st.text(max_size=60))
def test_nothing_that_anybody_types_raises(text):
    assert isinstance(kana_key(text) + address_key(text), str)
    assert birth_date(text) is None or birth_date(text).year > 0
