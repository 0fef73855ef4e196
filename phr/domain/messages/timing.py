"""Timing: the first moment at which a message may go out: by day, and not too often."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from phr.domain.days import day_at
from phr.domain.messages.catalogue import Kind

_WEEK: Final = timedelta(days=7)


def allowed_from(
    now: datetime, sent: Sequence[datetime], kind: Kind, quiet: tuple[time, time], zone: ZoneInfo
) -> datetime:
    """The earliest moment, not before ``now``, outside the quiet hours (from, until) and below the caps.

    ``sent``: when earlier messages of the kind went out. What is urgent goes now.
    """
    if kind.urgent:
        return now
    found = _by_day(now, quiet, zone)
    while (later := _below_caps(found, sent, kind, quiet, zone)) > found:
        found = later
    return found


def _by_day(moment: datetime, quiet: tuple[time, time], zone: ZoneInfo) -> datetime:
    begins, ends = quiet
    local = moment.astimezone(zone)
    if local.time() < ends:
        return _at(local, ends, 0)
    if local.time() >= begins:
        return _at(local, ends, 1)
    return moment


def _at(local: datetime, clock: time, days: int) -> datetime:
    return datetime.combine(local.date() + timedelta(days=days), clock, local.tzinfo).astimezone(UTC)


def _below_caps(
    moment: datetime, sent: Sequence[datetime], kind: Kind, quiet: tuple[time, time], zone: ZoneInfo
) -> datetime:
    """The moment itself, or the next at which a cap may have room again."""
    today = [at for at in sent if day_at(at, zone) == day_at(moment, zone)]
    if kind.per_day is not None and len(today) >= kind.per_day:
        return _at(moment.astimezone(zone), quiet[1], 1)
    week = sorted(at for at in sent if moment - _WEEK < at <= moment)
    if kind.per_week is not None and len(week) >= kind.per_week:
        return _by_day(week[-kind.per_week] + _WEEK, quiet, zone)
    return moment
