"""What the forms of guidance send: the typed texts as an event, or the problems by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from phr.domain.guidance.events import (
    HABITS_AND_SMOKING,
    Declined,
    DroppedOut,
    Event,
    Goal,
    Invited,
    event_of,
)
from phr.errors import Invalid
from phr.web.forms import number_typed

GOALS: Final = 3
"""Rows for goals in the form."""
STEPS: Final = ("invite", "decline", "interview", "plan", "contact", "evaluate", "drop-out")
_HABITS: Final = ("diet", "exercise", "rest", "other")


class Typed:
    """The texts of one form; what cannot be read is a problem of its field (codes of the sentences "entry-problem")."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.problems: dict[str, str] = {}

    def text(self, name: str) -> str:
        """The text of a field."""
        return self._texts.get(name, "").strip()

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.text(name) == "1"

    def number(self, name: str, otherwise: float | None = None) -> float | None:
        """A number as people type it; ``otherwise`` when the field is empty."""
        text = self.text(name)
        if not text:
            return otherwise
        value = number_typed(text)
        if value is None:
            self.problems[name] = "not-a-number"
        return value

    def whole(self, name: str, otherwise: int = 0) -> int:
        """A whole number."""
        value = self.number(name, otherwise)
        if value is not None and value != int(value):
            self.problems[name] = "not-a-number"
        return int(value or 0)

    def day(self, name: str, *, needed: bool = True) -> str | None:
        """A civil day as ISO text."""
        text = self.text(name)
        if not text and not needed:
            return None
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            self.problems[name] = "not-a-day"
            return None


def event_typed(step: str, texts: Mapping[str, str]) -> Event | dict[str, str]:
    """The event of a form, or what is wrong with it."""
    typed = Typed(texts)
    make = {
        "interview": _interview,
        "plan": _plan,
        "contact": _contact,
        "evaluate": _evaluation,
    }.get(step)
    if make is None:
        return _simple(step, typed)
    body = make(typed)
    if typed.problems:
        return typed.problems
    try:
        return event_of({key: value for key, value in body.items() if value is not None})
    except Invalid:
        return {"way": "choose"}


def _simple(step: str, typed: Typed) -> Event | dict[str, str]:
    if step == "invite":
        way = typed.text("way")
        if way not in {"letter", "phone", "visit", "message", "at-check-up"}:
            return {"way": "choose"}
        return Invited(way=way)  # type: ignore[arg-type] # one of the words, as was just asked
    reason = typed.text("reason")
    return Declined(reason=reason) if step == "decline" else DroppedOut(reason=reason)


def _interview(typed: Typed) -> dict[str, Any]:
    return {
        "type": "interviewed",
        "day": typed.day("day"),
        "way": typed.text("way"),
        "minutes": typed.whole("minutes"),
        "remote": typed.ticked("remote"),
        "people": typed.whole("people", 1),
        "part": typed.text("part") or "whole",
    }


def _plan(typed: Typed) -> dict[str, Any]:
    goals = []
    for row in range(1, GOALS + 1):
        text = typed.text(f"goal{row}")
        if not text:
            continue
        area = typed.text(f"area{row}")
        if area not in HABITS_AND_SMOKING:
            typed.problems[f"area{row}"] = "choose"
            continue
        kcal = typed.number(f"kcal{row}")
        goals.append(Goal(area, text, None if kcal is None else int(kcal)))  # type: ignore[arg-type] # as above
    if not goals:
        typed.problems["goal1"] = "needed"
    return {
        "type": "planned",
        "lose_cm": typed.number("lose_cm", 0.0),
        "lose_kg": typed.number("lose_kg", 0.0),
        "goals": [{"area": goal.area, "text": goal.text, "kcal_day": goal.kcal_day} for goal in goals],
        "expected": typed.ticked("expected"),
        "next_day": typed.day("next_day", needed=False),
    }


def _contact(typed: Typed) -> dict[str, Any]:
    way, author = typed.text("way"), typed.text("author_type")
    wrote = author in {"professional", "edited-draft"}
    return {
        "type": "contacted",
        "day": typed.day("day"),
        "way": way,
        "author_type": author,
        "author_licence": typed.text("licence") if wrote else "",
        "minutes": 0 if way == "message" else typed.whole("minutes"),
        "remote": typed.ticked("remote"),
        "people": typed.whole("people", 1),
        "round_trips": int(typed.ticked("answered")),
        "content": typed.text("content") or "text",
        "support": typed.text("support"),
        "note": typed.text("note"),
        "next_day": typed.day("next_day", needed=False),
    }


def _evaluation(typed: Typed) -> dict[str, Any]:
    result = typed.text("result")
    if result not in {"full", "part", "none"}:
        typed.problems["result"] = "choose"
    return {
        "type": "evaluated",
        "day": typed.day("day"),
        "way": typed.text("way"),
        "result": result,
        "habits": [habit for habit in _HABITS if typed.ticked(f"habit-{habit}")],
        "smoking": typed.ticked("habit-smoking"),
        "waist_cm": typed.number("waist_cm"),
        "weight_kg": typed.number("weight_kg"),
        "measured": not typed.ticked("reported"),
        "note": typed.text("note"),
    }
