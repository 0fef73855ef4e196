"""What the page of open data shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Edition:
    """One year that is out: when it was made, what it told (epsilon), and its files."""

    name: str
    made: date
    epsilon: float
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenData:
    """Everything that is open, newest first. ``least``: smaller groups are blank."""

    editions: tuple[Edition, ...]
    least: int
