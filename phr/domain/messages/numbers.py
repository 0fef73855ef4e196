"""Numbers on paper: ten signs of a postcard that open one registration, and eleven digits that name a letter."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Final

SIGNS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31, a prime, none that is read for another
_RANDOM: Final = 11  # 54 bits: with five tries a day nobody finds one
_PRIME: Final = 31
_LETTER: Final = 10


def new_number() -> str:
    """A new number with its check sign: 12 signs."""
    body = "".join(secrets.choice(SIGNS) for _ in range(_RANDOM))
    return body + _check(body)


def shown(number: str) -> str:
    """As it is printed: three groups of four."""
    return "-".join(number[i : i + 4] for i in range(0, len(number), 4))


def plain(text: str) -> str:
    """A number as people type it, without spaces and dashes, small or full-width; '' for what cannot be one.

    A single wrong sign, and two neighbours that changed places, are always seen.
    """
    found = unicodedata.normalize("NFKC", text[:80]).upper()
    found = "".join(sign for sign in found if sign not in " -‐−ー\u3000")
    if len(found) != _RANDOM + 1 or any(sign not in SIGNS for sign in found):
        return ""
    return found if found[-1] == _check(found[:-1]) else ""


def _check(body: str) -> str:
    """The sign that makes the weighted sum a multiple of 31; weights 2 to 12 differ and none is a multiple of 31."""
    total = sum(weight * SIGNS.index(sign) for weight, sign in enumerate(body, start=2))
    return SIGNS[-total % _PRIME]


def letter_number(random: int) -> str:
    """Eleven digits that name a letter: ten, and the check digit of Luhn."""
    body = f"{random % 10**_LETTER:010d}"
    return body + _luhn(body)


def letter_named(text: str) -> str:
    """A letter's number as it is typed; '' for what cannot be one."""
    found = "".join(sign for sign in unicodedata.normalize("NFKC", text[:40]) if sign not in " -")
    if len(found) != _LETTER + 1 or not (found.isascii() and found.isdigit()):
        return ""
    return found if found[-1] == _luhn(found[:-1]) else ""


def _luhn(body: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)
