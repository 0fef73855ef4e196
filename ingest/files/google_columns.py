"""Google Health points of one type to Series: attribute columns, joined and parsed at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt

from ingest.files.clock_text import (
    DAY,
    SECOND,
    Mask,
    civil_days,
    instants,
    offset_seconds,
    to_utc,
    zone_offsets,
)
from ingest.files.columns import Rows, tidy
from ingest.files.google_bodies import Sleep, Wire
from ingest.files.google_points import Kind, Output
from ingest.series import MANUAL, ZONE_ASSUMED, Flags, Micros, Reject, Seconds, Series, Source, Values

LONGEST = 31 * DAY
"""No interval of an activity is longer; a longer one is a wrong end time."""

_METHODS = {
    "MANUAL": "manual",
    "PASSIVELY_MEASURED": "passive",
    "ACTIVELY_MEASURED": "active",
    "DERIVED": "derived",
}
_STAGES = {"AWAKE": 1.0, "LIGHT": 2.0, "DEEP": 3.0, "REM": 4.0, "ASLEEP": 5.0, "RESTLESS": 6.0}
_ASLEEP = (2.0, 3.0, 4.0, 5.0)


class _Device(Wire):
    display_name: str = ""
    manufacturer: str = ""
    form_factor: str = ""


class _Application(Wire):
    package_name: str = ""
    web_client_id: str = ""
    google_web_client_id: str = ""


class _DataSource(Wire):
    recording_method: str = ""
    device: _Device = msgspec.field(default_factory=_Device)
    application: _Application = msgspec.field(default_factory=_Application)
    platform: str = ""


_SOURCE = msgspec.json.Decoder(_DataSource)
RECONCILED = Source("google-health|reconciled||unknown", "Google Health", "google-health", "reconciled")
"""Points of ``:reconcile`` name no source: they are the merged view."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of one type: bodies and raw data sources side by side, and where each stands in the file."""

    kind: Kind
    bodies: Sequence[Any]
    sources: Sequence[msgspec.Raw]
    places: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.bodies)

    def field(self, row: int, path: str = "") -> str:
        """Where a value stands, as its sender would write it."""
        return ".".join(part for part in (self.places(row), self.kind.member, path) if part)


def camel(path: str) -> str:
    """A dotted Python path as the wire spells it.

    >>> camel("sample_time.physical_time")
    'sampleTime.physicalTime'
    """
    return re.sub(r"_(\w)", lambda found: found[1].upper(), path)


def source_of(raw: bytes) -> Source | None:
    """The Source that a ``dataSource`` describes; None when it is no such object."""
    if not raw:
        return RECONCILED
    try:
        found = _SOURCE.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    maker = " ".join(part for part in (found.device.manufacturer, found.device.form_factor) if part)
    device = tidy(found.device.display_name or maker)
    app = found.application
    package = tidy(app.package_name or app.google_web_client_id or app.web_client_id)
    method = _METHODS.get(found.recording_method, "unknown")
    platform = tidy(found.platform)
    key = f"{platform}|{device}|{package}|{method}"
    return Source(key, device or package or platform, platform, device, method)


def _owners(points: Points) -> tuple[list[Source], Micros | None, Mask]:
    """The sources of the points, each row's index among them (None: one for all), and which rows have one."""
    raws, n = points.sources, len(points)
    first = bytes(raws[0])
    # JSON objects are prefix-free, so equal concatenations mean equal parts.
    if b"".join(raws) == first * n:
        only = source_of(first)
        return ([only] if only else []), None, np.full(n, only is not None)
    keys: dict[bytes, int] = {}
    index = np.fromiter((keys.setdefault(bytes(raw), len(keys)) for raw in raws), np.int64, n)
    sources: dict[Source, int] = {}
    table = np.full(len(keys), -1, np.int64)
    for raw, position in keys.items():
        source = source_of(raw)
        if source is not None:
            table[position] = sources.setdefault(source, len(sources))
    owner = table[index]
    return list(sources), owner, owner >= 0


