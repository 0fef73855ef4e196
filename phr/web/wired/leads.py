"""The one sentence on how things are, and the one thing to do next: what is urgent comes first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from phr.web.views.resident import NextStep, Vital
from phr.web.wired import vitals
from phr.web.wired.vitals import Reading
from risk.limits import standard

_FRESH: Final = timedelta(hours=24)
_RECENT: Final = timedelta(days=7)


def lead_of(shown: Sequence[Vital], *, referred: bool, now: datetime) -> str:
    """The sentence (words "lead"). What asks for a doctor comes before what is usual.

    Only what holds over days is told: the mean of a week, or a change against the own past; but a value that asks to
    measure again at once is told at once. What a week says stays true on a day without a record, whatever the hour.
    """
    known = [one for one in shown if one.at is not None and one.values]
    if any(urgent(one, now) for one in known):
        return "urgent"
    if referred:
        return "referral"
    if not known:
        return "welcome"
    recent = [one for one in known if one.at is not None and now - one.at < _RECENT]
    if any(one.week is not None and one.week.high for one in recent):
        return "above-limit"
    if any(one.change is not None and one.change.moved and one.vital != "steps" for one in recent):
        return "outside-usual"
    if not any(one.at is not None and now - one.at < _FRESH for one in recent):
        return "no-data"
    return "usual"


def urgent(one: Vital, now: datetime) -> bool:
    """A blood pressure of the last day that asks to rest and measure again."""
    if one.vital != "blood-pressure" or one.at is None or now - one.at > _FRESH or len(one.values) != 2:
        return False
    limits = standard().alarm
    return limits["sbp_high"].passes(one.values[0]) or limits["dbp_high"].passes(one.values[1])


def next_step(
    shown: Sequence[Vital],
    found: Sequence[Reading],
    *,
    referred: bool,
    now: datetime,
    today: date,
    collecting: bool,
) -> NextStep | None:
    """One thing to do."""
    by_name = {one.vital: one for one in shown}
    pressure = by_name.get("blood-pressure")  # absent where it is hidden from who asks
    if pressure is not None and urgent(pressure, now):
        return NextStep("measure-again", "/record/blood-pressure#enter")
    if referred:
        return NextStep("see-doctor", "/check-up")
    if not collecting:
        return NextStep("share", "/sharing")
    week = today - timedelta(days=6)
    evenings = {one.day for one in found if one.slot == "evening" and one.day >= week}
    if pressure is not None and found and 0 < len(evenings) < vitals.NEEDED:
        return NextStep("measure-evening", "/record/blood-pressure#enter", vitals.NEEDED - len(evenings))
    if pressure is not None and not any(one.day == today for one in found):
        return NextStep("measure", "/record/blood-pressure#enter")
    steps = by_name.get("steps")
    if steps is not None and steps.goal is not None and steps.values and steps.values[0] < steps.goal:
        return NextStep("walk", "/record/steps", round(steps.goal - steps.values[0]))
    return None
