"""The catalogue has every text of the templates and the code, and the tables of words agree with what uses them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from phr.web.render import FOLDER, translations
from phr.web.sentences import SENTENCES
from phr.web.words import ITEMS, WORDS

METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
FILLING = re.compile(r"%\(\w+\)[sd]|%%")


@pytest.fixture(scope="module")
def texts():
    keywords = {"_": None, "gettext": None, "N_": None}
    found = extract_from_dir(str(FOLDER), METHODS, OPTIONS, keywords)
    return {message for _, _, message, _, _ in found}


@pytest.fixture(scope="module", params=["en"])
def catalogue(request):
    with (FOLDER / "locales" / request.param / "LC_MESSAGES" / "phr.po").open("rb") as opened:
        return read_po(opened, locale=request.param)


def test_the_extraction_finds_templates_and_code(texts):
    """Else the tests below would pass for nothing."""
    assert {"だれと、何を共有するか", "積極的支援", "はかっていません"} <= texts
    assert len(texts) > 500


def test_every_text_is_translated(texts, catalogue):
    """A text that nobody translated would appear in Japanese on an English page."""
    done = {message.id for message in catalogue if message.id and message.string and not message.fuzzy}
    assert texts - done == set()


def test_no_translation_is_left_over(texts, catalogue):
    """A leftover is a text that was changed in one place only."""
    assert {message.id for message in catalogue if message.id} - texts == set()


def test_a_translation_fills_in_the_same_values(catalogue):
    """A missing or misspelt filling would break the page."""
    wrong = [
        m.id for m in catalogue if m.id and sorted(FILLING.findall(m.id)) != sorted(FILLING.findall(m.string))
    ]
    assert wrong == []


def test_the_source_language_needs_no_catalogue():
    """The templates are written in Japanese."""
    assert translations("ja").gettext("きょう") == "きょう"
    assert translations("en").gettext("きょう") == "Today"


def test_every_consent_category_has_words():
    """The categories of the consent profile, as the contract lists them."""
    categories = (
        "activity heart blood-pressure body sleep glucose temperature oxygen respiration nutrition "
        "checkup questionnaire guidance child"
    )
    assert set(WORDS["category"]) == set(categories.split())


def test_every_purpose_says_what_and_why():
    """No purpose is offered without its reason."""
    assert set(WORDS["purpose"]) == set(WORDS["why"])


def test_every_next_step_has_a_button():
    """One sentence, one button."""
    assert set(SENTENCES["next-step"]) == set(SENTENCES["next-button"])


def test_every_vital_is_an_item_with_a_unit():
    """A value is shown with its unit."""
    for vital in WORDS["vital"]:
        assert ITEMS[vital].unit


def test_the_folder_of_a_wheel_has_all_that_pages_need():
    """Templates, assets and catalogues lie inside the package, which the wheel takes as it is."""
    project = tomllib.loads((FOLDER.parents[1] / "pyproject.toml").read_text())
    assert "phr" in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    for name in ("templates", "static", "locales"):
        assert any(Path(FOLDER / name).iterdir())