def _offsets(texts: Sequence[str], start: Micros, zone: ZoneInfo) -> tuple[Seconds, Mask, Mask]:
    """Offsets of the points, which are readable, and which had to be taken from the zone."""
    n = len(texts)
    nothing = np.zeros(n, np.bool_)
    if texts[0] and texts.count(texts[0]) == n:
        only = offset_seconds(texts[0])
        return np.full(n, only or 0, np.int32), np.full(n, only is not None), nothing
    known: dict[str, int | None] = {text: offset_seconds(text) for text in set(texts) if text}
    absent = np.fromiter((not text for text in texts), np.bool_, n)
    good = np.fromiter((not text or known[text] is not None for text in texts), np.bool_, n)
    given = np.fromiter((known[text] or 0 if text else 0 for text in texts), np.int32, n)
    return np.where(absent, zone_offsets(start, zone), given).astype(np.int32), good, absent


def _qualities(sources: Sequence[Source], owner: Micros | None, assumed: Mask) -> Flags:
    bits = np.array([MANUAL if source.method == "manual" else 0 for source in sources] or [0], np.uint8)
    quality = np.full(len(assumed), bits[0]) if owner is None else bits[np.maximum(owner, 0)]
    return np.where(assumed, quality | ZONE_ASSUMED, quality).astype(np.uint8)


def _rejects(points: Points, bad: Mask, reason: str, path: str) -> list[Reject]:
    return [Reject(reason, points.field(row, path)) for row in np.flatnonzero(bad).tolist()]


def _column(rows: Sequence[Any], path: str) -> list[Any]:
    return list(map(attrgetter(path), rows))


def _instant_rows(points: Points, zone: ZoneInfo) -> tuple[Rows, Mask, list[Reject]]:
    """Start, duration, offset, quality and source of samples, intervals and sleeps."""
    sample = points.kind.shape == "sample"
    holder = "sample_time" if sample else "interval"
    names = ("physical_time", "utc_offset") if sample else ("start_time", "start_utc_offset")
    times = _column(points.bodies, holder)
    start, good = instants(_column(times, names[0]))
    rejects = _rejects(points, ~good, "bad-time", camel(f"{holder}.{names[0]}"))
    duration = None
    if not sample:
        end, ended = instants(_column(times, "end_time"))
        duration = end - start
        wrong = good & ~(ended & (duration >= 0) & (duration <= LONGEST))
        rejects += _rejects(points, wrong, "bad-time", "interval.endTime")
        good &= ~wrong
    offset, placed, assumed = _offsets(_column(times, names[1]), start, zone)
    rejects += _rejects(points, good & ~placed, "bad-time", camel(f"{holder}.{names[1]}"))
    good &= placed
    sources, owner, owned = _owners(points)
    lost = np.flatnonzero(good & ~owned).tolist()
    rejects += [Reject("bad-value", f"{points.places(row)}.dataSource") for row in lost]
    rows = Rows(start, offset, _qualities(sources, owner, assumed), sources, owner, duration)
    return rows, good & owned, rejects


def _day_rows(points: Points, zone: ZoneInfo) -> tuple[Rows, Mask, list[Reject]]:
    """Local midnight of the civil days; a date is a label, so no zone is assumed."""
    holders = _column(points.bodies, "date")
    n = len(points)
    year, month, day = (
        np.fromiter(map(attrgetter(name), holders), np.int64, n) for name in ("year", "month", "day")
    )
    days, good = civil_days(year, month, day)
    rejects = _rejects(points, ~good, "bad-time", "date")
    start, offset = to_utc(days * DAY, zone)
    sources, owner, owned = _owners(points)
    lost = np.flatnonzero(good & ~owned).tolist()
    rejects += [Reject("bad-value", f"{points.places(row)}.dataSource") for row in lost]
    quality = _qualities(sources, owner, np.zeros(n, np.bool_))
    return Rows(start, offset, quality, sources, owner), good & owned, rejects


def _values(points: Points, output: Output) -> Values:
    values = np.fromiter(map(attrgetter(output.path), points.bodies), np.float64, len(points))
    return values if output.per == 1.0 else values / output.per


def _told_apart(points: Points, rows: Rows) -> Rows:
    """Rows of one instant that are several things begin a part of a second apart; they end when they did."""
    if not points.kind.apart or rows.duration is None:
        return rows
    shift = np.fromiter(map(attrgetter(points.kind.apart), points.bodies), np.int64, len(points))
    return replace(rows, start=rows.start + shift, duration=np.maximum(rows.duration - shift, 0))


