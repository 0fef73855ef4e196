"""Which passphrases are taken: long enough, and not strung together from common words, the own name or rows of signs."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from phr.errors import Invalid

_SHORTEST: Final = 15
"""Characters of a passphrase (NIST SP 800-63B-4: 15 where it is asked for alone; length, not rules of signs)."""
_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Refused:
    """passphrases.toml: words and rows of signs, and how many signs must be left without them."""

    least: int
    run: int
    words: tuple[str, ...]
    pieces: frozenset[str]


@cache
def refused() -> Refused:
    """The words and rows of this version, longest words first; rows as all their pieces, forwards and backwards."""
    found = tomllib.loads(resources.files("phr.domain").joinpath("passphrases.toml").read_text("utf-8"))
    run = int(found["run"])
    rows = [as_typed(row).casefold() for row in found["rows"]]
    pieces = {
        way[at : at + run] for row in rows for way in (row, row[::-1]) for at in range(len(row) - run + 1)
    }
    words = {as_typed(word).casefold() for word in found["words"]}
    return Refused(int(found["least"]), run, tuple(sorted(words, key=len, reverse=True)), frozenset(pieces))


def as_typed(text: str) -> str:
    """A passphrase as it was typed now, in the form in which it is kept."""
    return unicodedata.normalize("NFKC", text)


def passphrase(text: str, subject: str, about: Iterable[str] = ()) -> str:
    """A new passphrase as it is kept: composed signs. ``about``: names of the city and the service.

    Raises Invalid (field passphrase).
    """
    plain = as_typed(text)
    if not _SHORTEST <= len(plain) <= _MOST:
        raise Invalid(f"must have {_SHORTEST} to {_MOST} characters", field="passphrase")
    folded = plain.casefold()
    if len(set(folded)) < _SHORTEST // 2 or _repeats(folded):
        raise Invalid("repeats too few characters", field="passphrase")
    if subject and subject.casefold() in folded:
        raise Invalid("must not hold the account's name", field="passphrase")
    own = [part for one in about for part in as_typed(one).casefold().split() if len(part) > 1]
    if _left(folded, own) < refused().least:
        raise Invalid("is made of common words or rows of signs", field="passphrase")
    return plain


def _repeats(text: str) -> bool:
    """Whether a text says one piece, of at most half its length, again and again."""
    return any(
        all(sign == text[at % size] for at, sign in enumerate(text)) for size in range(1, len(text) // 2 + 1)
    )


def _left(text: str, own: Iterable[str]) -> int:
    """How many signs a text has without words and rows; spaces and marks between them do not count."""
    known = refused()
    for word in sorted({*own, *known.words}, key=len, reverse=True):
        text = text.replace(word, " ")
    taken = [False] * len(text)
    for at in range(len(text) - known.run + 1):
        if text[at : at + known.run] in known.pieces:
            taken[at : at + known.run] = [True] * known.run
    return sum(sign.isalnum() and not gone for sign, gone in zip(text, taken, strict=True))
