"""From values as they came to readings in order: quirks undone, halves joined, garbage counted. No radio, no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median
from typing import Final

from ingest.ble import records
from ingest.ble.box import Box, Decode
from ingest.ble.decode import body_composition, glucose
from ingest.ble.devices import Family
from ingest.ble.gathered import Arrival, Collected, Received
from ingest.ble.reading import Measured, Reading
from ingest.ble.sensor import SENSOR, Sensor
from ingest.errors import BadPayload, IngestError
from ingest.series import Reject

STREAMED: Final = frozenset({"2A37", "2A5F"})
"""Live values without a time or a number: each arrival is a value of its own."""
TOGETHER: Final = 5_000_000
"""Microseconds: parts of one weighing come within five seconds."""
LIVE_WITHIN: Final = 120_000_000


def straightened(payload: bytes, characteristic: str, family: Family) -> bytes:
    """The value as the profile wants it, for families that write a blood pressure in a way of their own."""
    if characteristic != "2A35" or not (family.big_endian_tail or family.user_always) or len(payload) < 7:
        return payload
    flags, place = payload[0], 7 + (7 if payload[0] & 0x02 else 0)
    head, tail = payload[:place], payload[place:]
    pulse, tail = (tail[:2], tail[2:]) if flags & 0x04 else (b"", tail)
    has_user = bool(flags & 0x08) or family.user_always
    user, tail = (tail[:1], tail[1:]) if has_user else (b"", tail)
    status, tail = (tail[:2], tail[2:]) if flags & 0x10 else (b"", tail)
    if family.big_endian_tail:
        pulse, status = pulse[::-1], status[::-1]
    flags |= 0x08 if has_user else 0
    return bytes((flags,)) + head[1:] + pulse + user + status + tail


def decoded(
    received: Sequence[Received], family: Family, decode: Decode, sensor: Sensor
) -> tuple[list[Arrival], Counter[tuple[str, str]]]:
    """The readings in the order of their arrival, and what became none."""
    arrivals: list[Arrival] = []
    bad: Counter[tuple[str, str]] = Counter()
    for value in received:
        try:
            if value.characteristic == SENSOR:
                readings = sensor.records(value.payload)
                # While the start of its session is not known, only what is measured now has a time.
                live = sensor.start is None and not value.is_stored
                arrivals += [Arrival(each, value.at, live) for each in readings]
                continue
            straight = straightened(value.payload, value.characteristic, family)
            reading = decode(value.characteristic, straight)
        except BadPayload as error:
            bad["bad-payload", f"{value.characteristic}.{error.field}"] += 1
            continue
        if straight is not value.payload:
            reading = replace(reading, raw=value.payload)
        arrivals.append(Arrival(reading, value.at, value.characteristic in STREAMED))
    return arrivals, bad


def _halves(arrivals: list[Arrival], bad: Counter[tuple[str, str]]) -> list[Arrival]:
    """Two packets of one weighing become one reading; a half without its other half is none."""
    whole: list[Arrival] = []
    held: Arrival | None = None
    for arrival in arrivals:
        if arrival.reading.unusable != body_composition.HALF:
            whole.append(arrival)
            continue
        if held is None or arrival.at - held.at > TOGETHER:
            bad["half-packet", "2A9C"] += held is not None
            held = arrival
            continue
        if arrival.reading.raw == held.reading.raw:  # sent twice
            continue
        try:
            whole.append(Arrival(body_composition.merge(held.reading, arrival.reading), held.at))
        except BadPayload:
            bad["half-packet", "2A9C"] += 2
        held = None
    bad["half-packet", "2A9C"] += held is not None
    return whole


def _weighings(arrivals: list[Arrival]) -> list[Arrival]:
    """A composition takes user and time from the weight it belongs to, and does not say the weight again."""
    found: list[Arrival] = []
    weights = [each for each in arrivals if each.reading.characteristic == "2A9D"]
    for arrival in arrivals:
        if arrival.reading.characteristic == "2A9C":
            mate = next((each for each in reversed(weights) if _belongs(arrival, each)), None)
            arrival = arrival if mate is None else _joined(arrival, mate.reading)  # noqa: PLW2901 - the same arrival
        found.append(arrival)
    return found


def _belongs(composition: Arrival, weight: Arrival) -> bool:
    if abs(composition.at - weight.at) > TOGETHER:
        return False
    one, two = composition.reading, weight.reading
    same_user = one.user is None or two.user is None or one.user == two.user
    return same_user and (one.at is None or one.at == two.at)


def _joined(arrival: Arrival, weight: Reading) -> Arrival:
    reading = arrival.reading
    said = {each.code for each in weight.measured}
    joined = replace(
        reading,
        at=reading.at or weight.at,
        user=weight.user if reading.user is None else reading.user,
        measured=tuple(each for each in reading.measured if each.code not in said),
    )
    return replace(arrival, reading=joined)


def _contexts(arrivals: list[Arrival], bad: Counter[tuple[str, str]]) -> list[Arrival]:
    """Glucose with what was said about it (meal, medication), by record number."""
    numbered = [each for each in arrivals if each.reading.characteristic in ("2A18", "2A34")]
    if not numbered:
        return arrivals
    others = [each for each in arrivals if each.reading.characteristic not in ("2A18", "2A34")]
    # A context that overtook its measurement goes back behind it; the sort keeps everything else in order.
    ordered = sorted(numbered, key=lambda each: (each.reading.sequence or 0, each.reading.characteristic))
    first_at = {(each.reading.sequence, each.reading.raw): each.at for each in reversed(ordered)}
    for reading in glucose.with_contexts([each.reading for each in ordered]):
        if reading.characteristic == "2A34":
            bad["context-without-measurement", "2A34"] += 1
        else:
            others.append(Arrival(reading, first_at[reading.sequence, reading.raw]))
    return others


def _summary(arrivals: list[Arrival], bad: Counter[tuple[str, str]]) -> list[Arrival]:
    """A finger in an oximeter for a minute is one measurement: the median of what it sent, not a row a second."""
    second_by_second = [each for each in arrivals if each.reading.characteristic == "2A5F"]
    usable = [each for each in second_by_second if each.reading.measured and not each.reading.unusable]
    if len(usable) < 2:
        return arrivals
    values: dict[str, dict[str, list[Decimal]]] = {}
    for each in usable:
        for measured in each.reading.measured:
            for channel, value in measured.values.items():
                values.setdefault(measured.code, {}).setdefault(channel, []).append(value)
    last = usable[-1]
    quality = 0
    for each in usable:
        for measured in each.reading.measured:
            quality |= measured.quality
    one = replace(
        last.reading,
        measured=tuple(
            Measured(code, {name: median(column) for name, column in channels.items()}, quality=quality)
            for code, channels in values.items()
        ),
        flags={**last.reading.flags, "summary_of": len(usable)},
    )
    rest = [each for each in arrivals if each.reading.characteristic != "2A5F"]
    for each in second_by_second:
        if each.reading.unusable:
            bad[each.reading.unusable, "2A5F"] += 1
    return [*rest, Arrival(one, last.at, is_live=True)]


def in_order(arrivals: list[Arrival]) -> list[Arrival]:
    """By record number within a characteristic, else by the device's time; what has neither stays where it was."""

    def place(numbered: tuple[int, Arrival]) -> tuple[str, int, str, int]:
        number, arrival = numbered
        reading = arrival.reading
        if reading.sequence is not None:
            return (reading.characteristic, reading.sequence, "", number)
        at = "" if reading.at is None else reading.at.isoformat()
        return (reading.characteristic, 0, at, number)

    return [arrival for _number, arrival in sorted(enumerate(arrivals), key=place)]


