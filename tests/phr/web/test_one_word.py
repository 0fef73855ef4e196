"""One notion has one word: the pages, messages and papers use those of locales/words.toml and none of the others."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from docs.words_page import WORDS
from phr.web.render import FOLDER

PHR = FOLDER.parent
EASY = FOLDER / "locales" / "ja@easy" / "LC_MESSAGES" / "phr.po"
ENGLISH = FOLDER / "locales" / "en" / "LC_MESSAGES" / "phr.po"


def messages(path):
    with path.open("rb") as opened:
        return [(str(one.id), str(one.string)) for one in read_po(opened) if one.id and one.string]


def told(value, language: str) -> Iterator[str]:
    """The texts of a language in a table of messages."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and (key == language or key.endswith(f"_{language}")):
                yield inner
            else:
                yield from told(inner, language)
    elif isinstance(value, list):
        for inner in value:
            yield from told(inner, language)


def of_messages(language):
    """What is sent by message, letter and reminder."""
    for path in sorted((PHR / "domain" / "messages").glob("*.toml")):
        if path.name != "wording.toml":  # it lists what is never said
            yield from told(tomllib.loads(path.read_text("utf-8")), language)


def of_papers():
    """The lines of papers, without what is code."""
    for path in sorted((PHR / "typeset" / "templates").glob("*.typ")):
        yield from re.findall(r"\[([^\[\]]*)\]|\"([^\"]*)\"", path.read_text("utf-8"))


@pytest.fixture(scope="module")
def texts():
    catalogue = messages(ENGLISH)
    papers = ["".join(pair) for pair in of_papers()]
    return {
        "ja": [
            *(source for source, _ in catalogue),
            *(said for _, said in messages(EASY)),
            *of_messages("ja"),
            *papers,
        ],
        "en": [*(said for _, said in catalogue), *of_messages("en")],
    }


def wrong(text, notion, language):
    """The forbidden words of a notion in a text."""
    for phrase in notion.but:
        text = text.replace(phrase, "")
    if language == "ja":
        return [word for word in notion.not_ja if word in text]
    return [found.group(0) for word in notion.not_en for found in re.finditer(rf"\b(?:{word})\b", text, re.I)]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("name", sorted(WORDS))
def test_a_notion_has_no_second_word(texts, name, language):
    """Who learned a word once knows it on every page."""
    found = [(text, word) for text in texts[language] for word in wrong(text, WORDS[name], language)]
    assert found == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_words_that_are_named_are_used(texts, language):
    """A word that stands nowhere is a rule about nothing."""
    every = " ".join(texts[language]).lower()
    said = {name: getattr(one, language) for name, one in WORDS.items()}
    assert {
        name for name, text in said.items() if not any(one in every for one in text.lower().split("、"))
    } == set()


def test_every_text_is_looked_at(texts):
    """Catalogues, easy Japanese, messages and papers."""
    assert len(texts["ja"]) > 4000
    assert len(texts["en"]) > 2500
    assert len(list(of_messages("ja"))) > 20
    assert len([text for text in of_papers() if any(text)]) > 100


def test_the_rule_would_notice():
    """A lint that cannot fail is none."""
    assert wrong("検診の結果", WORDS["check-up"], "ja") == ["検診"]
    assert wrong("胃がん検診", WORDS["check-up"], "ja") == []
    assert wrong("Log in again", WORDS["sign-in"], "en") == ["Log in"]
    assert wrong("The catalogue in English", WORDS["sign-in"], "en") == []
