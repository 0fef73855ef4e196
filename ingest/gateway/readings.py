"""From a session's delivery to what waits for the server: whose it is at this box, how urgent, and on which clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import msgspec
import numpy as np

from ingest.ble.clock import SECOND
from ingest.ble.collector import Delivery, source_of
from ingest.ble.interpret import STREAMED
from ingest.ble.reading import Reading
from ingest.ble.settle import Quarantined, Timed
from ingest.ble.to_series import When, to_series
from ingest.gateway.cards import NOBODY, Present
from ingest.gateway.clock import BoxClock, by_box
from ingest.series import LOW_CONFIDENCE, Series, Source

MAY_ALARM: Final = frozenset({"85354-9", "59408-5", "8310-5", "2339-0", "99504-3"})
"""Blood pressure, oxygen, temperature, glucose: they are posted before everything else."""
URGENT, SINGLE, STREAM = 0, 1, 2
"""Ranks: the lower goes first, and is the last that is refused when the disk is full."""
SHARED: Final = "shared"
"""Stands for the person of a shared device until the card decides."""
AHEAD: Final = 2 * SECOND
"""A device's corrected clock can be this far ahead of the arrival; it is the delay of the radio."""


class Anyone(Mapping[int | None, str]):
    """The people of a shared device: whatever user it names, the card decides."""

    def __getitem__(self, _user: int | None) -> str:
        return SHARED

    def __iter__(self) -> Iterator[int | None]:
        return iter((None,))

    def __len__(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One row of one vital, or a document, that waits for the server.

    start: microseconds UTC. anchor: the box's clock when it was placed by it, None when the instant does not hang
    on that clock or the clock was known. values: JSON of channel -> number. phd: the System ID of the device, where the
    instant is its own clock's, so that the reading can be named by it.
    """

    card: str
    rank: int
    code: str
    label: str
    method: str
    start: int
    duration: int | None
    offset: int
    quality: int
    values: bytes
    document: bytes = b""
    anchor: int | None = None
    phd: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """A reading that nobody gets: its bytes and the reason, for the count and for somebody who looks into it."""

    device: str
    reason: str
    characteristic: str
    payload: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as it arrived, written down before the device could forget it, the card that was there, and the clock.

    anchor: of the box's clock while that was not known, else None.
    """

    identity: int
    characteristic: str
    payload: bytes
    at: int
    is_stored: bool
    present: Present
    boot: str
    anchor: int | None


@dataclass(slots=True)
class Sorted:
    """What is to be stored of a delivery, in one transaction."""

    rows: list[Outgoing] = field(default_factory=list)
    aside: list[Aside] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def sort_out(delivery: Delivery, kept: Sequence[Kept], clock: BoxClock, *, streams: bool = True) -> Sorted:
    """The rows of a delivery, and what is kept aside or counted. streams: whether there is room for them."""
    found = Sorted()
    device = delivery.device
    found.aside += [_aside(each) for each in delivery.quarantined]
    state = delivery.settled.clock.state
    documents = {batch.person_key: batch.documents for batch in delivery.batches}
    for person, timed in delivery.settled.people.items():
        groups: dict[tuple[str, bool, bool, str], list[Timed]] = defaultdict(list)
        for each in timed:
            stream = each.reading.characteristic in STREAMED
            card = person
            if isinstance(device.people, Anyone):
                card, why = owner(each, state, kept)
                if why:
                    found.aside.append(
                        Aside(
                            device.key,
                            why,
                            each.reading.characteristic,
                            each.reading.raw,
                            each.placed.instant,
                        )
                    )
                    continue
            if stream and not streams:
                found.counts["no-space"] += 1
                continue
            boxed = stream or by_box(each.reading, state)
            sure = not stream and (clock.is_known or not boxed) and is_own_time(each)
            own = delivery.facts.system_id if sure else ""
            groups[card, stream, boxed, own].append(each)
        for (card, stream, boxed, own), readings in groups.items():
            anchor = clock.anchor if boxed and not clock.is_known else None
            source = replace(source_of(device), phd=own)
            found.rows += _rows(source, card, readings, anchor, found.counts, is_stream=stream)
        if clock.is_known:  # else it would say that the device is wrong, where the box may be
            for card in sorted({card for card, stream, _boxed, _own in groups if not stream}):
                found.rows += [_document(card, one, clock.last) for one in documents.get(person, ())]
    for reject in delivery.rejects:
        found.counts[reject.reason] += reject.count
    return found


def _aside(each: Quarantined) -> Aside:
    reading = each.reading
    return Aside(each.device, each.reason, reading.characteristic, reading.raw, each.arrived)


def owner(timed: Timed, state: str, kept: Sequence[Kept]) -> tuple[str, str]:
    """The card of a shared device's reading, or why it is nobody's.

    It must have arrived while the card was there, and must have been measured while the same card was there: what
    a device stored before belongs to somebody else. Where the device's clock says nothing, nobody gets it.
    """
    present = _arrived_with(timed, kept)
    if present is None or not present.card:
        return "", "no-card"
    if timed.reading.characteristic in STREAMED:
        return present.card, ""
    if timed.reading.at is None or state not in ("follows", "own") or timed.placed.quality & LOW_CONFIDENCE:
        return "", "clock-not-checked"
    arrived = max(each.at for each in kept if _is_of(timed.reading, each))
    if not present.since <= timed.placed.instant <= arrived + AHEAD:
        return "", "not-of-this-session"
    return present.card, ""


def _is_of(reading: Reading, kept: Kept) -> bool:
    return kept.characteristic == reading.characteristic and reading.raw.startswith(kept.payload)


def _arrived_with(timed: Timed, kept: Sequence[Kept]) -> Present | None:
    """The one session in which a reading's bytes arrived; none where they came in several, or cannot be found."""
    reading = timed.reading
    if (
        "summary_of" in reading.flags
    ):  # one value of many seconds: all of them must have been the same person's
        mine = [each for each in kept if each.characteristic == reading.characteristic]
    elif reading.characteristic in STREAMED:
        mine = [each for each in kept if _is_of(reading, each) and each.at == timed.placed.instant]
    else:
        mine = [each for each in kept if _is_of(reading, each)]
    sessions = {each.present for each in mine}
    return sessions.pop() if len(sessions) == 1 else NOBODY if sessions else None


def is_own_time(each: Timed) -> bool:
    """Whether a reading's instant is what its device said, to the second: only then can it be named by that."""
    placed = each.placed
    shown = datetime(1970, 1, 1) + timedelta(microseconds=placed.instant + placed.offset * SECOND)  # noqa: DTZ001 - a device's own clock has no zone
    return each.reading.at == shown and shown.microsecond == 0


def _rows(
    source: Source,
    card: str,
    readings: Sequence[Timed],
    anchor: int | None,
    counts: Counter[str],
    *,
    is_stream: bool,
) -> Iterator[Outgoing]:
    when = [When(each.placed.instant, each.placed.offset, each.placed.quality) for each in readings]
    series, rejects = to_series([each.reading for each in readings], source, when=when)
    for reject in rejects:
        counts[reject.reason] += reject.count
    for one in series:
        yield from rows_of(one, card, anchor, is_stream=is_stream)


def rows_of(
    series: Series, card: str, anchor: int | None = None, *, is_stream: bool = False
) -> Iterator[Outgoing]:
    """One row for each instant of a series."""
    rank = URGENT if series.code in MAY_ALARM else STREAM if is_stream else SINGLE
    names = list(series.channels)
    columns = zip(*(series.channels[name].tolist() for name in names), strict=True)
    durations = [None] * len(series) if series.duration is None else series.duration.tolist()
    source = series.source
    for start, duration, offset, quality, values in zip(
        series.start.tolist(),
        durations,
        series.offset.tolist(),
        series.quality.tolist(),
        columns,
        strict=True,
    ):
        known = {name: value for name, value in zip(names, values, strict=True) if np.isfinite(value)}
        yield Outgoing(
            card,
            rank,
            series.code,
            source.label,
            source.method,
            start,
            duration,
            offset,
            quality,
            msgspec.json.encode(known),
            anchor=anchor,
            phd=source.phd,
        )


def _document(card: str, body: bytes, now: int) -> Outgoing:
    """The record of a device's clock; it goes as it is."""
    return Outgoing(card, SINGLE, "", "", "", now, None, 0, 0, b"{}", body)
