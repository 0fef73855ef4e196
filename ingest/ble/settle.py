"""Whose each reading is, when it was taken, and whether it came before: the rules between a session and the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from typing import Literal
from zoneinfo import ZoneInfo

from ingest.ble import clock as clocks
from ingest.ble.clock import Clock, Placed
from ingest.ble.dedupe import Bookmark, Seen, further, reading_key
from ingest.ble.gathered import Arrival, Collected
from ingest.ble.reading import Reading
from ingest.ble.sensor import SENSOR
from ingest.ble.users import Nobody, People, whose
from ingest.series import ZONE_ASSUMED, Reject

Why = Literal[
    "device-not-enrolled",
    "user-not-told",
    "user-unknown",
    "user-not-enrolled",
    "no-time",
    "clock-not-set",
    "time-in-future",
]


@dataclass(frozen=True, slots=True)
class Timed:
    """A reading with its instant (microseconds UTC), its offset (seconds east), quality bits and correction."""

    reading: Reading
    placed: Placed


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A reading kept aside for somebody to decide: nobody's, or of no known time.

    person: whose it is, where that is known. key: its identity, so that it is decided once.
    """

    device: str
    reading: Reading
    reason: Why
    arrived: int
    key: str
    person: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was enrolled in a home.

    key: its stable name there, from which identities are made; it must never change once readings have come.
    address: as a scan shows it. system_id: 16 digits in the order of the wire, checked when it is given.
    people: user index -> key of a person; None: readings in which the device names no user.
    consents: user slot -> consent code, for scales that ask for one. label: shown to people.
    """

    key: str
    address: str
    people: People
    system_id: str = ""
    consents: Mapping[int, int] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """What of a session goes to whom, and what is to be remembered once that is durable."""

    people: Mapping[str, tuple[Timed, ...]]
    quarantined: tuple[Quarantined, ...]
    rejects: tuple[Reject, ...]
    clock: Clock
    keys: tuple[str, ...]
    bookmark: Bookmark
    repeated: int = 0


def settle(
    collected: Collected,
    device: Device,
    seen: Seen,
    *,
    zone: ZoneInfo,
    now: int,
    live: bool = False,
    session: str = "",
) -> Settled:
    """Decides for every reading of a session; ``session`` tells undated readings of two sessions apart."""
    before = seen.bookmark(device.key)
    clock = clocks.judge(collected.check, zone=zone, now=now, earlier=before.clock)
    newest = _newest(collected.arrivals) if live else None
    people: dict[str, list[Timed]] = {}
    aside: list[Quarantined] = []
    keys: dict[str, None] = {}
    counts: Counter[str] = Counter()
    for arrival in collected.arrivals:
        key = "" if arrival.is_live else _key(device, arrival.reading, session)
        if key and (key in keys or seen.has(key)):
            counts["repeated"] += 1
            continue
        if key:
            keys[key] = None
        owner = whose(device.people, arrival.reading.user)
        placed = _place(arrival, clock, zone, is_newest=arrival is newest)
        if isinstance(owner, Nobody) or isinstance(placed, str):
            reason: Why = owner.reason if isinstance(owner, Nobody) else _reason(placed)
            person = "" if isinstance(owner, Nobody) else owner
            aside.append(Quarantined(device.key, arrival.reading, reason, arrival.at, key, person))
            continue
        people.setdefault(owner, []).append(Timed(arrival.reading, placed))
    rejects = [*collected.rejects]
    if counts["repeated"]:
        rejects.append(Reject("repeated", "reading", counts["repeated"]))
    return Settled(
        {person: tuple(timed) for person, timed in people.items()},
        tuple(aside),
        tuple(rejects),
        clock,
        tuple(keys),
        further(before, collected.sequence, clock.checkpoint),
        counts["repeated"],
    )


def _reason(placed: Placed | clocks.Fault) -> Why:
    return "no-time" if isinstance(placed, Placed) else placed


def _key(device: Device, reading: Reading, session: str) -> str:
    """Records of a glucose sensor count from its start, so the day of the start belongs to their identity."""
    if reading.characteristic == SENSOR:
        begun = reading.flags.get("session_start_day", "")
        return reading_key(f"{device.key}|{begun}", reading, session)
    return reading_key(device.key, reading, session)


def _newest(arrivals: Sequence[Arrival]) -> Arrival | None:
    """The last record of a session: by its number where it has one, else by arrival."""
    stored = [each for each in arrivals if not each.is_live]
    if len({each.reading.characteristic for each in stored}) > 1 and any(
        each.reading.sequence is not None for each in stored
    ):
        return None
    return max(stored, key=lambda each: (each.reading.sequence or 0, each.at), default=None)


def _place(arrival: Arrival, clock: Clock, zone: ZoneInfo, *, is_newest: bool) -> Placed | clocks.Fault:
    reading = arrival.reading
    if arrival.is_live:
        return clocks.arrived(arrival.at, zone)
    if reading.characteristic == SENSOR and reading.at is not None:
        return _by_sensor(reading, zone, clock.now)
    placed = clock.correct(reading.at)
    if isinstance(placed, Placed) or not is_newest:
        return placed
    return clocks.stamped_on_receipt(arrival.at, zone)


def _by_sensor(reading: Reading, zone: ZoneInfo, now: int) -> Placed | clocks.Fault:
    """A glucose sensor says its zone, or leaves it open; its start was set by whoever started it."""
    if reading.at is None or reading.at.year < clocks.FIRST_YEAR:
        return "clock-not-set"
    known = reading.flags.get("utc_offset_seconds")
    if isinstance(known, int):
        instant, quality = clocks.micros(reading.at.replace(tzinfo=UTC)) - known * clocks.SECOND, 0
    else:
        instant, _chosen = clocks.resolve(reading.at, zone)
        quality = ZONE_ASSUMED
    if instant > now + clocks.FUTURE:
        return "time-in-future"
    return Placed(instant, clocks.east(instant, zone), quality)


def commit(settled: Settled, device: Device, seen: Seen) -> None:
    """Remembers a session, after everything of it is durable."""
    for key in settled.keys:
        seen.add(key)
    seen.advance(device.key, settled.bookmark)
