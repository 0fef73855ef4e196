"""Numbers of the work list for the yearly report: cases by kind and outcome, contacts, and how long people waited."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from phr.domain.access import Access
from phr.domain.queue import group_of
from phr.domain.worklist import REACHING
from phr.errors import Invalid
from phr.store.uow import Store


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of case: events of the time, outcomes of what was closed, and the median hours to the first contact."""

    kind: str
    opened: int
    contacts: int
    closed: int
    escalated: int
    outcomes: dict[str, int]
    median_hours: float | None


class Numbers:
    """Counts what consent lets the nurse's organisation see; nobody is named."""

    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    def __call__(self, first: date, last: date, access: Access) -> list[Line]:
        """One line for each kind of case that something happened to, from the first day to the last, both included."""
        if last < first:
            raise Invalid("must not be before the first day", field="until")
        since = datetime.combine(first, time(), self._zone)
        until = datetime.combine(last + timedelta(days=1), time(), self._zone)
        with self._store.begin(access) as uow:
            only_opened = uow.worklist.opened(since, until)
            happened = uow.worklist.happened(since, until)
            uow.audit.add("statistics", "case", count=sum(only_opened.values()) + len(happened))
            uow.commit()
        return counted(happened, only_opened)


def counted(
    happened: Iterable[tuple[str, Sequence[str], Sequence[float]]],
    only_opened: Mapping[str, int] | None = None,
) -> list[Line]:
    """The lines of a time. A decision that was taken back does not count; the case counts when it is closed again.

    happened: of each case its kind, its events and when they were. only_opened: by kind how many more cases were opened
    and nothing else happened to them.
    """
    untouched: Counter[str] = Counter()
    for kind, number in (only_opened or {}).items():
        untouched[group_of(kind)] += number
    kinds: dict[str, list[list[tuple[str, float]]]] = defaultdict(list)
    for kind, events, moments in happened:
        kinds[group_of(kind)].append(list(zip(events, moments, strict=True)))
    return [_line(kind, kinds[kind], untouched[kind]) for kind in sorted({*kinds, *untouched})]


def _line(kind: str, cases: Sequence[Sequence[tuple[str, float]]], opened: int) -> Line:
    contacts = escalated = 0
    outcomes: Counter[str] = Counter()
    waited: list[float] = []
    for events in cases:
        began: float | None = None
        for event, at in _standing(events):
            what, _, detail = event.partition(":")
            opened += what in {"opened", "fired-again"}
            escalated += what == "escalated"
            contacts += what == "contact"
            outcomes[detail] += what == "closed"
            if what in {"opened", "fired-again"}:
                began = began or at
            elif began is not None and (detail in REACHING or what == "closed"):
                waited.append((at - began) / 3600)
                began = None
    found = {name: number for name, number in sorted(outcomes.items()) if number}
    hours = round(median(waited), 1) if waited else None
    return Line(kind, opened, contacts, sum(found.values()), escalated, found, hours)


def _standing(events: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The events without those that were taken back."""
    held: list[tuple[str, float]] = []
    for event in events:
        if event[0] != "undone":
            held.append(event)
            continue
        place = next((n for n in reversed(range(len(held))) if _taken_back(held[n][0])), None)
        if place is not None:
            del held[place]
    return held


def _taken_back(event: str) -> bool:
    return event.partition(":")[0] in {"claimed", "contact", "closed"}
