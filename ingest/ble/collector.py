"""Collects for a home: listens for its devices, runs a session with each, and hands over what belongs to whom.

``async for delivery in collect_home(...)`` gives one Delivery for each session, or for each minute of a stream.
Make everything of it durable, then call ``delivery.commit()``; what was not committed is collected again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from ingest.ble import profiles
from ingest.ble.box import Decode
from ingest.ble.dedupe import Seen
from ingest.ble.device_documents import coincident_timestamp
from ingest.ble.devices import CATALOGUE, Catalogue
from ingest.ble.gathered import Collected, Ended, Facts, Plan, Received, Timeouts
from ingest.ble.procedure import MEASURED
from ingest.ble.session import Found, Scanner, Session, microseconds
from ingest.ble.settle import Device, Quarantined, Settled, Timed, commit, settle
from ingest.ble.to_series import When, to_series
from ingest.errors import IngestError, Permanent
from ingest.series import Batch, Source

COVERAGE: Final = frozenset(
    code
    for characteristics in MEASURED.values()
    for characteristic in characteristics
    for code in profiles.PROFILES[characteristic].coverage
)
"""The vitals that the collector can deliver."""
LISTENED_BEFORE: Final = 10.0
"""Seconds of silence after which a device that is heard has just been switched on."""
GONE_FOR: Final = 60.0
NAMED_WITHIN: Final = 3.0
"""Seconds in which a device that advertises has said its name and services."""


def coverage(service: str) -> frozenset[str]:
    """The vitals that a service can deliver, as ``1810``; nothing for services that are not listened to."""
    return frozenset(code for each in MEASURED.get(service, ()) for code in profiles.PROFILES[each].coverage)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of a home's collector.

    again: before the same device is visited again after a good session; first_retry doubles with each failure up
    to last_retry; refused: after an error that waiting does not mend.
    """

    session: float = 3600.0
    listen: float = 60.0
    again: float = 5.0
    first_retry: float = 1.0
    last_retry: float = 300.0
    refused: float = 600.0
    steps: Timeouts = field(default_factory=Timeouts)


@dataclass(slots=True)
class Delivery:
    """What one session brought: a Batch for each person, and what nobody may have yet.

    Everything here, the quarantined included, must be durable before ``commit`` is called. rejects that belong
    to no person stand in ``rejects``. error: why the session ended early, for the page that shows the device.
    """

    device: Device
    facts: Facts
    batches: tuple[Batch, ...]
    quarantined: tuple[Quarantined, ...]
    ended: Ended
    error: IngestError | None
    settled: Settled
    _seen: Seen
    is_committed: bool = False

    @property
    def rejects(self) -> tuple[Any, ...]:
        """What became no reading, counted."""
        return self.settled.rejects

    def commit(self) -> None:
        """Remembers that everything of this delivery is durable."""
        if not self.is_committed:
            commit(self.settled, self.device, self._seen)
            self.is_committed = True


def source_of(device: Device) -> Source:
    """The source of a device's readings. Its address is personal, so the key is a hash of its name in the home."""
    digest = hashlib.sha256(device.key.encode()).hexdigest()[:16]
    return Source(f"ble|{digest}", device.label, "BLE", device.label, "active")


def batches(collected: Collected, settled: Settled, device: Device) -> tuple[Batch, ...]:
    """One Batch for each person; the record of the clock goes with the first of each."""
    source = source_of(device)
    made: list[Batch] = []
    clock = coincident_timestamp(collected.facts, settled.clock)
    for person, timed in settled.people.items():
        series, rejects = to_series([each.reading for each in timed], source, when=_times(timed))
        matters = settled.clock.state == "unset" or any(each.placed.shift for each in timed)
        documents = (clock,) if clock is not None and matters else ()
        made.append(Batch(tuple(series), tuple(rejects), documents, person_key=person))
    return tuple(made)


def _times(timed: Iterable[Timed]) -> list[When]:
    return [When(each.placed.instant, each.placed.offset, each.placed.quality) for each in timed]


@dataclass(slots=True)
class _Visit:
    """How it stands with one device."""

    device: Device
    not_before: float = 0.0
    failures: int = 0
    heard_at: float = float("-inf")
    unnamed_since: float | None = None
    task: asyncio.Task[None] | None = None


