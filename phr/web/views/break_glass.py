"""What the pages of break-glass receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


@dataclass(frozen=True, slots=True)
class OpenGlass:
    """One of the nurse's own glasses that is not over. reason: sentences "glass-reason"."""

    ident: str
    reason: str
    opened: datetime
    expires: datetime


@dataclass(frozen=True, slots=True)
class GlassForm:
    """The form with what was typed and what was wrong with it, and the glasses that are open."""

    open: tuple[OpenGlass, ...]
    reasons: tuple[str, ...]
    minutes: int
    note_longest: int
    ready: bool
    problem: Literal["", "reason", "note", "proof", "nobody", "locked"] = ""
    patient: str = ""
    reason: str = ""
    note: str = ""
    notice: Literal["", "closed", "over"] = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of measurement on its newest day: lowest, highest and count of each channel."""

    category: str
    day: date
    channels: tuple[tuple[str, float, float, int], ...]
    unit: str


@dataclass(frozen=True, slots=True)
class GlassView:
    """What an open glass shows."""

    ident: str
    reason: str
    opened: datetime
    expires: datetime
    left_minutes: int
    name: str
    kana: str
    sex: str
    born: date | None
    age: int | None
    card: Mapping[str, str]
    measured: tuple[Measured, ...]
    checkups: tuple[tuple[date, Mapping[str, float]], ...]
