"""One value a day of a vital, with the overlaps of several devices counted once."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from phr.domain.access import Access
from phr.web.views.resident import SourceShare
from phr.web.wired import vitals
from phr.web.wired.parts import Parts
from phr.web.wired.vitals import KINDS


def daily_values(
    parts: Parts, person: UUID, access: Access, vital: str, since: date, until: date
) -> dict[date, float]:
    """The values of the days that have one; both ends included. A night belongs to the day of waking up."""
    kind = KINDS[vital]
    if vital == "sleep":
        nights = parts.reconciled(person, vitals.SLEEP, since, until, access)
        return {night.day: night.value * kind.scale for night in nights}
    found = vitals.daily(kind, parts.charts.days(person, kind.codes, since, until, access))
    if vital != "steps":
        return found
    crowded = parts.reconciled(person, vitals.STEPS, since, until, access, crowded_only=True)
    return dict(sorted({**found, **{view.day: view.value * kind.scale for view in crowded}}.items()))


def shares_of_day(
    parts: Parts, person: UUID, access: Access, vital: str, day: date
) -> tuple[SourceShare, ...]:
    """Which device answered for how many minutes of the day."""
    code = {"steps": vitals.STEPS, "sleep": vitals.SLEEP, "heart-rate": "8867-4"}.get(vital)
    if code is None:
        return ()
    found = parts.reconciled(person, code, day, day, access)
    return tuple(SourceShare(share.label, round(share.minutes)) for view in found for share in view.shares)