class _Home:
    """The devices of one home and their sessions."""

    def __init__(
        self,
        bindings: Iterable[Device],
        seen: Seen,
        zone: ZoneInfo,
        patience: Patience,
        now: Callable[[], int],
        keep: Callable[[Device, Received], None] | None,
    ) -> None:
        self.visits: dict[str, _Visit] = {}
        for each in bindings:
            if self.visits.setdefault(each.address.upper(), _Visit(each)).device is not each:
                raise ValueError("one address is enrolled twice")
        self.deliveries: asyncio.Queue[tuple[Delivery, asyncio.Event]] = asyncio.Queue()
        self.stop = asyncio.Event()
        self._seen = seen
        self._zone = zone
        self._patience = patience
        self._now = now
        self._keep = keep
        self._started = asyncio.get_running_loop().time()
        self.session: Session | None = None

    def heard(self, found: Found) -> None:
        """A device advertises: one of the home is visited, unless somebody is there or it was told to wait."""
        visit = self.visits.get(found.address)
        if visit is None or self.session is None or self.stop.is_set():
            return
        time = asyncio.get_running_loop().time()
        appeared = time - visit.heard_at > GONE_FOR and time - self._started > LISTENED_BEFORE
        visit.heard_at = time
        if found.row is None:  # its name and services may come in the next packet
            visit.unnamed_since = visit.unnamed_since or time
            if time - visit.unnamed_since < NAMED_WITHIN:
                return
        if visit.task is None and time >= visit.not_before:
            visit.task = asyncio.create_task(self._visit(visit, found, self.session, live=appeared))

    async def _visit(self, visit: _Visit, found: Found, session: Session, *, live: bool) -> None:
        last = Collected(Facts(found.address, found.name), (), (), None, "failed")
        try:
            last = await self._run(visit.device, found, session, live=live)
        except IngestError as refused:
            last = replace(last, error=refused)
            await self._hand_over(visit.device, last, live)
        finally:
            self._wait(visit, last)
            visit.task = None

    def _wait(self, visit: _Visit, last: Collected) -> None:
        """When the device may be visited again; a stream that only came to its hour goes on at once."""
        patience, error = self._patience, last.error
        visit.failures = 0 if error is None else visit.failures + 1
        pause = 0.0 if last.ended == "deadline" else patience.again
        if isinstance(error, Permanent):
            pause = patience.refused
        elif error is not None:
            pause = min(patience.last_retry, patience.first_retry * 2 ** min(visit.failures - 1, 20))
        visit.not_before = asyncio.get_running_loop().time() + pause

    async def _run(self, device: Device, found: Found, session: Session, *, live: bool) -> Collected:
        keep = None if self._keep is None else _bound(self._keep, device)
        plan = Plan(
            family=found.family,
            zone=self._zone,
            system_id=device.system_id,
            bookmark=self._seen.bookmark(device.key),
            consents=device.consents,
            listen=self._patience.listen,
            timeouts=self._patience.steps,
            keep=keep,
            stop=self.stop,
        )
        live = live and plan.family.sends != "all"  # which of them is the newest is then not known
        collected = Collected(Facts(found.address, found.name), (), (), None, "failed")
        async with aclosing(session.portions(found, plan=plan, deadline=self._patience.session)) as portions:
            async for collected in portions:
                await self._hand_over(device, collected, live)
        return collected

    async def _hand_over(self, device: Device, collected: Collected, live: bool) -> None:
        """Waits until the delivery has been dealt with: only then is it known what is stored."""
        now = self._now()
        settled = settle(collected, device, self._seen, zone=self._zone, now=now, live=live, session=str(now))
        made = batches(collected, settled, device)
        delivery = Delivery(
            device,
            collected.facts,
            made,
            settled.quarantined,
            collected.ended,
            collected.error,
            settled,
            self._seen,
        )
        dealt = asyncio.Event()
        self.deliveries.put_nowait((delivery, dealt))
        await dealt.wait()

    async def close(self) -> None:
        """Ends every session."""
        tasks = [visit.task for visit in self.visits.values() if visit.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def is_busy(self) -> bool:
        """Whether a session runs or something waits to be taken."""
        return not self.deliveries.empty() or any(visit.task is not None for visit in self.visits.values())


def _bound(keep: Callable[[Device, Received], None], device: Device) -> Callable[[Received], None]:
    return lambda value: keep(device, value)


async def collect_home(
    bindings: Iterable[Device],
    seen: Seen,
    *,
    zone: ZoneInfo,
    now: Callable[[], int] = microseconds,
    client_backend: type[Any] | None = None,
    scanner_backend: type[Any] | None = None,
    stop: asyncio.Event | None = None,
    patience: Patience | None = None,
    keep: Callable[[Device, Received], None] | None = None,
    decode: Decode = profiles.decode,
    catalogue: Catalogue = CATALOGUE,
) -> AsyncGenerator[Delivery, None]:
    """Deliveries of a home's devices until ``stop`` is set; running streams then hand over what they have.

    Transient is raised when there is no radio, or it goes away. Devices that are not in ``bindings`` are neither connected nor noted. now: microseconds UTC.
    keep: called with each value the moment it arrives, before the device may forget it; it must not fail.
    """
    home = _Home(bindings, seen, zone, patience or Patience(), now, keep)
    ended = asyncio.create_task(_forward(stop, home.stop))
    try:
        async with Scanner(scanner_backend, catalogue, home.heard) as scanner:
            home.session = Session(
                decode=decode,
                client_backend=client_backend,
                catalogue=catalogue,
                now=now,
                undisturbed=scanner.paused,
            )
            while not home.stop.is_set() or home.is_busy:
                if scanner.failed is not None:
                    raise scanner.failed
                taken = await _next(home)
                if taken is None:
                    continue
                delivery, dealt = taken
                try:
                    yield delivery
                finally:
                    dealt.set()
                    await asyncio.sleep(0)
            await home.close()
    finally:
        ended.cancel()
        await home.close()


async def _forward(outer: asyncio.Event | None, inner: asyncio.Event) -> None:
    if outer is not None:
        await outer.wait()
        inner.set()


async def _next(home: _Home) -> tuple[Delivery, asyncio.Event] | None:
    """The next delivery; None when the home is being stopped, to look whether anything still runs."""
    try:
        async with asyncio.timeout(0.2 if home.stop.is_set() else 1.0):
            return await home.deliveries.get()
    except TimeoutError:
        return None


def people_of(bindings: Iterable[tuple[int | None, str]]) -> Mapping[int | None, str]:
    """User index -> person, from pairs; the same index for two persons is refused."""
    found: dict[int | None, str] = {}
    for user, person in bindings:
        if found.setdefault(user, person) != person:
            raise ValueError("one user index belongs to two persons")
    return found
