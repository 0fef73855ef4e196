"""The words that residents read about their health: no finding, no cure, no certainty, no promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from phr.web.render import FOLDER
from phr.web.sentences import SENTENCES
from phr.web.words import WORDS

TEMPLATES = FOLDER / "templates"
FORBIDDEN = re.compile("診断|治療|必ず|予防でき|病気です|フレイルです|正常です|異常です|危険です")
ALLOWED = (
    "診断ではありません",
    "薬や治療のことは、かかりつけの先生に相談してください",
)
"""Whole phrases that say what the pages do not do, or who decides."""
ENGLISH = re.compile(
    r"\b(you (probably )?have|diagnos\w*|cures?|treatment|will prevent|can prevent|certainly|abnormal)\b",
    re.IGNORECASE,
)
ENGLISH_ALLOWED = (
    "This is not a diagnosis",
    "This is no diagnosis",
    "Please ask your doctor about medicine and treatment",
)
ASKED = re.compile(r"told that you have")
"""A question about what a doctor said is no finding of ours."""


def _of_residents() -> set[str]:
    """The templates that a resident can reach: those that extend the resident's frame, and the pieces they import."""
    texts = {
        path.relative_to(TEMPLATES).as_posix(): path.read_text(encoding="utf-8")
        for path in TEMPLATES.rglob("*.html")
    }
    found = {name for name, text in texts.items() if '"_resident.html"' in text}
    while True:
        more = {
            piece
            for name in found
            for piece in re.findall(r'(?:extends|import|include|from) "([\w./]+)"', texts[name])
            if piece in texts
        }
        if more <= found:
            return found
        found |= more


@pytest.fixture(scope="module")
def texts():
    pages = _of_residents()
    found = {
        message
        for file, _, message, _, _ in extract_from_dir(
            str(FOLDER),
            [("templates/**.html", "jinja2")],
            {"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}},
            {"_": None, "gettext": None},
        )
        if Path(file).name in pages
    }
    tables = (
        "lead",
        "next-step",
        "next-button",
        "moved",
        "score-otherwise",
        "questionnaire-area",
        "score-name",
    )
    found |= {text for table in tables for text in SENTENCES[table].values()}
    return found | set(WORDS["why"].values())


def test_the_pages_of_residents_are_found(texts):
    """Else the rules below would pass for nothing."""
    assert {"risk.html", "record.html", "today.html", "_home.html", "_questionnaire.html"} <= _of_residents()
    assert not {"case.html", "questionnaire_points.html", "work_list.html"} & _of_residents()
    assert len(texts) > 200


def test_no_text_of_a_resident_finds_cures_or_promises(texts):
    """The line between a record and a medical device."""

    def rest(text):
        for phrase in ALLOWED:
            text = text.replace(phrase, "")
        return text

    assert [text for text in texts if FORBIDDEN.search(rest(text))] == []


def test_the_rule_would_notice():
    """A lint that cannot fail is none."""
    for text in ("あなたは高血圧と診断されました", "必ず治ります", "歩けば予防できます", "フレイルです"):
        assert FORBIDDEN.search(text)
    assert ENGLISH.search("You have diabetes")


def test_the_same_holds_in_english(texts):
    """A translation must not say more than the text."""
    with (FOLDER / "locales" / "en" / "LC_MESSAGES" / "phr.po").open("rb") as opened:
        catalogue = {message.id: message.string for message in read_po(opened, locale="en")}
    wrong = []
    health = {
        message for message in texts if re.search("血圧|血糖|体重|病気|健診|歩数|ねむり|体温|数字", message)
    }
    for text in health:
        said = str(catalogue.get(text, ""))
        for phrase in ENGLISH_ALLOWED:
            said = said.replace(phrase, "")
        if ENGLISH.search(ASKED.sub("", said)):
            wrong.append(said)
    assert wrong == []


def test_a_resident_never_meets_the_names_of_criteria(rendered):
    """Areas to talk about, not labels."""
    for state in ("questionnaire-result", "questionnaire-quiet", "risk", "today"):
        for label in ("フレイル", "事業対象者", "うつ", "認知症"):
            assert label not in rendered[state, "ja"]


def test_a_number_always_comes_with_whose_it_is_and_where_it_is_from(rendered):
    """Group, years, population, version and citation stand on the same page."""
    page = rendered["risk", "ja"]
    for text in (
        "同じ答えの人100人のうち、およそ6人が、10年のあいだに",
        "10.5551/jat.61960",
        "JAS-2022",
        "2,454人",
        "40〜79歳",
    ):
        assert text in page
    assert page.count('class="hundred__hit"') == 6 + 1
    assert page.count('class="hundred__one"') == 94 + 1


def test_without_a_number_there_is_no_picture(rendered):
    """Not even an empty one."""
    for state in ("risk-off", "risk-outside", "risk-lacking", "risk-no-check-up"):
        assert "hundred__hit" not in rendered[state, "ja"]
        assert "およそ" not in rendered[state, "ja"]
