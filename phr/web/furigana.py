"""Readings over kanji: marks them in the words of easy Japanese, and shows a page with ruby or without."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

# Noncharacters, reserved by Unicode for use inside a program: they pass through escaping untouched, and no name in
# a register has them (the private use area holds rare kanji of names, so it is not free).
_OPEN, _MIDDLE, _CLOSE = "\ufdd0", "\ufdd1", "\ufdd2"
_BEGIN, _END, _SPAN, _SPANNED = "\ufdd3", "\ufdd4", "\ufdd5", "\ufdd6"
_MESSAGE: Final = re.compile(f"{_BEGIN}([^<>{_BEGIN}{_END}]*){_END}")
_ANY: Final = re.compile("[\ufdd0-\ufdd6]")
_MARK: Final = re.compile(f"{_OPEN}([^{_CLOSE}<>]*?){_MIDDLE}([^{_OPEN}<>]*?){_CLOSE}")
_WRITTEN: Final = re.compile(r"\{([^{}|]+)\|([^{}|]*)\}")
KANJI: Final = re.compile("[\u3400-\u9fff々〆ヶ]+")
_NO_RUBY: Final = re.compile(r"<(title|option|textarea|script|style|svg)\b.*?</\1>|<[^>]*>", re.DOTALL)
"""Tags with their attributes, and the elements that hold text only: ruby inside would be seen as characters."""
_FILE: Final = Path(__file__).parent / "locales" / "ja@easy" / "readings.toml"


@lru_cache
def readings() -> Mapping[str, str]:
    """Word -> reading of its kanji. A word may go on in kana, to tell readings apart: 行く, 行う."""
    words: Mapping[str, str] = tomllib.loads(_FILE.read_text(encoding="utf-8"))["readings"]
    return words


@lru_cache
def _pattern() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(readings(), key=len, reverse=True)))


def marked(text: str) -> str:
    """The text of a catalogue with its readings marked: {漢字|かんじ} as written, else from the list.

    >>> plain(marked("{年|とし}の 書き方"))
    '年の 書き方'
    """
    parts = _WRITTEN.split(text)
    for at in range(0, len(parts), 3):
        parts[at] = _pattern().sub(_from_list, parts[at])
    marks = [_mark(parts[at], parts[at + 1]) + parts[at + 2] for at in range(1, len(parts), 3)]
    text = parts[0] + "".join(marks)
    return f"{_BEGIN}{text}{_END}" if _OPEN in text else text


def _from_list(found: re.Match[str]) -> str:
    word = found[0]
    head = KANJI.match(word)
    kanji = head[0] if head else word
    return _mark(kanji, readings()[word]) + word[len(kanji) :]


def _mark(kanji: str, reading: str) -> str:
    if not reading:
        return kanji
    return f"{_OPEN}{kanji}{_MIDDLE}{reading}{_CLOSE}"


def shown(page: str, *, ruby: bool) -> str:
    """A page with its marks as ruby where that can stand, and as plain kanji elsewhere or when it is switched off.

    Each text becomes one element: in a row with gaps (a button), its kanji and kana would stand apart.
    """
    if not ruby:
        return plain(page)
    page = _NO_RUBY.sub(lambda found: plain(found[0]), page.replace(_SPAN, "").replace(_SPANNED, ""))
    more = 1
    while more:
        page, more = _MESSAGE.subn(rf"{_SPAN}\1{_SPANNED}", page)
    page = _MARK.sub(r"<ruby>\1<rt>\2</rt></ruby>", page)
    return plain(page.replace(_SPAN, "<span>").replace(_SPANNED, "</span>"))


def plain(text: str) -> str:
    """The text without its readings."""
    return _ANY.sub("", _MARK.sub(r"\1", text)) if _ANY.search(text) else text
