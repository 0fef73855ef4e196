"""Paper: text arrives whole and readable, data is never markup, and equal data give equal bytes."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader

from phr.typeset import BadTemplateError, Press

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DATA = {"title": "お知らせ", "lines": ["髙橋 﨑子 様", "#panic() $x$ *太字* <label> @ref // これは文字です"]}


@pytest.fixture(scope="module")
def press():
    return Press()


def text(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_text_can_be_read_and_searched_in_the_file(press):
    """A letter must be readable aloud: rare forms of names and all."""
    found = text(press.pdf("plain", DATA, AT))
    assert "お知らせ" in found
    assert "髙橋 﨑子 様" in found


def test_data_is_text_and_never_markup(press):
    """A resident's own words must not run in the press."""
    assert "#panic() $x$ *太字* <label> @ref // これは文字です" in text(press.pdf("plain", DATA, AT))


def test_equal_data_give_equal_bytes(press):
    """So that a letter printed again is the same letter."""
    assert press.pdf("plain", DATA, AT) == Press().pdf("plain", DATA, AT)


def test_a_page_can_be_looked_at(press):
    """For previews, and for those who check the templates."""
    assert press.pictures("plain", DATA, AT)[0].startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["no-such", "../templates/plain", "plain.typ", ""])
def test_an_unknown_template_is_refused(press, name):
    """Templates are named, never paths."""
    with pytest.raises(BadTemplateError, match="no template"):
        press.pdf(name, DATA, AT)


def test_data_that_does_not_fit_names_the_template_only(press):
    """An error text must hold nobody's values."""
    with pytest.raises(BadTemplateError) as error:
        press.pdf("plain", {"title": "秘密"}, AT)
    assert "plain" in str(error.value)
    assert "秘密" not in str(error.value)
