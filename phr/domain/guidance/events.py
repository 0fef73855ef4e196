"""What happens in a course of guidance, as typed events; a course is nothing but its events in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, Literal

import msgspec

from phr.errors import Invalid

Level = Literal["active", "motivational"]
Way = Literal["individual", "group", "phone", "message"]
Author = Literal["professional", "edited-draft", "machine", "other"]
"""Who wrote or spoke: a professional; a machine's draft that a professional edited, approved and sent; a machine alone
(automatic voice, bot, unedited draft); anybody else."""
Result = Literal["full", "part", "none"]
Area = Literal["diet", "exercise", "rest", "smoking", "other"]


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An event keeps exactly what was recorded."""


class Proposed(_Event, frozen=True, tag="proposed"):
    """A check-up asks for guidance; its waist and weight are what the result is compared with."""

    level: Level
    checkup_day: date
    edition: str
    insurer_no: str
    case: str = ""
    waist_cm: float | None = None
    weight_kg: float | None = None
    bmi: float | None = None
    second_year: bool = False


class Invited(_Event, frozen=True, tag="invited"):
    """The person was invited."""

    way: Literal["letter", "phone", "visit", "message", "at-check-up"]


class Declined(_Event, frozen=True, tag="declined"):
    """The person does not want guidance."""

    reason: str = ""


class Interviewed(_Event, frozen=True, tag="interviewed"):
    """The first interview, whole or one of its two parts."""

    day: date
    way: Literal["individual", "group"]
    minutes: int
    remote: bool = False
    people: int = 1
    part: Literal["whole", "first", "second"] = "whole"


class Goal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing the person will do, and the energy that it is thought to save a day."""

    area: Area
    text: str
    kcal_day: int | None = None


class Planned(_Event, frozen=True, tag="planned"):
    """What was agreed. ``expected``: the professional expects the result if it is kept for two months."""

    lose_cm: float
    lose_kg: float
    goals: tuple[Goal, ...]
    expected: bool
    next_day: date | None = None


class Contacted(_Event, frozen=True, tag="contacted"):
    """A contact of the support. ``support`` A or B exists in the third period only."""

    day: date
    way: Way
    author_type: Author
    author_licence: str
    minutes: int = 0
    remote: bool = False
    people: int = 1
    round_trips: int = 0
    content: Literal["text", "pictures"] = "text"
    support: Literal["", "A", "B"] = ""
    note: str = ""
    next_day: date | None = None


class Evaluated(_Event, frozen=True, tag="evaluated"):
    """The evaluation as a professional ticked it: the software never ticks."""

    day: date
    way: Way
    result: Result
    habits: tuple[Literal["diet", "exercise", "rest", "other"], ...] = ()
    smoking: bool = False
    waist_cm: float | None = None
    weight_kg: float | None = None
    measured: bool = True
    note: str = ""


class Closed(_Event, frozen=True, tag="closed"):
    """The end after the evaluation; what it came to follows from the points."""

    completed: bool


class DroppedOut(_Event, frozen=True, tag="dropped-out"):
    """The person stopped, moved to another insurer, or could not be reached."""

    reason: str = ""


class Undone(_Event, frozen=True, tag="undone"):
    """The last event was a wrong click: it stays in the record and counts no more."""

    version: int


HABITS_AND_SMOKING: Final = ("diet", "exercise", "smoking", "rest", "other")

Event = (
    Proposed
    | Invited
    | Declined
    | Interviewed
    | Planned
    | Contacted
    | Evaluated
    | Closed
    | DroppedOut
    | Undone
)
LONGEST: Final = 2000
"""Letters of a note."""


class Entry(msgspec.Struct, frozen=True):
    """An event with its place in the course, and who recorded it with which licence."""

    version: int
    at: datetime
    actor: str
    licence: str
    event: Event


def name_of(event: Event) -> str:
    """The word of an event."""
    return str(type(event).__struct_config__.tag)


def body_of(event: Event) -> dict[str, Any]:
    """An event as plain values."""
    made: dict[str, Any] = msgspec.to_builtins(event)
    return made


def event_of(body: Mapping[str, Any]) -> Event:
    """The event of plain values. Raises Invalid when they are none."""
    try:
        found: Event = msgspec.convert(dict(body), Event)
    except msgspec.ValidationError:
        raise Invalid("is no event of a course", field="event") from None
    return found


def day_of(event: Event, today: date) -> date:
    """The civil day that an event belongs to: its own, else the day on which it was recorded."""
    return event.day if isinstance(event, Interviewed | Contacted | Evaluated) else today
