"""Each part of the pages has one template or one sheet of its own, is shown on the page of parts, and stands alone."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest

from phr.web.render import FOLDER, Frame, Renderer
from phr.web.sheets import STATIC, asset, site_sheets
from phr.web.views.components import COMPONENTS, NAMES

TEMPLATES = FOLDER / "templates"
FILES = {path.stem: path.read_text("utf-8") for path in sorted((TEMPLATES / "components").glob("*.html"))}
SHEETS = {path.stem: path.read_text("utf-8") for path in sorted((STATIC / "components").glob("*.css"))}
SPECIMENS = {path.stem: path.read_text("utf-8") for path in sorted((TEMPLATES / "specimens").glob("*.html"))}
MACROS = {macro: name for name, text in FILES.items() for macro in re.findall(r"{%-? macro (\w+)\(", text)}
SHOWN_WITH_ANOTHER = {"bounds", "basis", "chart_at", "chart_head", "joined", "told", "specimen", "limit_text"}
"""Seen inside another part; the page's own frame and the head of charts."""


def classes(sheet):
    """The first class of each selector, without its element: whose rule it is."""
    text = re.sub(r"(?s)/\*.*?\*/|{[^{}]*}", ",", sheet)
    found = (re.search(r"\.([a-z][\w-]*)", one) for one in re.split(r"[,{}](?![^(]*\))", text))
    return {one.group(1).partition("__")[0] for one in found if one}


@pytest.fixture(scope="module")
def page(renderer, people):
    def made(locale, view=COMPONENTS):
        return renderer.page(
            "components", view, locale=locale, frame=Frame(people["operator"], "form-token", "/components")
        )

    return made


def test_every_part_is_shown_in_its_states():
    """A part that is not shown is not looked at: in no theme, at no width, by no tool."""
    assert set(NAMES) == set(SPECIMENS) == set(FILES) | set(SHEETS)
    assert len(NAMES) == len(set(NAMES))


def test_every_macro_is_used_by_a_specimen():
    """Those inside another part are seen with it."""
    called = {name for text in SPECIMENS.values() for name in re.findall(r"\bp\.(\w+)\(", text)}
    assert MACROS.keys() - called - SHOWN_WITH_ANOTHER == set()
    assert called <= MACROS.keys()


def test_one_name_gives_every_part():
    """Pages import _parts.html, which gives each macro of each file and nothing else."""
    made = Renderer("x", ZoneInfo("Asia/Tokyo")).environment("ja").get_template("_parts.html")
    given = {name for name in vars(made.make_module({"frame": Frame()})) if not name.startswith("_")}
    assert given == MACROS.keys() - {"specimen"}


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_a_sheet_has_rules_for_its_own_part_only(name):
    """Two sheets that style the same class would lean on their order."""
    others = {other for stem, text in SHEETS.items() if stem != name for other in classes(text)}
    assert classes(SHEETS[name])
    assert classes(SHEETS[name]) & others == set()


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_what_a_sheet_styles_is_in_its_specimen(page, name):
    """The main class of the sheet is on the page of parts."""
    shown = set(re.findall(r"[\w-]+", " ".join(re.findall(r'class="([^"]*)"', page("ja")))))
    assert classes(SHEETS[name]) & {one.partition("__")[0] for one in shown}


def test_the_sheet_of_the_site_is_its_parts_in_order():
    """One request; what refines a table comes after the table, what a page asks for after every part."""
    names = [path.stem for path in site_sheets()]
    assert names[:3] == ["tokens", "base", "table"]
    assert names[-1] == "screens"
    assert sorted(names[2:-1]) == sorted(SHEETS)
    assert asset("site.css").count(b"\n") == sum(path.read_bytes().count(b"\n") for path in site_sheets())


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_each_part_has_its_heading_and_only_real_names(page, locale):
    """A section is named by its heading, each identifier is there once, and what is pointed at is there."""
    text = page(locale)
    idents = re.findall(r'\bid="([^"]+)"', text)
    assert len(idents) == len(set(idents))
    assert [one for one in NAMES if f'aria-labelledby="{one}"' not in text or one not in idents] == []
    pointed = set(re.findall(r'(?:aria-describedby|aria-labelledby|\bfor)="([^"]+)"', text))
    assert pointed <= set(idents)
