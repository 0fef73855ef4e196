"""Data points as JSON bytes.

The hot path builds no object per point: each point is three table look-ups (source, time of day, value) whose
dates are one-byte marks, and the marks of a whole day are replaced at once.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from synthetic_data.google_health.bodies import BODIES
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.people import DAY, Person
from synthetic_data.google_health.rows import Rows
from synthetic_data.google_wire import sleep as sleep_point
from synthetic_data.wire_time import civil, civil_date, iso_date, timestamp

_ORIGINS: Final = tuple(bytes([0x10 + n]) for n in range(8))
_UTC: Final = {shift: bytes([1 + shift]) for shift in range(3)}
_CIVIL: Final = {shift: bytes([5 + shift]) for shift in range(-1, 3)}
_MISNAMED: Final = "respiratory-rate-sleep-summary"
_NAME_BASE: Final = 8_800_000_000_000_000_000


class _Times(dict[int, bytes]):
    """The time of a point by its second of the UTC day, with marks for the dates."""

    def __init__(self, offset: int, end_offset: int, length: int, *, sample: bool) -> None:
        super().__init__()
        self._offsets, self._length, self._sample = (offset, end_offset), length, sample

    def __missing__(self, second: int) -> bytes:
        (offset, end_offset), end = self._offsets, second + self._length
        if self._sample:
            text = b'"sampleTime":{"physicalTime":"%s","utcOffset":"%ds","civilTime":%s}' % (
                _instant(second),
                offset,
                _wall(second + offset),
            )
        else:
            text = (
                b'"interval":{"startTime":"%s","startUtcOffset":"%ds","endTime":"%s","endUtcOffset":"%ds",'
                b'"civilStartTime":%s,"civilEndTime":%s}'
                % (
                    _instant(second),
                    offset,
                    _instant(end),
                    end_offset,
                    _wall(second + offset),
                    _wall(end + end_offset),
                )
            )
        self[second] = text
        return text


def _instant(second: int) -> bytes:
    shift, clock = divmod(second, DAY)
    return _UTC[shift] + timestamp(clock)[10:].encode()  # after the date


def _wall(second: int) -> bytes:
    shift, clock = divmod(second, DAY)
    time = civil(clock, 0).partition('"time":')[2]
    return b'{"date":' + _CIVIL[shift] + b',"time":' + time.encode()


@lru_cache(maxsize=64)
def _times(offset: int, end_offset: int, length: int, *, sample: bool) -> _Times:
    return _Times(offset, end_offset, length, sample=sample)


class _Values(dict[tuple[float, int], bytes]):
    """What stands after the time, by value and label."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._body = BODIES[kind]

    def __missing__(self, key: tuple[float, int]) -> bytes:
        body = self._body(*key)
        text = (f",{body}}}}}" if body else "}}").encode()
        if len(self) < 100_000:  # NaN never hits, and doubles are many
            self[key] = text
        return text


@lru_cache(maxsize=64)
def _values(kind: str) -> _Values:
    return _Values(kind)


def points(person: Person, kind: Kind, rows: Rows, *, merged: bool = False) -> bytes:
    """The points of the rows in their order, with commas between."""
    if len(rows) == 0:
        return b""
    if kind.record == "sleep":
        return ",".join(_sleeps(person, kind, rows, merged=merged)).encode()
    if kind.record in {"daily", "session"} or kind.named or kind.name == _MISNAMED:
        return ",".join(_single(person, kind, rows, merged=merged)).encode()
    return b",".join(_segments(person, kind, rows, merged=merged))


def _segments(person: Person, kind: Kind, rows: Rows, *, merged: bool) -> list[bytes]:
    """One piece of text for each stretch of rows with the same UTC day, offsets and length."""
    day, length = rows.start // DAY, rows.end - rows.start
    breaks = np.zeros(len(rows), dtype=bool)
    for column in (day, length, rows.offset, rows.end_offset):
        breaks[1:] |= column[1:] != column[:-1]
    firsts = [0, *np.flatnonzero(breaks).tolist(), len(rows)]
    openings = _openings(person, kind, merged=merged)
    pieces = []
    for first, last in pairwise(firsts):
        at = int(day[first])
        text = _stretch(kind, rows, slice(first, last), at)
        for shift, mark in _UTC.items():
            text = text.replace(mark, iso_date(at + shift).encode())
        for shift, mark in _CIVIL.items():
            text = text.replace(mark, civil_date(at + shift).encode())
        for mark, opening in openings:
            text = text.replace(mark, opening)
        pieces.append(text[1:])
    return pieces


