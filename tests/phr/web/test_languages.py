"""The languages of the pages: what is offered, what each falls back to, and how complete it says it is."""

from __future__ import annotations

import re

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from fastapi import FastAPI, Request

from phr.web import furigana, languages
from phr.web.answer import language_of, locale_of
from phr.web.languages import FOLDER, LANGUAGES, completeness, offered, preferred, translations
from phr.web.render import Frame

FILLING = re.compile(r"%\(\w+\)[sd]|%%")
OWN = {tag: one.catalogues[0] for tag, one in LANGUAGES.items() if one.catalogues}
ADDED = [tag for tag in OWN if tag != "en"]


def catalogue(tag):
    with (FOLDER / "locales" / OWN[tag] / "LC_MESSAGES" / "phr.po").open("rb") as opened:
        return [one for one in read_po(opened, locale=OWN[tag]) if one.id]


def asked(cookie: str = "", wanted: str = "") -> Request:
    headers = [(b"accept-language", wanted.encode()), (b"cookie", f"phr_locale={cookie}".encode())]
    headers.append((b"host", b"127.0.0.1"))
    return Request({"type": "http", "app": FastAPI(), "path": "/today", "headers": headers})


@pytest.mark.parametrize("tag", ADDED)
def test_a_translation_fills_in_the_same_values(tag):
    """A missing or misspelt filling would break the page."""
    wrong = [
        m.id
        for m in catalogue(tag)
        if m.string and sorted(FILLING.findall(m.id)) != sorted(FILLING.findall(m.string))
    ]
    assert wrong == []


@pytest.mark.parametrize("tag", ADDED)
def test_few_translations_are_left_over(tag):
    """A reworded text waits for its translators; many waiting means that nobody updated the catalogue."""
    left = {m.id for m in catalogue(tag)} - {m.id for m in catalogue("en")}
    assert len(left) <= len(catalogue(tag)) // 20, left


def test_easy_japanese_has_what_residents_see():
    """It is for those who read little Japanese: what is missing appears to them in hard Japanese."""
    have = {m.id for m in catalogue("ja-x-easy") if m.string}
    missing = {m.id for m in catalogue("en")} - languages.staff_texts() - have
    assert completeness("ja-x-easy").percent >= 90, missing


def test_what_could_save_a_life_is_in_every_language():
    """An urgent text that falls back to another language is not read."""
    urgent = [
        "高い値です。5分休んで、もう一度はかってください",
        "胸の痛み、息苦しさ、ろれつが回らない、手足に力が入らないときは、すぐ119へ。",
        "もう一度はかっても上が180以上、または下が110以上なら、きょう中に医師に連絡してください。",
        "この記録を、24時間だれかが見ているわけではありません。",
        *languages.SENTENCES["symptom"].values(),
    ]
    for tag in ADDED:
        assert set(urgent) <= {m.id for m in catalogue(tag) if m.string}, tag


def test_completeness_counts_what_residents_see_apart():
    """A language for residents need not have the words of the staff, and must not hide that it lacks them."""
    for tag in LANGUAGES:
        done = completeness(tag)
        assert 0 < done.resident <= done.residents < done.all
        assert done.resident <= done.done <= done.all
    assert completeness("ja").percent == completeness("en").percent == 100
    assert completeness("ja-x-easy").done < completeness("ja-x-easy").all


