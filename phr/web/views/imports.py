"""What the staff page of imported check-ups receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One judgement that was delivered otherwise. The texts are in both languages: (Japanese, English)."""

    name: str
    kana: str
    day: date
    item: str
    delivered: tuple[str, str]
    ours: tuple[str, str]
    why: tuple[str, str]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imports:
    """Some of the differences. compared: check-ups with a delivered judgement so far; after: where to go on."""

    rows: tuple[DifferenceLine, ...]
    compared: int
    after: str
    first: bool
