"""Dates in both calendars, numbers and typed numbers."""

from __future__ import annotations

import doctest
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phr.web import formats, forms, furigana

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize("module", [formats, forms, furigana])
def test_the_examples_in_the_docstrings_hold(module):
    """They are what a reader copies."""
    assert doctest.testmod(module, extraglobs={"UTC": UTC}).failed == 0


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2019, 4, 30), "平成31年"),
        (date(2019, 5, 1), "令和元年"),
        (date(1989, 1, 7), "昭和64年"),
        (date(1989, 1, 8), "平成元年"),
        (date(1926, 12, 24), "大正15年"),
        (date(1926, 12, 25), "昭和元年"),
        (date(1912, 7, 29), "明治45年"),
        (date(1912, 7, 30), "大正元年"),
    ],
)
def test_an_era_begins_on_its_day(day, text):
    """Birth dates of living people lie on both sides of each change."""
    assert formats.era(day, "ja") == text


def test_a_full_day_has_both_calendars():
    """As forms of the city write it."""
    day = date(2026, 11, 21)
    assert formats.full_day(day, "ja") == "2026年（令和8年）11月21日（土）"
    assert formats.full_day(day, "en") == "Sat, 21 Nov 2026 (Reiwa 8)"
    assert formats.era_day(day, "ja") == "R8.11.21"


@pytest.mark.parametrize(
    ("calendar", "texts"),
    [
        ("both", ["2026年（令和8年）11月21日（土）", "2026年11月21日", "R8.11.21"]),
        ("era", ["令和8年11月21日（土）", "令和8年11月21日", "R8.11.21"]),
        ("western", ["2026年11月21日（土）", "2026年11月21日", "2026.11.21"]),
    ],
)
@pytest.mark.parametrize("locale", ["ja", "ja-x-easy"])
def test_a_reader_chooses_how_years_are_written(calendar, texts, locale):
    """Some know their years by the era, some only by the western count."""
    day = date(2026, 11, 21)
    shapes = (formats.full_day, formats.long_day, formats.era_day)
    assert [shape(day, locale, calendar) for shape in shapes] == texts


@pytest.mark.parametrize(
    ("locale", "full", "long", "narrow", "value"),
    [
        ("zh-Hans", "2026年11月21日星期六 (Reiwa 8)", "2026年11月21日", "11月21日", "1,240.5"),
        ("ko", "2026년 11월 21일 토요일 (Reiwa 8)", "2026. 11. 21.", "11월 21일", "1,240.5"),
        ("vi", "Thứ Bảy, 21 tháng 11, 2026 (Reiwa 8)", "21 thg 11, 2026", "21 thg 11", "1.240,5"),
        ("pt-BR", "sábado, 21 de novembro de 2026 (Reiwa 8)", "21 de nov. de 2026", "21 de nov.", "1.240,5"),
    ],
)
def test_days_and_numbers_are_as_each_language_writes_them(locale, full, long, narrow, value):
    """With the year of the era where forms of the city ask for it."""
    day = date(2026, 11, 21)
    assert formats.full_day(day, locale) == full
    assert formats.long_day(day, locale) == formats.era_day(day, locale) == long
    assert formats.narrow_day(day, locale) == narrow
    assert "21" in formats.short_day(day, locale)
    assert formats.number(1240.5, locale, 1) == value
    assert formats.unit("{steps}/d", locale) != formats.unit("{steps}/d", "en")
    assert formats.unit("mm[Hg]", locale) == "mmHg"


def test_a_day_before_the_eras_has_its_western_year():
    """No record is that old, and none may break a page."""
    day = date(1800, 1, 2)
    assert formats.era(day, "ja") == "1800年"
    assert formats.era(day, "en") == "1800"
    assert formats.era_day(day, "ja") == "1800.1.2"


def test_marks_in_a_name_never_become_markup():
    """Readings are ours; a name that holds the marks stays text, or loses them."""
    page = '<p title="\ufdd0a\ufdd1b\ufdd2">\ufdd0<b>\ufdd1x\ufdd2 \ufdd2</p><title>\ufdd0犬\ufdd1いぬ\ufdd2</title>'
    assert furigana.shown(page, ruby=True) == '<p title="a"><b>x </p><title>犬</title>'
    assert furigana.shown("\ufdd0犬\ufdd1いぬ\ufdd2", ruby=True) == "<ruby>犬<rt>いぬ</rt></ruby>"
    assert furigana.shown("\ufdd0犬\ufdd1いぬ\ufdd2", ruby=False) == "犬"


def test_a_reading_written_in_the_text_comes_before_the_list():
    """The same kanji is read in many ways."""
    assert furigana.shown(furigana.marked("{犬|けん}と 健診、{日|}"), ruby=True) == (
        "<span><ruby>犬<rt>けん</rt></ruby>と <ruby>健診<rt>けんしん</rt></ruby>、日</span>"
    )


def test_a_moment_is_shown_in_the_city():
    """A night in Tokyo is another day in UTC."""
    moment = datetime(2026, 11, 20, 15, 30, 7, tzinfo=UTC)
    assert formats.clock(moment, TOKYO) == "0:30"
    assert formats.clock(moment, TOKYO, seconds=True) == "0:30:07"
    assert formats.day_of(moment, TOKYO) == date(2026, 11, 21)
    assert formats.iso(moment, TOKYO) == "2026-11-21T00:30:07+09:00"


@pytest.mark.parametrize(
    ("ucum", "ja", "en"), [("mm[Hg]", "mmHg", "mmHg"), ("/min", "回/分", "/min"), ("kg", "kg", "kg")]
)
def test_units_are_as_people_write_them(ucum, ja, en):
    """UCUM is for machines."""
    assert (formats.unit(ucum, "ja"), formats.unit(ucum, "en")) == (ja, en)


@given(st.text(max_size=40))
def test_any_text_is_a_plain_number_or_none(text):
    """Never an error, never infinity."""
    value = forms.number_typed(text)
    assert value is None or 0 <= value < 1e6


@given(st.floats(0, 999_999).map(lambda value: round(value, 2)))
def test_a_number_in_full_width_digits_is_the_same_number(value):
    """As a Japanese keyboard types it."""
    text = f"{value:.2f}"
    assert forms.number_typed(text.translate(str.maketrans("0123456789.", "０１２３４５６７８９．"))) == value


@pytest.mark.parametrize(
    "text",
    ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "", "today", "/a\r\nSet-Cookie: x=1", "/ä"],
)  # fmt: skip
def test_an_address_that_leads_elsewhere_is_not_followed(text):
    """The way back after signing in or changing the language is always ours."""
    assert forms.local_address(text, "/home") == "/home"
