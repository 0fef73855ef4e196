"""Plans what to ask for: new data, re-reads of what may have changed, then history backwards to a start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, Literal

from ingest.cloud.notices import Interval, Notice
from ingest.cloud.types import LIMITS, DataType
from ingest.errors import BadPayload

Reason = Literal["recent", "overlap", "wide", "notice", "back-fill"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
EASTMOST: Final = timedelta(hours=14)
"""Where a civil day begins first."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch to be read whole: from start up to, not including, end.

    by_day: start and end are the midnights of dates, in UTC, and stand for the civil days of those dates
    wherever the person is; otherwise they are instants. Windows of one type never share a record.
    last: the newest data is complete up to ``end`` once this window was read.
    """

    start: datetime
    end: datetime
    reason: Reason
    asked: datetime
    by_day: bool = False
    last: bool = False

    def span(self, zone: tzinfo) -> tuple[int, int]:
        """The starts of its records, in microseconds since the epoch; days begin at their midnight in zone."""
        return _micros(self.start, zone if self.by_day else None), _micros(
            self.end, zone if self.by_day else None
        )


def _micros(moment: datetime, zone: tzinfo | None) -> int:
    here = moment if zone is None else moment.replace(tzinfo=zone)
    return (here.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far one type of one connection was read. Kept by the caller, in the transaction of the data.

    start: history is wanted from here. since, until: everything between them was read; None: nothing yet.
    overlap, wide: when the last daily and the last weekly re-read ended.
    """

    start: datetime
    since: datetime | None = None
    until: datetime | None = None
    overlap: datetime | None = None
    wide: datetime | None = None

    def to_json(self) -> dict[str, str]:
        """Plain JSON."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: moment.isoformat() for name, moment in told.items() if moment is not None}

    @classmethod
    def from_json(cls, raw: Any) -> Bookmark:
        """What ``to_json`` gave.

        Raises: BadPayload.
        """
        if not isinstance(raw, Mapping) or "start" not in raw:
            raise BadPayload("not a bookmark", field="bookmark")
        if unknown := raw.keys() - {field.name for field in fields(cls)}:
            raise BadPayload("unknown member", field=f"bookmark.{min(map(str, unknown))}")
        return cls(**{name: _moment(text, name) for name, text in raw.items()})

    def after(self, window: Window) -> Bookmark:
        """The bookmark once the window was read whole and stored."""
        if window.reason == "notice":
            return self
        if window.reason == "back-fill":
            first = self.until is None
            since = window.start if self.since is None else min(self.since, window.start)
            ends = {"until": window.end, "overlap": window.asked, "wide": window.asked} if first else {}
            return replace(self, since=since, **ends)
        until = window.end if self.until is None else max(self.until, window.end)
        overlap = window.asked if window.last and window.reason != "recent" else self.overlap
        wide = window.asked if window.last and window.reason == "wide" else self.wide
        return replace(self, until=until, overlap=overlap, wide=wide)


def _moment(text: object, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
        known = moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        known = None
    if known is None:
        raise BadPayload("not an instant", field=f"bookmark.{name}")
    return known


def plan(
    kind: DataType,
    bookmark: Bookmark,
    now: datetime,
    notices: Iterable[Notice] = (),
    *,
    zone: tzinfo = UTC,
    synced: datetime | None = None,
) -> list[Window]:
    """The windows to read, in the order to read them: what is new, what was notified, then history.

    They are disjoint, and together with what the bookmark says was read they cover everything from the start
    until now. zone: of the civil days. synced: when the person's device was last in touch; the total of a day
    is not asked for before that day was over and the device in touch again.
    """
    low, high = _bounds(kind, bookmark, now, zone, synced)
    if low >= high:
        return []
    window = partial(Window, asked=now, by_day=kind.by_day)
    if bookmark.until is None or bookmark.since is None:
        return [
            window(start, end, "back-fill", last=end == high)
            for start, end in reversed([*_split(low, high, kind.window_days)])
        ]
    mine = [notice for notice in notices if notice.data_type == kind.name]
    reach, reason = _reach(kind, bookmark, now, vague=any(not notice.intervals for notice in mine))
    whole = DAY if kind.by_day else timedelta(microseconds=1)
    since = max(low, _floor(bookmark.since - timedelta(microseconds=1), whole) + whole)
    begin = min(max(since, _floor(bookmark.until - reach, DAY if kind.by_day else HOUR)), high)
    spans = [*_split(begin, high, kind.window_days)]
    windows = [window(start, end, reason, last=end == high) for start, end in spans]
    for start, end in _merged(stretch for notice in mine for stretch in _stretches(kind, notice.intervals)):
        clipped = _split(max(start, since), min(end, begin), kind.window_days)
        windows += [window(first, last, "notice") for first, last in clipped]
    history = reversed([*_split(low, since, kind.window_days)])
    return windows + [window(start, end, "back-fill") for start, end in history]


def _bounds(
    kind: DataType, bookmark: Bookmark, now: datetime, zone: tzinfo, synced: datetime | None
) -> tuple[datetime, datetime]:
    """From where to where there can be anything; civil days of any zone when the days are the person's."""
    if not kind.by_day:
        return bookmark.start.astimezone(UTC), now.astimezone(UTC)
    low = _label(bookmark.start.astimezone(zone).date()) - DAY
    if kind.read == "dailyRollUp":
        return low, _label(min(now, synced or now).astimezone(zone).date())
    return low, _floor(now + EASTMOST, DAY) + DAY


def _reach(kind: DataType, bookmark: Bookmark, now: datetime, *, vague: bool) -> tuple[timedelta, Reason]:
    """How far back from the last read this one begins: the longest re-read that is due."""
    if vague or _due(bookmark.wide, now, timedelta(days=LIMITS.wide_every_days)):
        return timedelta(days=kind.wide_days), "wide"
    if _due(bookmark.overlap, now, timedelta(hours=LIMITS.overlap_every_hours)):
        return timedelta(days=kind.overlap_days), "overlap"
    return timedelta(hours=kind.margin_hours), "recent"


def _due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    return last is None or abs(now - last) >= every  # a clock that was set back must not stop re-reads


def _label(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _floor(moment: datetime, unit: timedelta) -> datetime:
    return moment - (moment - EPOCH) % unit


def _split(low: datetime, high: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Cuts at fixed places of the calendar, so that the same stretch is always cut in the same way."""
    size = timedelta(days=days)
    while low < high:
        end = min(_floor(low, size) + size, high)
        yield low, end
        low = end


def _stretches(kind: DataType, intervals: Iterable[Interval]) -> Iterator[tuple[datetime, datetime]]:
    """The intervals of a notice on the axis of the type, wide enough for any zone and any record.

    Physical types are read by the instants; the civil days of another zone may be a day off either way.
    A notice about a sleep may name any part of it, so a day is added as well.
    """
    for each in intervals:
        wide = DAY if kind.by_day or kind.tail_days else timedelta()
        if each.first_day is not None and each.last_day is not None and (kind.by_day or each.start is None):
            start, end, wide = _label(each.first_day), _label(each.last_day) + DAY, DAY
        elif each.start is not None and each.end is not None:
            start, end = each.start, each.end
        else:
            continue
        unit = DAY if kind.by_day else HOUR
        yield _floor(start - wide, unit), _floor(end + wide, unit) + unit


def _merged(stretches: Iterable[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """The union of stretches, in order."""
    low = high = None
    for start, end in sorted(stretches):
        if low is not None and high is not None and start <= high:
            high = max(high, end)
            continue
        if low is not None and high is not None:
            yield low, high
        low, high = start, end
    if low is not None and high is not None:
        yield low, high
