"""Tokens, strings and URIs of a resource, and how a searched one fits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from phr.domain.fhirsearch.escapes import cut, plain
from phr.domain.query import Token
from phr.errors import Invalid

_ACCENT: Final = re.compile("[\u0300-\u036f]")  # of Latin, Greek and Cyrillic; kana keep their voicing
_PARTS: Final = (
    "text", "family", "given", "prefix", "suffix", "line", "city", "district", "state", "postalCode", "country",
)  # fmt: skip
"""What a HumanName or an Address is found by."""


def token(text: str, field: str) -> Token:
    """A searched token. Raises Invalid."""
    pieces = [plain(one) for one in cut(text, "|")]
    if len(pieces) > 2 or not any(pieces):
        raise Invalid("expected [system]|[code]", field=field)
    return Token(None, pieces[0]) if len(pieces) == 1 else Token(pieces[0], pieces[1] or None)


def pairs(stored: Any, system: str) -> Iterator[tuple[str, str]]:
    """System and code of a Coding, CodeableConcept, Identifier, ContactPoint, code, id or boolean."""
    if isinstance(stored, bool):
        yield system, str(stored).lower()
    elif isinstance(stored, str):
        yield system, stored
    elif isinstance(stored, dict):
        codings = stored.get("coding")
        for one in codings if isinstance(codings, list) else [stored]:
            code = one.get("code", one.get("value")) if isinstance(one, dict) else None
            if isinstance(code, str):
                yield str(one.get("system", "")), code


def shown(stored: Any) -> Iterator[str]:
    """What is written beside a code: its text, its displays, the text of an identifier's type."""
    if isinstance(stored, dict):
        inner = stored.get("type")
        whole = [stored, *stored.get("coding", []), *([inner] if isinstance(inner, dict) else [])]
        yield from (
            text for one in whole for name in ("text", "display") if isinstance(text := one.get(name), str)
        )


def of_type(text: str, field: str) -> tuple[Token, str]:
    """``system|code|value`` of the modifier of-type: the type of an identifier, and its value."""
    pieces = [plain(one) for one in cut(text, "|")]
    if len(pieces) != 3 or not all(pieces):
        raise Invalid("expected system|code|value", field=field)
    return Token(pieces[0], pieces[1]), pieces[2]


def folded(text: str) -> str:
    """Text without what a search of strings overlooks: case, accents, width.

    >>> folded("Émile"), folded("ﾔﾏﾀﾞ") == folded("ヤマダ")
    ('emile', True)
    """
    apart = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text))
    return unicodedata.normalize("NFC", _ACCENT.sub("", apart)).casefold()


def strings(stored: Any) -> Iterator[str]:
    """The texts of a string, a HumanName or an Address."""
    if isinstance(stored, str):
        yield stored
    elif isinstance(stored, dict):
        for name in _PARTS:
            value = stored.get(name)
            yield from (
                one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)
            )
