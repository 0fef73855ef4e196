"""One sync of a connection: every type's windows, page by page, each with the bookmark to store beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from ingest.cloud.answers import AccountNotLinked
from ingest.cloud.google_health import GoogleHealth
from ingest.cloud.notices import Notice
from ingest.cloud.plan import Bookmark, Window, plan
from ingest.cloud.types import DataType, alone_in
from ingest.errors import BadPayload, Permanent
from ingest.series import Batch, Micros, Reject

Bookmarks = Mapping[str, Bookmark]
"""How far each type was read, by ``DataType.key``."""

_HARMLESS: Final = frozenset({"no-value", "unknown-type", "unsupported-type", "not-asked-for"})
"""Refusals behind which no measurement can stand that was stored before."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The starts of all rows of one code and source that a re-read returned, sorted, each once."""

    code: str
    source: str
    starts: Micros


@dataclass(frozen=True, slots=True)
class Reread:
    """What a window that was read to its last page shows: these rows exist, and no others.

    Of these codes, a stored row of a source that this connection delivered, whose start lies in
    [start, end) and is not in ``seen``, was deleted by the person or corrected away, and may be retracted.
    A stored row that is in ``seen`` with another value was corrected at its source.
    start, end: microseconds since the epoch.
    """

    codes: tuple[str, ...]
    start: int
    end: int
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One page, to be stored in one transaction with the bookmark.

    bookmark_after: unchanged until the last page of a window, so that a crash repeats but never skips.
    complete: the last page of its window. reread: with it, unless a point of the window could not be read, or
    other types deliver the same codes.
    problem: the type ends here for this sync: scope-missing, refused or bad-payload; "" otherwise.
    """

    type: DataType
    window: Window
    batch: Batch
    bookmark_after: Bookmark
    reread: Reread | None = None
    problem: str = ""
    complete: bool = False


@dataclass(slots=True)
class _Tally:
    """What the pages of one window returned so far."""

    kind: DataType
    starts: dict[tuple[str, str], list[Micros]] = field(default_factory=dict)
    sure: bool = True

    def add(self, batch: Batch) -> None:
        self.sure &= all(reject.reason in _HARMLESS for reject in batch.rejects)
        for series in batch.series:
            self.starts.setdefault((series.code, series.source.key), []).append(series.start)

    def reread(self, window: Window, zone: ZoneInfo) -> Reread | None:
        codes = alone_in(self.kind)
        if not (self.sure and codes):
            return None
        seen = tuple(
            Seen(code, source, np.unique(np.concatenate(starts)))
            for (code, source), starts in sorted(self.starts.items())
            if code in codes
        )
        return Reread(codes, *window.span(zone), seen)


def fresh(types: Iterable[DataType], start: datetime) -> dict[str, Bookmark]:
    """Bookmarks of a connection that has read nothing yet; history is wanted from start."""
    return {kind.key: Bookmark(start) for kind in types}


def sync(
    client: GoogleHealth,
    types: Iterable[DataType],
    bookmarks: Bookmarks,
    *,
    zone: ZoneInfo,
    now: datetime,
    notices: Iterable[Notice] = (),
    stop: Callable[[], bool],
    synced: datetime | None = None,
) -> Iterator[Step]:
    """Reads what is new, what was notified and then history, the newest days of all types first.

    The caller stores each step before it asks for the next one. ``stop`` is asked before each page and again
    before it is handed over: after a withdrawal, what was just read is dropped. Notices may be forgotten once
    the last step was stored and nothing stopped the sync.

    Raises: NeedsReauthorisation, AccountNotLinked or Transient, which concern the whole connection; what
    concerns one type ends that type only and is counted in its last step.
    """
    waiting = tuple(notices)
    marks = dict(bookmarks)
    work = [
        (kind, window)
        for kind in types
        for window in plan(kind, marks[kind.key], now, waiting, zone=zone, synced=synced)
    ]
    work.sort(key=lambda item: _turn(item[1]))
    ended: set[str] = set()
    for kind, window in work:
        if kind.key in ended:
            continue
        for step in _steps(client, kind, window, marks[kind.key], zone, stop):
            marks[kind.key] = step.bookmark_after
            if step.problem:
                ended.add(kind.key)
            yield step
        if stop():
            return


def _turn(window: Window) -> tuple[int, float]:
    """New data first, then notices, then history, the newest of all types before the older of any."""
    if window.reason == "back-fill":
        return 2, -window.end.timestamp()
    return int(window.reason == "notice"), window.end.timestamp()


def _steps(
    client: GoogleHealth,
    kind: DataType,
    window: Window,
    mark: Bookmark,
    zone: ZoneInfo,
    stop: Callable[[], bool],
) -> Iterator[Step]:
    """The pages of one window; a refusal that concerns this type alone becomes a last step."""
    tally = _Tally(kind)
    pages = client.pull(kind, window, zone=zone)
    while not stop():
        try:
            page = next(pages, None)
        except AccountNotLinked:
            raise
        except BadPayload as error:
            yield _ending(kind, window, mark, Reject("bad-payload", error.field))
            return
        except Permanent:
            yield _ending(kind, window, mark, Reject("refused", kind.key))
            return
        if page is None or stop():
            return
        tally.add(page.batch)
        if page.complete:
            found = tally.reread(window, zone)
            yield Step(kind, window, page.batch, mark.after(window), found, complete=True)
            return
        problem = "" if page.next_token else "scope-missing"
        yield Step(kind, window, page.batch, mark, problem=problem)


def _ending(kind: DataType, window: Window, mark: Bookmark, reject: Reject) -> Step:
    return Step(kind, window, Batch(rejects=(reject,)), mark, problem=reject.reason)