def _stretch(kind: Kind, rows: Rows, part: slice, day: int) -> bytes:
    """Source, time and value of each row, still with marks."""
    offset, end_offset = int(rows.offset[part.start]), int(rows.end_offset[part.start])
    length = int(rows.end[part.start] - rows.start[part.start])
    times = _times(offset, end_offset, length, sample=kind.record == "sample")
    seconds = (rows.start[part] - day * DAY).tolist()
    pairs = zip(rows.value[part].tolist(), rows.label[part].tolist(), strict=True)
    texts: list[bytes] = [b""] * (3 * len(seconds))
    texts[0::3] = map(_ORIGINS.__getitem__, rows.source[part].tolist())
    texts[1::3] = map(times.__getitem__, seconds)
    texts[2::3] = map(_values(kind.name).__getitem__, pairs)
    return b"".join(texts)


def _openings(person: Person, kind: Kind, *, merged: bool) -> list[tuple[bytes, bytes]]:
    """What a source mark stands for: a comma and the beginning of a point; the first comma is cut off."""
    return [
        (mark, (f',{{"{kind.member}":{{' if merged else f',{{{origin},"{kind.member}":{{').encode())
        for mark, origin in zip(_ORIGINS, person.origins, strict=False)
    ]


def point_id(start: int) -> int:
    """The number of a named point, from its instant."""
    return _NAME_BASE + start


def start_of(identifier: str) -> int | None:
    """The instant that a point's number stands for."""
    if not (identifier.isascii() and identifier.isdigit() and len(identifier) == 19):
        return None
    return int(identifier) - _NAME_BASE


def _name(person: Person, kind: Kind, start: int) -> str:
    return f"users/{person.health_user_id}/dataTypes/{kind.name}/dataPoints/{point_id(start)}"


def _envelope(person: Person, kind: Kind, start: int, source: int, *, merged: bool) -> str:
    """The members before the payload."""
    name = _name(person, kind, start) if kind.named else ""
    if merged:
        return f'"dataPointName":"{name}",' if name else ""
    if kind.name == _MISNAMED and start % 300 == 0:
        name = "users/x/dataPoints/"  # seen once on the real service: a name that names nothing
    return (f'"name":"{name}",' if name else "") + f"{person.origins[source]},"


def _single(person: Person, kind: Kind, rows: Rows, *, merged: bool) -> list[str]:
    """Points of types with few points, one by one."""
    body = BODIES[kind.name]
    columns = (
        rows.start,
        rows.end,
        rows.offset,
        rows.end_offset,
        rows.value,
        rows.label,
        rows.source,
        rows.micro,
    )
    found = []
    for start, end, offset, end_offset, value, label, source, micro in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        if kind.record == "daily":
            time = f'"date":{civil_date(start // DAY)}'
        elif kind.record == "sample":
            time = _sample(start, offset, micro)
        else:
            time = (
                f'"interval":{{"startTime":"{timestamp(start)}","startUtcOffset":"{offset}s",'
                f'"endTime":"{timestamp(end)}","endUtcOffset":"{end_offset}s"}}'
            )
        opening = _envelope(person, kind, start, source, merged=merged)
        found.append(f'{{{opening}"{kind.member}":{{{time},{body(value, label)}}}}}')
    return found


def _sample(start: int, offset: int, micro: int) -> str:
    """ObservationSampleTime, with a fraction of a second where there is one."""
    physical, wall = timestamp(start), civil(start, offset)
    if micro:
        physical = f"{physical[:-1]}.{micro:06d}Z"
        comma = "" if wall.endswith("{}}") else ","
        wall = f'{wall[:-2]}{comma}"nanos":{micro * 1000}}}}}'
    return f'"sampleTime":{{"physicalTime":"{physical}","utcOffset":"{offset}s","civilTime":{wall}}}'


def _sleeps(person: Person, kind: Kind, rows: Rows, *, merged: bool) -> list[str]:
    """Sleep sessions; the reconciled view repeats each entry of the summary of stages, as seen live."""
    found = []
    newest = int(rows.details[-1].start) * 60 if rows.details else -1
    traits = person.world.traits
    for start, label, source in zip(
        rows.start.tolist(), rows.label.tolist(), rows.source.tolist(), strict=True
    ):
        waiting = "sleep-not-processed" in traits and start == newest
        text = sleep_point(
            _name(person, kind, start),
            person.origins[source],
            rows.details[label],
            person.zones.of,
            processed=not waiting,
        )
        if merged:
            text = text.replace('{"name":', '{"dataPointName":', 1).replace(
                f"{person.origins[source]},", "", 1
            )
            head, mark, tail = text.partition('"stagesSummary":[')
            listed, close, rest = tail.partition("]")
            text = f"{head}{mark}{listed},{listed}{close}{rest}" if mark else text
        if "unknown-enums" in traits:
            text = text.replace('"type":"DEEP"', '"type":"DEEPER"', 1)
        found.append(text)
    return found
