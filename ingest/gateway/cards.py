"""Cards: what a reader types, and whose session it is at a box that many people share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ingest.ble.clock import SECOND

SYSTEM: Final = "urn:phr:card"
"""Identifier system of a card's code, as the service knows it."""
LONGEST: Final = 200
"""Bytes of a line; a reader types less."""
_CODE: Final = re.compile(r"[A-HJ-KM-NP-Z2-9]{20}")


def code_of(line: str) -> str:
    """The code in a line of a reader or in a file; '' for what cannot be one.

    >>> code_of("urn:phr:card:abcde-23456-fghjk-mnpqr")
    'ABCDE23456FGHJKMNPQR'
    >>> code_of("4901234567894")
    ''
    """
    plain = line.strip()
    if plain.lower().startswith(SYSTEM + ":"):
        plain = plain[len(SYSTEM) + 1 :]
    plain = plain.replace("-", "").upper()
    return plain if _CODE.fullmatch(plain) else ""


@dataclass(frozen=True, slots=True)
class Present:
    """Whose card is there: the code and when it was shown, in microseconds of the box. No card: an empty code."""

    card: str = ""
    since: int = 0


NOBODY: Final = Present()


class Desk:
    """The session of a shared box: one card at a time, for some minutes. A second card ends the first session."""

    def __init__(self, seconds: int = 180) -> None:
        self._lasts = seconds * SECOND
        self._shown = NOBODY

    def show(self, card: str, now: int) -> Present:
        """A card is shown; the same card again goes on with its session, for as long again."""
        same = self.present(now).card == card
        self._until = now + self._lasts
        if not same:
            self._shown = Present(card, now)
        return self._shown

    def present(self, now: int) -> Present:
        """The session at an instant that is not before the last card."""
        shown = self._shown
        return shown if shown.card and shown.since <= now < self._until else NOBODY

    def leave(self) -> None:
        """Nobody is there any more."""
        self._shown = NOBODY

    _until: int = 0
