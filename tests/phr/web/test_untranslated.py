"""No text of a page is left out of the catalogues: in templates, code, scripts and papers; translations keep their own signs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from phr.web.languages import LANGUAGES
from phr.web.render import FOLDER
from phr.web.sheets import STATIC

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff々〆]")
KANA = re.compile("[\u3040-\u30fa\u30fc-\u30ff]")
MARKED = re.compile(r"""\b_\(\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
TYPST = FOLDER.parent / "typeset" / "templates"
JAPANESE_CODE = {
    "formats.py": "days, eras and units as Japanese writes them; the other languages have rules of their own",
    "furigana.py": "finds kanji",
    "pages/offline.py": "the name of the installed application; English stands beside it",
    "pages/rewards.py": "columns of a table that residents download; English stands beside it",
    "pages/team.py": "columns of tables that staff of a Japanese office download",
    "wired/team.py": "columns of tables that staff of a Japanese office download",
    "wired/imports.py": "a cell of a table that staff download",
    "wired/paper.py": "words of sheets on paper, which are Japanese",
    "views/components.py": "an invented name on the living page of parts",
    "wired/receipts.py": "words of the receipt on paper, which is Japanese",
}
JAPANESE_PAPERS = {
    "consent-receipt.typ",
    "letter.typ",
    "paper-form.typ",
    "programme-report.typ",
    "record-summary.typ",
}
"""Papers that the city writes in Japanese only: docs/explanation/languages.md says so."""
TWO_LANGUAGES = {"emergency-card.typ", "questionnaire.typ"}
SCRIPT = {
    "zh_Hans": KANA,
    "ko": re.compile("[\u3040-\u30ff、。「」]"),
    "vi": re.compile("[\u3040-\u30ff\u4e00-\u9fff、。「」（）：]"),
    "pt_BR": re.compile("[\u3040-\u30ff\u4e00-\u9fff、。「」（）：]"),
}
"""Signs that a language does not have: what a hurried translation leaves over."""


def bare(template: str) -> list[str]:
    """The lines of a template with Japanese that nothing marks for translation."""
    rest = MARKED.sub("", re.sub(r"(?s){#.*?#}", "", template))
    return [line.strip()[:80] for line in rest.splitlines() if JAPANESE.search(line)]


def spoken(script: str) -> list[str]:
    """Japanese in a script, comments aside: its words come from the page, which has them in each language."""
    return JAPANESE.findall(re.sub(r"(?s)/\*.*?\*/|//[^\n]*", "", script))


def _known(tree: ast.AST) -> Iterator[ast.AST]:
    """What is marked, is one of a pair of languages, or is said to readers of the code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in {"N_", "_", "gettext"}:
                yield from ast.walk(node)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "ja":
                    yield from ast.walk(value)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def unmarked(code: str) -> list[str]:
    """Japanese texts of a module that no catalogue can hold."""
    tree = ast.parse(code)
    known = {id(node) for node in _known(tree)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and JAPANESE.search(node.value)
        and id(node) not in known
    ]


def test_every_text_of_a_template_is_marked():
    """A bare text would be Japanese in every language."""
    wrong = {
        path.name: bare(path.read_text("utf-8")) for path in sorted((FOLDER / "templates").rglob("*.html"))
    }
    assert {name: lines for name, lines in wrong.items() if lines} == {}


def test_scripts_have_no_words_of_their_own():
    """They take them from the page."""
    found = {path.name: spoken(path.read_text("utf-8")) for path in STATIC.glob("*.js")}
    assert len(found) > 5
    assert {name: words for name, words in found.items() if words} == {}


def test_every_text_of_the_code_is_marked_or_is_of_japanese_itself():
    """A sentence that a view makes would be Japanese in every language."""
    paths = [path for path in sorted(FOLDER.rglob("*.py")) if "node_modules" not in path.parts]
    found = {path.relative_to(FOLDER).as_posix(): unmarked(path.read_text("utf-8")) for path in paths}
    assert {name: texts for name, texts in found.items() if texts and name not in JAPANESE_CODE} == {}


def test_papers_in_japanese_only_are_known_and_the_others_have_two_languages():
    """Who adds a paper decides for whom it is."""
    found = {path.name for path in TYPST.glob("*.typ") if JAPANESE.search(path.read_text("utf-8"))}
    assert found <= JAPANESE_PAPERS | TWO_LANGUAGES, found
    for name in TWO_LANGUAGES:
        assert re.search(r"english|words", (TYPST / name).read_text("utf-8"))


def test_the_search_would_notice():
    """A lint that cannot fail is none."""
    assert bare('<p>きょう</p>{{ _("きのう") }}{# あす #}') == ["<p>きょう</p>{{ ) }}"]
    assert bare("<p aria-label=\"見出し\">{{ _('血圧') }}</p>")
    assert bare('{{ "血圧" }}')
    assert spoken('say("保存しました") // 説明') == list("保存しました")
    assert unmarked('"""説明"""\nA = "血圧"\nB = N_("体重")\nC = {"ja": "腹囲", "en": "Waist"}') == ["血圧"]


@pytest.mark.parametrize("folder", sorted(SCRIPT))
def test_a_translation_has_only_the_signs_of_its_language(folder):
    """A Japanese comma in Portuguese, or kana in Korean, is a translation that nobody read."""
    path = FOLDER / "locales" / folder / "LC_MESSAGES" / "phr.po"
    with path.open("rb") as opened:
        texts = [str(one.string) for one in read_po(opened, locale=folder) if one.id and one.string]
    assert len(texts) > 1000
    assert [text for text in texts if SCRIPT[folder].search(text)] == []


@pytest.mark.parametrize("folder", [*sorted(SCRIPT), "en"])
def test_the_marks_of_a_template_are_not_translated(folder):
    """Tags would be shown as text, and a space at an end glues or parts words."""
    path = Path(FOLDER / "locales" / folder / "LC_MESSAGES" / "phr.po")
    with path.open("rb") as opened:
        found = [
            (str(one.id), str(one.string)) for one in read_po(opened, locale=folder) if one.id and one.string
        ]
    assert [text for text, said in found if re.search(r"</?\w+>|{{|{%", said)] == []
    wide = ("、", "：", "（")  # the space is in the sign
    glued = [text for text, said in found if said != said.strip() and text == text.strip()]
    joined = [text for text in glued if not text.endswith(wide) and not text.startswith(("（", "を"))]
    assert joined == [] or folder == "en"


def test_the_begun_languages_are_the_ones_that_are_checked():
    """A language that is added gets its own line above."""
    assert {one.catalogues[0] for one in LANGUAGES.values() if one.catalogues} == {*SCRIPT, "en", "ja@easy"}
