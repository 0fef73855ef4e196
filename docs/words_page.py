"""The words of the pages for the glossary: one for each notion in Japanese and English, with those that nobody writes."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from phr.web.languages import FOLDER


@dataclass(frozen=True, slots=True)
class Notion:
    """What one thing is called, and what it is not called."""

    ja: str
    en: str
    says: str
    not_ja: tuple[str, ...]
    not_en: tuple[str, ...]
    but: tuple[str, ...] = ()


def _read() -> dict[str, Notion]:
    text = (FOLDER / "locales" / "words.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Notion])


WORDS: Final[Mapping[str, Notion]] = _read()


def word_rows() -> list[tuple[str, str, str, str]]:
    """Japanese, English, what it is, and the Japanese words that are not used for it."""
    return [(one.ja, one.en, one.says, "、".join(one.not_ja)) for one in WORDS.values()]
