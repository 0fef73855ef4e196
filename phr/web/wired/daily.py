"""One value a day of a vital, with the overlaps of several devices counted once, and who said it."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from phr.domain.access import Access
from phr.domain.samples import Columns
from phr.services.reconciled import Share
from phr.web.views.resident import SourceShare
from phr.web.wired import vitals
from phr.web.wired.parts import Parts
from phr.web.wired.vitals import KINDS, Told

_MERGED: Final = {"steps": vitals.STEPS, "heart-rate": "8867-4"}
"""Vitals whose samples of a day are put together from several devices."""


def daily_values(
    parts: Parts, person: UUID, access: Access, vital: str, since: date, until: date
) -> dict[date, float]:
    """The values of the days that have one; both ends included. A night belongs to the day of waking up."""
    return {day: one.value for day, one in told_values(parts, person, access, vital, since, until).items()}


def told_values(
    parts: Parts, person: UUID, access: Access, vital: str, since: date, until: date
) -> dict[date, Told]:
    """The same with who said it."""
    kind = KINDS[vital]
    if vital == "sleep":
        nights = parts.reconciled(person, vitals.SLEEP, since, until, access)
        return {night.day: Told(night.value * kind.scale, _named(night.shares)) for night in nights}
    found = vitals.told_daily(kind, parts.charts.days(person, kind.codes, since, until, access))
    if vital != "steps":
        return found
    crowded = parts.reconciled(person, vitals.STEPS, since, until, access, crowded_only=True)
    merged = {view.day: Told(view.value * kind.scale, _named(view.shares)) for view in crowded}
    return dict(sorted({**found, **merged}.items()))


def _named(shares: tuple[Share, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(share.label for share in shares if share.label))


def day_columns(
    parts: Parts, person: UUID, access: Access, vital: str, day: date
) -> tuple[Columns, tuple[str, ...]] | None:
    """The samples of one day and who said them: reconciled where devices overlap, else of the source with the most."""
    code = _MERGED.get(vital)
    if code is not None:
        for view in parts.reconciled(person, code, day, day, access):
            if view.columns is not None:
                return view.columns, _named(view.shares)
    kind = KINDS[vital]
    chunks = parts.charts.samples(person, kind.codes, day, day, access)
    if not chunks:
        return None
    chosen = max(
        chunks, key=lambda chunk: (-kind.codes.index(chunk.code), len(chunk.columns), str(chunk.source))
    )
    return chosen.columns, (chosen.label,) if chosen.label else ()


def shares_of_day(
    parts: Parts, person: UUID, access: Access, vital: str, day: date
) -> tuple[SourceShare, ...]:
    """Which device answered for how many minutes of the day."""
    code = {**_MERGED, "sleep": vitals.SLEEP}.get(vital)
    if code is None:
        return ()
    found = parts.reconciled(person, code, day, day, access)
    return tuple(SourceShare(share.label, round(share.minutes)) for view in found for share in view.shares)
