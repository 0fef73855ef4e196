"""What the page of the emergency card and its form receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class EmergencyCard:
    """The card. notice: ``saved``, or empty.

    saved: when it came in, None before the first time; paper: staff copied it from a sheet; written: the day on it.
    """

    name: str
    kana: str
    born: date | None
    fields: Mapping[str, str]
    saved: datetime | None
    own_device: bool = False
    notice: str = ""
    paper: bool = False
    written: date | None = None


@dataclass(frozen=True, slots=True)
class EmergencyForm:
    """The form with what was typed, and what is wrong with it: field -> code."""

    fields: Mapping[str, str]
    longest: Mapping[str, int]
    blood: tuple[str, ...]
    problems: Mapping[str, str]
