"""The languages of the pages: which there are, the catalogue of each, and how much of it is done."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from phr.web import furigana
from phr.web.sentences import SENTENCES
from phr.web.words import ITEMS, WORDS

FOLDER: Final = Path(__file__).parent
SOURCE: Final = "ja"
"""The language of the templates, which needs no catalogue."""
_COMPLETE: Final = "en"
"""The catalogue that the tests keep complete: its texts are all texts there are."""
_EASY: Final = "ja@easy"
_TEXT: Final = re.compile(r"""\b_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the menu: its name for itself, its catalogues (first wins), and what the page says it is."""

    tag: str
    name: str
    html: str
    catalogues: tuple[str, ...]
    data: str
    """Texts of rule files (questions, vaccines, scores) exist in Japanese and English only: which to take."""
    furigana: bool = False


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many of the texts are in a catalogue: those that residents see, and all."""

    resident: int
    residents: int
    done: int
    all: int

    @property
    def percent(self) -> int:
        """Of the texts that residents see, rounded down: 100 means each of them."""
        return 100 * self.resident // max(1, self.residents)


_FILE: Final = tomllib.loads((FOLDER / "locales" / "languages.toml").read_text(encoding="utf-8"))
LANGUAGES: Final[Mapping[str, Language]] = {
    tag: Language(tag, **{**row, "catalogues": tuple(row["catalogues"])})
    for tag, row in _FILE["language"].items()
}
LOCALES: Final[Mapping[str, str]] = {one.tag: one.name for one in LANGUAGES.values()}
"""The languages by their own names; Japanese is the language of the templates."""


@lru_cache
def offered() -> Mapping[str, Completeness]:
    """The languages that a reader may choose, with what is done; one that is hardly begun is not offered."""
    every = {tag: completeness(tag) for tag in LANGUAGES}
    return {tag: done for tag, done in every.items() if done.percent >= _FILE["least_percent"]}


def preferred(wanted: str) -> str:
    """The first language of an Accept-Language header that is offered, else Japanese."""
    for part in wanted.lower().split(",")[:10]:
        asked = part.split(";")[0].strip()
        for tag in offered():
            if tag.lower() == asked:
                return tag
        for tag in offered():
            if tag.lower().split("-")[0] == asked.split("-")[0]:
                return tag
    return SOURCE


@lru_cache
def completeness(tag: str) -> Completeness:
    """What is done of a language in its own catalogue; what it borrows from another does not count."""
    every = frozenset(_texts(_COMPLETE))
    residents = every - staff_texts()
    own = LANGUAGES[tag].catalogues[:1]
    done = every & frozenset(_texts(own[0])) if own else every
    return Completeness(len(done & residents), len(residents), len(done), len(every))


@lru_cache
def staff_texts() -> frozenset[str]:
    """The texts that only staff see."""
    staff: set[str] = set()
    rest: set[str] = set()
    for path in (FOLDER / "templates").rglob("*.html"):
        name = path.relative_to(FOLDER / "templates").with_suffix("").as_posix()
        known = {name, f"{name.partition('/')[0]}/"} & set(_FILE["staff_templates"])
        (staff if known else rest).update(texts_of(path.read_text(encoding="utf-8")))
    for name, table in (*WORDS.items(), *SENTENCES.items()):
        (staff if name in _FILE["staff_tables"] else rest).update(table.values())
    return frozenset(staff - rest - {item.name for item in ITEMS.values()})


def texts_of(template: str) -> set[str]:
    """The texts that a template marks for translation."""
    return {re.sub(r"\\(.)", r"\1", double or single) for double, single in _TEXT.findall(template)}


@lru_cache
def translations(tag: str) -> NullTranslations:
    """The words of a language: its own catalogue, then those it falls back to, then Japanese as in the templates."""
    first = NullTranslations()
    for folder in reversed(LANGUAGES[tag].catalogues if tag in LANGUAGES else ()):
        compiled = io.BytesIO()
        write_mo(compiled, _marked(_read(folder)) if folder == _EASY else _read(folder))
        compiled.seek(0)
        made = Translations(compiled)
        made.add_fallback(first)
        first = made
    return first


def _read(folder: str) -> Catalog:
    path = FOLDER / "locales" / folder / "LC_MESSAGES" / "phr.po"
    with path.open("rb") as opened:
        return read_po(opened, locale=folder)


@lru_cache
def _texts(folder: str) -> tuple[str, ...]:
    return tuple(str(one.id) for one in _read(folder) if one.id and one.string and not one.fuzzy)


def _marked(catalogue: Catalog) -> Catalog:
    for message in catalogue:
        if message.id:
            message.string = furigana.marked(str(message.string))
    return catalogue
