"""Rows of one data type from all of a person's devices, with the planted faults, in the order of the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from synthetic_data.errors import BadOptionError
from synthetic_data.life import DAY, Ints, Life
from synthetic_data.people import Resident
from synthetic_data.tally import Tally

HEART_SECONDS: Final = {"low": 600, "normal": 180, "high": 5}
"""Seconds between heart-rate points, by density."""
YEAR: Final = 365 * 86_400
WATCH, SECOND_WATCH, PHONE, TYPED = 0, 1, 2, 3


def heart_seconds(density: str) -> int:
    """The interval of a density; an unknown one is refused."""
    if density not in HEART_SECONDS:
        raise BadOptionError(f"--density must be one of {', '.join(HEART_SECONDS)}")
    return HEART_SECONDS[density]


@dataclass(frozen=True, slots=True)
class Track:
    """Columns: start second (UTC), length in seconds (0 for samples), offset in seconds, value, device."""

    start: Ints
    length: Ints
    offset: Ints
    value: Ints
    device: Ints

    def __len__(self) -> int:
        return len(self.start)

    def newest_first(self) -> Track:
        """Descending by start, as the list method answers."""
        return self.take(np.lexsort((self.device, -self.start)))

    def take(self, rows: Ints) -> Track:
        """The given rows."""
        return Track(
            self.start[rows], self.length[rows], self.offset[rows], self.value[rows], self.device[rows]
        )


def join(tracks: list[Track]) -> Track:
    """All rows of several tracks."""
    return Track(*(np.concatenate([getattr(t, name) for t in tracks]) for name in Track.__slots__))


def heart(resident: Resident, life: Life, density: str, until: int, own: np.random.Generator) -> Track:
    """Heart-rate samples of the watch, and of a second one for two days where that is the fault."""
    step = heart_seconds(density)
    seconds = np.arange(life.start * 60, (life.start + len(life.steps)) * 60, step, dtype=np.int64)
    seconds += own.integers(0, max(1, step // 3), len(seconds))
    minute = seconds // 60 - life.start
    kept = life.worn[minute] & (seconds < until)
    seconds, minute = seconds[kept], minute[kept]
    beats = np.rint(life.heart[minute] + own.normal(0, 1.4, len(seconds))).astype(np.int64)
    zero = np.zeros(len(seconds), dtype=np.int64)
    first = Track(seconds, zero, life.offset[minute] * 60, beats, zero)
    if resident.fault != "two-devices-one-wrist":
        return first
    second = first.take(np.flatnonzero(_middle_days(life, minute)))
    wobble = own.integers(-2, 3, len(second))
    late = Track(
        second.start + 2, second.length, second.offset, second.value + wobble, second.device + SECOND_WATCH
    )
    return join([first, late])


def steps(resident: Resident, life: Life, owned: list[str], until: int, own: np.random.Generator) -> Track:
    """Steps per minute of the watch and per ten minutes of the phone: overlapping, never to be added up."""
    tracks = []
    if "google-watch" in owned:
        minute = np.flatnonzero((life.steps > 0) & life.worn)
        tracks.append(_minutes(life, minute, life.steps[minute], WATCH, 60))
        if resident.fault == "two-devices-one-wrist":
            again = minute[_middle_days(life, minute)]
            count = np.maximum(1, np.rint(life.steps[again] * own.uniform(0.85, 1.05, len(again)))).astype(
                np.int64
            )
            tracks.append(_minutes(life, again, count, SECOND_WATCH, 60))
        if resident.fault == "steps-typed-by-hand":
            noon = np.arange(max(1, life.days - 4), life.days, dtype=np.int64) * DAY + 720
            tracks.append(_minutes(life, noon, np.full(len(noon), 15_000), TYPED, 3600))
    if "phone" in owned:
        carried = np.repeat(
            own.random(len(life.steps) // 30) < (0.6 if "google-watch" in owned else 0.85), 30
        )
        blocks = np.rint((life.steps * carried).reshape(-1, 10).sum(axis=1) * 0.95).astype(np.int64)
        block = np.flatnonzero(blocks)
        tracks.append(_minutes(life, block * 10, blocks[block], PHONE, 600))
    found = join(tracks)
    return found.take(np.flatnonzero(found.start + found.length <= until))


def _minutes(life: Life, minute: Ints, value: Ints, device: int, length: int) -> Track:
    same = np.ones(len(minute), dtype=np.int64)
    return Track((life.start + minute) * 60, same * length, life.offset[minute] * 60, value, same * device)


def _middle_days(life: Life, minute: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Two days in the middle, where faults with a window are planted."""
    first = (life.days // 2) * DAY
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (minute >= first) & (minute < first + 2 * DAY)
    return found


def spoil(
    track: Track, resident: Resident, life: Life, code: str, tally: Tally, own: np.random.Generator
) -> Track:
    """Plants a wrong clock or repeated points, and counts what was touched."""
    fault = resident.fault or ""
    if fault.startswith("clock-a-year"):
        wrong = _middle_days(life, track.start // 60 - life.start) & (track.device == WATCH)
        shift = np.where(wrong, YEAR if fault.endswith("ahead") else -YEAR, 0)
        tally.plant(fault, code, int(wrong.sum()))
        track = Track(track.start + shift, track.length, track.offset, track.value, track.device)
    if fault == "two-devices-one-wrist":
        tally.plant(fault, code, int((track.device == SECOND_WATCH).sum()))
    if fault == "steps-typed-by-hand":
        tally.plant(fault, code, int((track.device == TYPED).sum()))
    if fault == "travel":
        tally.plant(fault, code, int((track.offset != 9 * 3600).sum()))
    if fault == "repeated-points" and len(track):
        again = own.choice(len(track), size=min(60, len(track)), replace=False)
        tally.plant(fault, code, len(again))
        track = join([track, track.take(again)])
    return track.newest_first()