def interpreted(
    received: Sequence[Received], family: Family, decode: Decode, sensor: Sensor
) -> tuple[tuple[Arrival, ...], tuple[Reject, ...]]:
    """Readings in order, and everything that became none, counted by reason and place."""
    arrivals, bad = decoded(received, family, decode, sensor)
    arrivals = _contexts(_weighings(_halves(arrivals, bad)), bad)
    arrivals = _summary(arrivals, bad)
    usable: list[Arrival] = []
    for arrival in in_order(arrivals):
        if arrival.reading.unusable:
            bad[arrival.reading.unusable, arrival.reading.characteristic] += 1
        elif arrival.reading.measured:
            usable.append(arrival)
    return tuple(usable), tuple(Reject(reason, place, n) for (reason, place), n in sorted(bad.items()) if n)


def added_up(rejects: Iterable[Reject]) -> tuple[Reject, ...]:
    """One Reject for each reason and place."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in rejects:
        counts[each.reason, each.field] += each.count
    return tuple(Reject(reason, place, count) for (reason, place), count in sorted(counts.items()))


def _highest(box: Box) -> int | None:
    """The highest record number below which nothing is missing."""
    numbers: set[int] = set()
    for service in records.NUMBERED:
        numbers |= records.good_numbers(box, service)
    if not numbers:
        return None
    if box.is_complete:
        return max(numbers)
    stored = box.plan.bookmark.sequence
    if stored is None or box.restarted:
        return None
    while stored + 1 in numbers:
        stored += 1
    return stored


def portion(box: Box, error: IngestError | None = None) -> Collected:
    """What has come since the last portion; the box is emptied."""
    sequence = _highest(box)
    arrivals, rejects = interpreted(box.received, box.plan.family, box.decode, Sensor.known(box.features))
    collected = Collected(
        facts=replace(box.facts),
        arrivals=arrivals,
        rejects=(*box.rejects, *rejects),
        check=box.check,
        ended=box.ended,
        sequence=sequence,
        expected=box.expected,
        error=error,
    )
    box.received.clear()
    box.rejects.clear()
    return collected
