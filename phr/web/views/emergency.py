"""What the page of the emergency card and its form receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class EmergencyCard:
    """The card; saved: None before the first time. notice: ``saved``, or empty."""

    name: str
    kana: str
    born: date | None
    fields: Mapping[str, str]
    saved: datetime | None
    own_device: bool = False
    notice: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyForm:
    """The form with what was typed, and what is wrong with it: field -> code."""

    fields: Mapping[str, str]
    longest: Mapping[str, int]
    blood: tuple[str, ...]
    problems: Mapping[str, str]