def test_the_quick_search_finds_the_texts_that_the_extraction_finds():
    """The completeness in the menu is counted without parsing each template."""
    options = {"**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    found = extract_from_dir(str(FOLDER / "templates"), [("**.html", "jinja2")], options, {"_": None})
    exact = {message for _, _, message, _, _ in found}
    quick = set().union(
        *(languages.texts_of(one.read_text()) for one in (FOLDER / "templates").rglob("*.html"))
    )
    assert quick == exact


def test_staff_templates_exist():
    """A renamed page would silently count as one that residents see."""
    names = set(languages._FILE["staff_templates"])
    there = {one.stem for one in (FOLDER / "templates").glob("*.html")}
    assert names <= there | {f"{one.name}/" for one in (FOLDER / "templates").iterdir() if one.is_dir()}
    assert set(languages._FILE["staff_tables"]) <= set(languages.WORDS) | set(languages.SENTENCES)


def test_a_language_that_is_hardly_begun_is_not_offered(monkeypatch):
    """A page that is nearly all in another language helps nobody."""
    languages.offered.cache_clear()
    none = languages.Completeness(9, 100, 9, 150)
    monkeypatch.setattr(languages, "completeness", lambda tag: none if tag == "vi" else completeness(tag))
    assert "vi" not in offered()
    assert {"ja", "ja-x-easy", "en"} <= set(offered())
    assert preferred("vi") == "ja"
    languages.offered.cache_clear()


def test_a_missing_text_falls_back_to_english_and_easy_japanese_to_japanese():
    """English is read by more of those who read none of the languages of the city."""
    staff = "担当になる"
    assert translations("vi").gettext(staff) == translations("en").gettext(staff) != staff
    assert translations("ja-x-easy").gettext(staff) == staff
    assert translations("vi").gettext("きょう") == "Hôm nay"
    assert translations("xx").gettext("きょう") == "きょう"


@pytest.mark.parametrize(
    ("wanted", "tag"),
    [
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("pt", "pt-BR"),
        ("vi-VN", "vi"),
        ("ja-JP,en", "ja"),
        ("fr,ko;q=0.5", "ko"),
        ("ja-x-easy", "ja-x-easy"),
        ("xx;;;,,\x00", "ja"),
    ],
)
def test_the_browser_says_which_language_to_begin_with(wanted, tag):
    """Before anybody has chosen."""
    assert language_of(asked(wanted=wanted)) == tag


def test_a_chosen_language_is_kept_and_files_come_in_japanese_or_english():
    """Letters and reports exist in these two only."""
    assert language_of(asked("vi", "ja")) == "vi"
    assert locale_of(asked("vi")) == "en"
    assert locale_of(asked("ja-x-easy")) == "ja"
    assert language_of(asked("../../etc", "en")) == "en"


def one_state_each(samples):
    chosen = {}
    for state, (template, role, _view) in samples.VIEWS.items():
        if role in {None, "resident"}:
            chosen.setdefault(template, state)
    return sorted(chosen.values())


@pytest.mark.parametrize(
    "tag",
    [tag if tag in {"ja-x-easy", "zh-Hans"} else pytest.param(tag, marks=pytest.mark.slow) for tag in ADDED],
)
def test_a_page_in_each_language_is_complete_and_closed(tag, samples, renderer, people):
    """One state of each page that residents see."""
    for state in one_state_each(samples):
        template, role, view = samples.VIEWS[state]
        page = renderer.page(template, view, locale=tag, frame=Frame(people.get(role or ""), "t", "/here"))
        assert f'<html lang="{LANGUAGES[tag].html}"' in page
        assert not re.search("[\ufdd0-\ufdd2{}]", re.sub(r'data-chart="[^"]*"', "", page)), state
        for inside in re.findall(r"<(?:title|option)\b.*?</(?:title|option)>|<[^>]*>", page, re.DOTALL):
            assert "ruby" not in re.sub("^</?ruby>$", "", inside), (state, inside)
        assert page.count("<ruby>") == page.count("</ruby>") == page.count("<rt>")
        assert ("<ruby>" in page) == LANGUAGES[tag].furigana, state


def test_readings_can_be_switched_off(samples, renderer, people):
    """Those who know the kanji read faster without."""
    template, _, view = samples.VIEWS["today"]
    shown = {
        on: renderer.page(
            template, view, locale="ja-x-easy", frame=Frame(people["resident"], "t", "/today", furigana=on)
        )
        for on in (True, False)
    }
    assert "<ruby>今日<rt>きょう</rt></ruby>" in shown[True]
    assert "<ruby>" not in shown[False]
    assert re.sub(r"<rt>.*?</rt>|</?ruby>", "", shown[True]).count("今日") == shown[False].count("今日")


def test_every_kanji_of_easy_japanese_has_its_reading():
    """A kanji without one stops the reader."""
    counters = {
        "日",
        "日間",
        "人",
        "分",
        "歩",
        "秒",
    }  # after a number that the page fills in, the reading varies
    bare = set()
    for message in catalogue("ja-x-easy"):
        text = re.sub("\ufdd0[^\ufdd2]*\ufdd2", "", furigana.marked(message.string))
        bare |= {word for word in furigana.KANJI.findall(text) if word not in counters}
    assert bare == set()


def test_years_are_written_as_chosen(samples, renderer, people):
    """Some know their years by the era, some only by the western count."""
    template, _, view = samples.VIEWS["today"]
    pages = {
        name: renderer.page(
            template, view, locale="ja", frame=Frame(people["resident"], "t", "/today", calendar=name)
        )
        for name in ("both", "era", "western")
    }
    assert "2026年（令和8年）" in pages["both"]
    assert "2026年" not in re.sub(r"<time[^>]*>", "", pages["era"])
    assert "令和8年" in pages["era"]
    assert "令和" not in pages["western"]
