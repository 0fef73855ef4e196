"""What the page of cards receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CardLine:
    """A card that works: ``card`` names it in forms and opens nothing."""

    card: str
    label: str
    issued_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card that was just made; its code is shown this once. ``picture``: the code as SVG of ours."""

    label: str
    code: str
    picture: str


@dataclass(frozen=True, slots=True)
class Cards:
    """A person's cards, oldest first. notice: sentences "card-notice". full: no more can be made."""

    cards: tuple[CardLine, ...]
    made: NewCard | None = None
    notice: str = ""
    full: bool = False
