"""Break-glass: the reasons that count, what may be written of them, what is seen, and until when somebody must review it."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from phr.domain.data_file import data_file
from phr.domain.working_days import next_working_day
from phr.errors import Invalid

CHECK_UP: Final = "checkup"
_CLOSING: Final = time(17, 15)  # the hour at which the city hall closes


@dataclass(frozen=True, slots=True)
class Rules:
    """break_glass.toml."""

    minutes: int
    note_shortest: int
    note_longest: int
    days: int
    checkups: int
    reasons: tuple[str, ...]
    categories: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def life(self) -> timedelta:
        """How long a glass stays broken."""
        return timedelta(minutes=self.minutes)


@cache
def rules() -> Rules:
    """The rules of this version."""
    found = data_file("break_glass.toml")
    given: dict[str, Any] = {n: tuple(one) if isinstance(one, list) else one for n, one in found.items()}
    return Rules(**given)


def checked(reason: str, note: str) -> tuple[str, str]:
    """The reason and the note as they are kept. Raises Invalid, naming the field."""
    if reason not in rules().reasons:
        raise Invalid("choose a reason", field="reason")
    text = " ".join(unicodedata.normalize("NFC", note).split())
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        raise Invalid("holds a control character", field="note")
    if not rules().note_shortest <= len(text) <= rules().note_longest:
        raise Invalid("say in a sentence what happened", field="note")
    return reason, text


def review_by(opened: datetime, zone: ZoneInfo) -> datetime:
    """Until when somebody must have reviewed it: the end of the next working day."""
    return datetime.combine(next_working_day(opened.astimezone(zone).date()), _CLOSING, zone)
