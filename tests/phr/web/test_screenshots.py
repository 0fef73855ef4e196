"""The list of pages names every page, and the command of pictures makes one of each that is asked for."""

from __future__ import annotations

import pytest

from docs.page_list import page_rows
from docs.screenshots import CHROMIUM, KEPT, fullest, rendered, states, take
from phr.web.render import FOLDER

MOST_KEPT = 3_000_000
JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"


def test_every_template_is_in_the_list_of_pages():
    """A page that nobody lists is a page that nobody looks at."""
    pages = {path.stem for path in (FOLDER / "templates").glob("[!_]*.html")}
    assert {template for template, _, _, _ in page_rows()} == pages


def test_the_list_names_the_role_of_the_page_and_not_of_who_is_led_there():
    """The values in doubt have a page of the nurse and one of the resident."""
    roles = {template: role for template, role, _, _ in page_rows()}
    assert roles["doubts_staff"] == "nurse"
    assert roles["doubts"] == "resident"
    assert roles["sign_in"] == "anybody"
    assert roles["account"] == "everybody signed in"


@pytest.mark.slow
def test_each_page_has_one_state_for_its_picture():
    """The fullest one, so that a picture shows what a page can hold."""
    views, _ = states()
    pages = rendered("ja")
    chosen = fullest(views, pages)
    assert sorted(views[state][0] for state in chosen) == sorted({each[0] for each in views.values()})
    assert len(chosen["components"]) > 0


def test_each_page_has_its_small_picture_in_the_reference():
    """``python -m docs.screenshots --kept`` makes them; together they stay small enough for a repository."""
    pages = {path.stem for path in (FOLDER / "templates").glob("[!_]*.html")}
    pictures = {path.stem: path.read_bytes() for path in KEPT.glob("*.jpg")}
    assert pictures.keys() == pages
    assert all(one.startswith(JPEG) for one in pictures.values())
    assert sum(map(len, pictures.values())) < MOST_KEPT


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_picture_is_a_png_of_the_name_of_its_state(chromium, tmp_path):
    """The names of files are those of the states, so that pictures of two days can be compared."""
    pages = {"plain": "<!doctype html><html lang='ja'><title>x</title><p>x</p></html>"}
    assert take(tmp_path / "made", pages, 390, "light", chromium) == 1
    assert (tmp_path / "made" / "plain.png").read_bytes().startswith(PNG)
