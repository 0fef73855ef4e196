"""Gauges: what a scrape of the metrics reads from the database, in short transactions that give up early."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain import signs
from phr.domain.access import Access, machine
from phr.domain.days import day_at
from phr.errors import PhrError
from phr.metrics import Reading
from phr.store.uow import Store, UnitOfWork

_FRESH: Final = (
    5.0  # seconds: two scrapers, or a scraper that is set too fast, cost the database no more than one
)
_HURRY: Final = 2000  # milliseconds of one statement
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)

Extra = Callable[[str], Iterable[Reading]]
"""Figures that another use case gives: request id -> readings."""


class Gauges:
    """Reads all figures, each part on its own: one that fails or is slow leaves the others as they are."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        zone: ZoneInfo,
        recipient: str,
        extras: dict[str, Extra] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient
        self._parts: dict[str, Extra] = {
            "service": self._of_service,
            "trail": self._of_trail,
            "connections": self._of_connections,
            "sign-in": self._of_sign_in,
            "alarms": self._of_alarms,
            "set-apart": self._of_set_apart,
            **(extras or {}),
        }
        self._lock = threading.Lock()
        self._read: list[Reading] = []
        self._until = 0.0

    def __call__(self, *, request: str) -> list[Reading]:
        """The figures, at most a few seconds old. Never raises for a database that does not answer."""
        with self._lock:
            if monotonic() >= self._until:
                self._read = list(self._now(request))
                self._until = monotonic() + _FRESH
            return self._read

    def _now(self, request: str) -> Iterator[Reading]:
        for name, part in self._parts.items():
            try:
                found = list(part(request))
            except PhrError:
                yield "phr_figures_read", (name,), 0
            else:
                yield "phr_figures_read", (name,), 1
                yield from found

    def _opened(self, uow: UnitOfWork) -> UnitOfWork:
        uow.gauges.hurry(_HURRY)
        return uow

    def _operator(self, purpose: str, request: str) -> Access:
        return Access("operator", "metrics", self._recipient, purpose, request)

    def _of_service(self, request: str) -> Iterator[Reading]:
        """Signs of life, letters, backups, sizes: what an operating context may count."""
        now = self._clock.now()
        with self._store.begin(self._operator("operate", request)) as opened:
            uow = self._opened(opened)
            beats, letters = uow.operations.beats(), uow.gauges.letters()
            kept = uow.operations.newest_kept()
            root = uow.tallies.newest_root()
            opt_ins = uow.gauges.opt_ins(day_at(now, self._zone) - _WEEK)
            server_now, size, limit = uow.gauges.server()
            asked = self._clock.now()
            connections, slot = uow.gauges.connections(), uow.gauges.slot()
            vitals = uow.operations.vitals_bytes()
            uow.commit()
        yield from _of_beats(beats, now)
        for kind, state, number, since in letters:
            yield "phr_letters", (kind, state), number
            if state == "waiting":
                yield "phr_letters_oldest_seconds", (kind,), _age(since, now)
        for kind in {one.kind for one in kept}:
            newest = next(one for one in kept if one.kind == kind)
            yield "phr_kept_failing", (kind,), not newest.ok
            good = [one.at for one in kept if one.kind == kind and one.ok]
            if good:
                yield "phr_kept_seconds", (kind,), _age(max(good), now)
        if root is not None:
            yield "phr_audit_root_days", (), (day_at(now, self._zone) - root[0]).days
        yield from (("phr_opt_ins", (purpose,), number) for purpose, number in opt_ins)
        if slot is not None:
            yield "phr_wal_held_bytes", (), slot[0]
        yield "phr_database_bytes", (), size
        yield "phr_vitals_bytes", (), vitals
        yield "phr_database_connections_limit", (), limit
        yield from (("phr_database_connections", (state,), number) for state, number in connections)
        yield "phr_clock_skew_seconds", (), (server_now - asked).total_seconds()

    def _of_trail(self, request: str) -> Iterator[Reading]:
        now = self._clock.now()
        with self._store.begin(self._operator("audit", request)) as opened:
            uow = self._opened(opened)
            refusals, withdrawals = uow.gauges.refusals(now - _HOUR), uow.gauges.withdrawals(now - _DAY)
            uow.commit()
        yield from (("phr_refusals", (role,), number) for role, number in refusals)
        yield "phr_withdrawals", (), withdrawals

    def _of_connections(self, request: str) -> Iterator[Reading]:
        now = self._clock.now()
        with self._store.begin(self._operator("sync", request)) as opened:
            found = self._opened(opened).tallies.providers()
            opened.commit()
        failing: dict[str, int] = {}
        for one in found:
            yield "phr_connections", (one.name, one.state), one.number
            failing[one.name] = failing.get(one.name, 0) + one.failing
            if one.due_since is not None:
                yield "phr_connections_overdue_seconds", (one.name,), max(0.0, _age(one.due_since, now))
        yield from (("phr_connections_failing", (name,), number) for name, number in failing.items())

    def _of_sign_in(self, request: str) -> Iterator[Reading]:
        now = self._clock.now()
        with self._store.begin(self._operator("session", request)) as opened:
            uow = self._opened(opened)
            boxes, failures = uow.tallies.gateways(now), uow.tallies.failures(now - _DAY)
            uow.commit()
        yield "phr_gateways", (), len(boxes)
        yield "phr_gateways_silent", (), sum(now - seen > _DAY for _name, seen in boxes)
        yield "phr_sign_in_failures", (), sum(number for number, _last in failures)

    def _of_alarms(self, request: str) -> Iterator[Reading]:
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "guidance", request, part="metrics")) as opened:
            found = self._opened(opened).gauges.alarms()
            opened.commit()
        for severity, number, since in found:
            yield "phr_alarms_waiting", (severity,), number
            yield "phr_alarms_waiting_seconds", (severity,), _age(since, now)

    def _of_set_apart(self, request: str) -> Iterator[Reading]:
        with self._store.begin(machine(self._recipient, "collect", request, part="metrics")) as opened:
            found = self._opened(opened).tallies.set_apart()
            opened.commit()
        yield "phr_set_apart", (), sum(found.values())


def _age(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()


def _of_beats(beats: dict[str, datetime], now: datetime) -> Iterator[Reading]:
    """Signs of life: of the worker, of each of its jobs, and of the check of the trail."""
    if signs.WORKER in beats:
        yield "phr_worker_seen_seconds", (), _age(beats[signs.WORKER], now)
    if signs.LOG in beats:
        yield "phr_wal_kept_seconds", (), _age(beats[signs.LOG], now)
    if (last := signs.checked(beats)) is not None:
        yield "phr_audit_verified_seconds", (), _age(last[0], now)
        yield "phr_audit_holds", (), last[1]
    if (wholly := signs.checked_wholly(beats)) is not None:
        yield "phr_audit_whole_seconds", (), _age(wholly, now)
    for job, (went, failing) in signs.jobs(beats).items():
        if went is not None:
            yield "phr_job_ended_seconds", (job,), _age(went, now)
        yield "phr_job_failing", (job,), failing