def points_to_series(points: Points, zone: ZoneInfo) -> tuple[list[Series], list[Reject]]:
    """All that points of one type deliver, and what of them does not."""
    if not len(points):
        return [], []
    if points.kind.shape == "sleep":
        return _sleeps(points, zone)
    rows, good, rejects = (_day_rows if points.kind.shape == "day" else _instant_rows)(points, zone)
    rows = _told_apart(points, rows)
    series: list[Series] = []
    some = np.zeros(len(points), np.bool_)
    for code in dict.fromkeys(output.code for output in points.kind.outputs):
        channels = {one.channel: _values(points, one) for one in points.kind.outputs if one.code == code}
        present = np.logical_or.reduce([np.isfinite(values) for values in channels.values()])
        some |= present
        series += rows.series(code, channels, good & present)
    first = points.kind.outputs[0]
    return series, rejects + _rejects(points, good & ~some, first.absent, camel(first.path))


def _pending(sleep: Sleep) -> bool:
    """Whether the stages are still computed: such a night comes again, with other numbers."""
    return sleep.metadata.processed is False


def _sleeps(points: Points, zone: ZoneInfo) -> tuple[list[Series], list[Reject]]:
    """Sessions with their minutes asleep, and each stage as an interval."""
    rows, good, rejects = _instant_rows(points, zone)
    n = len(points)
    pending = np.fromiter(map(_pending, points.bodies), np.bool_, n)
    rejects += _rejects(points, good & pending, "not-final", "metadata.processed")
    good &= ~pending
    stages, minutes, refused = _stages(points, rows, good, zone)
    told = np.fromiter(map(attrgetter("summary.minutes_asleep"), points.bodies), np.float64, n)
    asleep = np.where(np.isfinite(told), told, minutes)
    known = np.isfinite(asleep)
    sessions = rows.series("93832-4", {"value": asleep}, good & known)
    rejects += _rejects(points, good & ~known, "no-value", "summary.minutesAsleep")
    return [*sessions, *stages], rejects + refused


def _stages(
    points: Points, rows: Rows, good: Mask, zone: ZoneInfo
) -> tuple[list[Series], Values, list[Reject]]:
    """The stages of all good sessions, the minutes asleep they add up to, and the refused stages."""
    flat = [
        (row, place, stage)
        for row in np.flatnonzero(good).tolist()
        for place, stage in enumerate(points.bodies[row].stages)
    ]
    minutes = np.full(len(points), np.nan)
    if not flat:
        return [], minutes, []
    parents: npt.NDArray[np.int64] = np.array([row for row, _, _ in flat], np.int64)
    parts = [stage for _, _, stage in flat]
    start, begun = instants(_column(parts, "start_time"))
    end, ended = instants(_column(parts, "end_time"))
    offset, placed, assumed = _offsets(_column(parts, "start_utc_offset"), start, zone)
    code = np.array([_STAGES.get(stage.type, np.nan) for stage in parts])
    timed = begun & ended & placed & (end >= start) & (end - start <= LONGEST)
    fine = timed & np.isfinite(code)
    rejects: list[Reject] = []
    for index in np.flatnonzero(~fine).tolist():
        row, place, _ = flat[index]
        reason, leaf = ("unknown-code", "type") if timed[index] else ("bad-time", "startTime")
        rejects.append(Reject(reason, points.field(row, f"stages[{place}].{leaf}")))
    owner = None if rows.owner is None else rows.owner[parents]
    quality = (rows.quality[parents] & MANUAL) | np.where(assumed, ZONE_ASSUMED, 0).astype(np.uint8)
    nights = Rows(start, offset, quality.astype(np.uint8), rows.sources, owner, end - start)
    sleeping = fine & np.isin(code, _ASLEEP)
    minutes[parents[fine]] = 0.0
    np.add.at(minutes, parents[sleeping], (end - start)[sleeping] / (60 * SECOND))
    return nights.series("sleep-stage", {"value": code}, fine), minutes, rejects
