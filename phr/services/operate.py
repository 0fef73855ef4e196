"""Operate: counts and ages for the city's IT, without a look at any person's data; and letters tried again by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.examination_log import Slot
from phr.domain.signin import FREE, open_again
from phr.domain.signs import FAILED
from phr.domain.starts import open_starts, start_of
from phr.errors import NotFound
from phr.store.operations import Kept
from phr.store.standby import Behind
from phr.store.tallies import Dead, Provider
from phr.store.uow import Store

_DAY: Final = timedelta(hours=24)
_WEEK: Final = timedelta(days=6)
_SKEW: Final = timedelta(minutes=1)  # clocks of several machines with workers may differ by less
_BEFORE: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the service. outbox: number and oldest letter in each state; turned_away: counts by reason."""

    revision: str
    outbox: dict[str, tuple[int, datetime]]
    turned_away: dict[str, int]
    workers: dict[str, datetime]
    vitals_bytes: int


@dataclass(frozen=True, slots=True)
class Flow:
    """What comes in and goes out. turned_away and set_apart: counts by reason, of a week and of what is open.

    waiting: kind of letter, how many, since when; root: last day with one, root, rows, when it was made;
    kept: the newest of each kind of backup and drill; good: the newest of each that went well; slot: the server's place for
    the log that is kept; locked: names that must wait now; failed: failures in a row of the
    last 24 hours.
    """

    providers: list[Provider]
    gateways: list[tuple[str, datetime]]
    waiting: list[tuple[str, int, datetime]]
    dead: list[Dead]
    turned_away: dict[str, int]
    set_apart: dict[str, int]
    root: tuple[date, str, int, datetime] | None
    kept: dict[str, Kept]
    good: dict[str, Kept]
    slot: Slot | None
    locked: int
    failed: int


class Operate:
    """Reads counts, notes signs of life, and lets a dead letter be tried again."""

    def __init__(
        self, store: Store, clock: Clock, recipient: str, standby: Callable[[], Behind | None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._standby = standby

    def status(self, *, actor: str, request: str) -> Status:
        """How things are."""
        with self._store.begin(self._access(actor, "operate", request)) as uow:
            found = Status(
                revision=uow.operations.revision(),
                outbox=uow.outbox.states(),
                turned_away=uow.intake.totals(),
                workers=uow.operations.beats(),
                vitals_bytes=uow.operations.vitals_bytes(),
            )
            uow.commit()
        return found

    def flow(self, zone: ZoneInfo, *, actor: str, request: str) -> Flow:
        """What comes in and goes out: counted under each purpose that may count it, in one transaction."""
        now = self._clock.now()
        with self._store.begin(self._access(actor, "operate", request)) as uow:
            waiting, dead = uow.tallies.waiting(), uow.tallies.dead()
            turned_away = uow.tallies.turned_away(day_at(now, zone) - _WEEK)
            root = uow.tallies.newest_root()
            kept, slot = uow.operations.newest_kept(), uow.gauges.slot()
            uow.audit.add("count", "service")
            uow.switch(self._access(actor, "sync", request))
            providers = uow.tallies.providers()
            uow.switch(self._access(actor, "session", request))
            gateways, failures = uow.tallies.gateways(now), uow.tallies.failures(now - _DAY)
            uow.switch(Access("system", "operate", self._recipient, "collect", request))
            set_apart = uow.tallies.set_apart()
            uow.commit()
        return Flow(
            providers,
            gateways,
            waiting,
            dead,
            turned_away,
            set_apart,
            root,
            {one.kind: one for one in reversed(kept)},
            {one.kind: one for one in kept if one.ok},
            None if slot is None else Slot(*slot),
            locked=sum(number >= FREE and open_again(number, last) > now for number, last in failures),
            failed=sum(number for number, _ in failures),
        )

    def standby(self) -> Behind | None:
        """How far the standby that settings name is behind; None where it does not follow. It is asked, so hold nothing."""
        return self._standby()

    def revive(self, letter: UUID, *, actor: str, request: str) -> None:
        """Lets a dead letter be tried again, at once."""
        with self._store.begin(self._access(actor, "deliver", request)) as uow:
            if not uow.outbox.revive(letter, self._clock.now()):
                raise NotFound("no such letter")
            uow.audit.add("revive", f"outbox/{letter}", count=1)
            uow.commit()

    def beat(self, name: str, *, request: str) -> bool:
        """Notes that a worker is alive. Tells whether its clock went back since the last time."""
        now = self._clock.now()
        with self._store.begin(Access("system", name, self._recipient, "operate", request)) as uow:
            before = uow.operations.beat(name, now)
            uow.commit()
        return before is not None and before > now + _SKEW

    def begin(self, job: str, *, request: str) -> bool:
        """Notes that a job begins; False: it rests and counts as failed, since workers were lost in its last starts."""
        now = self._clock.now()
        with self._store.begin(Access("system", job, self._recipient, "operate", request)) as uow:
            signs = uow.operations.beats()
            sign = start_of(signs, job, now)
            if sign is None:  # failed before its starts, which go on counting
                uow.operations.beat(FAILED + job, open_starts(signs, job)[0] - _BEFORE)
            else:
                uow.operations.beat(sign, now)
            uow.commit()
        return sign is not None

    def signs(self, *, request: str) -> dict[str, datetime]:
        """Every sign of life, and when it was given last."""
        with self._store.begin(Access("system", "worker", self._recipient, "operate", request)) as uow:
            found = uow.operations.beats()
            uow.commit()
        return found

    def _access(self, actor: str, purpose: str, request: str) -> Access:
        return Access("operator", actor, self._recipient, purpose, request)
