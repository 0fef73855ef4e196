"""Pieces that views of several areas are made of: reasons, check-ups, proofs of the audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Side = Literal["at-or-above", "above", "at-or-below", "below"]
Mark = Literal["", "guidance", "referral"]
"""Over the limit for guidance (保健指導判定値), over the one for a doctor (受診勧奨判定値), or neither."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is flagged: one item with value, limit and date (words.ITEMS names the item, unit, decimals).

    Blood pressure has two values and two limits; a limit of None is not shown. ``earlier`` is the value it is compared with.
    ``text`` is the whole line by language, as the rule wrote it; it is shown instead of the parts.
    """

    item: str
    values: tuple[float, ...]
    limits: tuple[float | None, ...]
    side: Side
    day: date
    source: Literal["checkup", "home", "device", "questionnaire"]
    earlier: float | None = None
    text: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class CheckUpValue:
    """One result: a number, the words of a coded result, or nothing; and which limit it passes."""

    value: float | str | None
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class CheckUpRow:
    """One item over the years, oldest first as in CheckUp.days, with its two limits."""

    item: str
    values: tuple[CheckUpValue, ...]
    guidance: float | None
    referral: float | None
    side: Side = "at-or-above"


@dataclass(frozen=True, slots=True)
class CheckUp:
    """Check-up results side by side, the level of support with its reasons, and what asks for a doctor.

    ``level``: active-support, motivational-support, information, excluded, undecided (words.LEVELS).
    """

    days: tuple[date, ...]
    rows: tuple[CheckUpRow, ...]
    level: str
    reasons: tuple[Reason, ...]
    referral: tuple[Reason, ...]
    missing: tuple[str, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The last check of the audit chain: ``root`` is the hash that was published."""

    ok: bool
    checked_at: datetime
    root: str
    rows: int
