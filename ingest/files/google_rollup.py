"""Google Health roll-ups: merged totals of civil days and of windows, as days and intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.files.clock_text import DAY, SECOND, civil_days, instants, to_utc, zone_offsets
from ingest.files.columns import Rows
from ingest.files.google_bodies import NAN, CivilTime, Wire
from ingest.files.google_points import KINDS, NOT_CARRIED
from ingest.series import ZONE_ASSUMED, Reject, Series, Source

WINDOW_MEMBERS: Final = frozenset({"civilStartTime", "civilEndTime", "startTime", "endTime"})


class _Window(Wire):
    civil_start_time: CivilTime | None = None
    civil_end_time: CivilTime | None = None
    start_time: str = ""
    end_time: str = ""


class _Sums(Wire):
    """The sums of all carried types; a sum that is absent means no data, a present 0 means none."""

    count_sum: float = NAN
    millimeters_sum: float = NAN
    kcal_sum: float = NAN
    sum_in_fat_burn_heart_zone: float = NAN
    sum_in_cardio_heart_zone: float = NAN
    sum_in_peak_heart_zone: float = NAN

    @property
    def kilo(self) -> float:
        """Metres."""
        return self.millimeters_sum / 1000.0

    @property
    def zones(self) -> float:
        """Active zone minutes; the points are weighted already, so the zones are simply added."""
        parts = (self.sum_in_fat_burn_heart_zone, self.sum_in_cardio_heart_zone, self.sum_in_peak_heart_zone)
        told = [part for part in parts if np.isfinite(part)]
        return sum(told) if told else NAN


# member -> the sum, the code of a civil day (or none), the code of a window (or none)
_ROLLUPS: Final = {
    "steps": ("count_sum", "41950-7", "55423-8"),
    "totalCalories": ("kcal_sum", "41979-6", ""),
    "distance": ("kilo", "", "55430-3"),
    "floors": ("count_sum", "", "floors"),
    "activeEnergyBurned": ("kcal_sum", "", "55424-6"),
    "activeZoneMinutes": ("zones", "", "azm"),
}
_DECODE_WINDOW: Final = msgspec.json.Decoder(_Window)
_DECODE_SUMS: Final = msgspec.json.Decoder(_Sums, strict=False)
_DECODE_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class _Sum:
    """One total: its code, its window, and whether the window is a civil day."""

    code: str
    start: int
    duration: int
    offset: int
    quality: int
    value: float

    @property
    def source(self) -> Source:
        """Roll-ups of other windows repeat the same minutes, so each width is a source of its own."""
        width = "day" if self.duration < 0 else f"{self.duration // SECOND}s"
        return Source(
            f"google-health|rollup-{width}||derived", "Google Health", "google-health", "", "derived"
        )


def _midnight(moment: CivilTime) -> tuple[int, bool]:
    """The civil day that begins at this moment."""
    date, time = moment.date, moment.time
    parts = (np.array([part], np.int64) for part in (date.year, date.month, date.day))
    day, ok = civil_days(*parts)
    return int(day[0]), bool(ok[0]) and not (time.hours or time.minutes or time.seconds)


def _span(window: _Window, zone: ZoneInfo) -> tuple[int, int, int, int, bool] | None:
    """Start, duration, offset, quality and whether it is one civil day; None for an unusable window."""
    if window.civil_start_time is not None and window.civil_end_time is not None:
        first, begins = _midnight(window.civil_start_time)
        last, ends = _midnight(window.civil_end_time)
        if not (begins and ends and first < last):
            return None
        edges, offsets = to_utc(np.array([first, last], np.int64) * DAY, zone)
        return int(edges[0]), int(edges[1] - edges[0]), int(offsets[0]), 0, last == first + 1
    edges, ok = instants([window.start_time, window.end_time])
    if not ok.all() or edges[1] <= edges[0]:
        return None
    offset = int(zone_offsets(edges, zone)[0])
    return int(edges[0]), int(edges[1] - edges[0]), offset, ZONE_ASSUMED, False


def _totals(raw: msgspec.Raw, place: str, zone: ZoneInfo) -> tuple[list[_Sum], list[Reject]]:
    """The totals of one roll-up point."""
    try:
        members = _DECODE_MEMBERS.decode(raw)
        window = _DECODE_WINDOW.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [], [Reject("bad-value", place)]
    span = _span(window, zone)
    if span is None:
        return [], [Reject("bad-time", place)]
    start, duration, offset, quality, is_day = span
    sums: list[_Sum] = []
    rejects: list[Reject] = []
    for member in members.keys() - WINDOW_MEMBERS:
        known = _ROLLUPS.get(member)
        if known is None:
            reason = "unsupported-type" if member in KINDS or member in NOT_CARRIED else "unknown-type"
            rejects.append(Reject(reason, place))
            continue
        path, day_code, window_code = known
        try:
            value = float(getattr(_DECODE_SUMS.decode(members[member]), path))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            rejects.append(Reject("bad-value", f"{place}.{member}"))
            continue
        if not np.isfinite(value):
            rejects.append(Reject("no-value", f"{place}.{member}"))
        elif is_day and day_code:
            sums.append(_Sum(day_code, start, -1, offset, 0, value))
        elif window_code:
            sums.append(_Sum(window_code, start, duration, offset, quality, value))
        else:
            rejects.append(Reject("unsupported-window", f"{place}.{member}"))
    return sums, rejects


def rollups_to_series(
    raws: Sequence[msgspec.Raw], zone: ZoneInfo, places: Callable[[int], str]
) -> tuple[list[Series], list[Reject]]:
    """All totals of a page of roll-ups, and what of it was refused."""
    groups: dict[tuple[str, Source], list[_Sum]] = {}
    rejects: list[Reject] = []
    for index, raw in enumerate(raws):
        sums, refused = _totals(raw, places(index), zone)
        rejects += refused
        for each in sums:
            groups.setdefault((each.code, each.source), []).append(each)
    series: list[Series] = []
    for (code, source), totals in groups.items():
        durations = np.array([one.duration for one in totals], np.int64)
        rows = Rows(
            start=np.array([one.start for one in totals], np.int64),
            offset=np.array([one.offset for one in totals], np.int32),
            quality=np.array([one.quality for one in totals], np.uint8),
            sources=[source],
            duration=None if durations[0] < 0 else durations,
        )
        values = np.array([one.value for one in totals])
        series += rows.series(code, {"value": values}, np.ones(len(totals), np.bool_))
    return series, rejects
