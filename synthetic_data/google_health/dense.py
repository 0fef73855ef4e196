"""Points of the types that are measured all day, one UTC day at a time, straight from the minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from synthetic_data.google_health.dice import Ints, Mask, rolls
from synthetic_data.google_health.minutes import Minutes, minutes
from synthetic_data.google_health.people import DAY, DERIVED, PHONE, WATCH, Person
from synthetic_data.google_health.rows import Rows, build, join

STRIDE_MM: Final = 720
FLOOR_MM: Final = 3_048
SITTING: Final = 20
"""A sedentary period has at least so many minutes without a step."""

Maker = Callable[[Person, int, Minutes, bool], Rows]


def day_rows(person: Person, kind: str, day: int, *, merged: bool) -> Rows:
    """The points of one UTC day, newest first, inside the window; ``merged`` is the reconciled view."""
    made = DENSE[kind](person, day, minutes(person, day), merged)
    world = person.world
    return made.take(
        (made.start >= world.first) & (made.start < world.end) & (made.end <= world.end)
    ).newest_first()


def _at(person: Person, now: Minutes, chosen: Mask, value: npt.NDArray[Any], **rest: Any) -> Rows:
    """One-minute intervals of the chosen minutes."""
    start = now.start[chosen]
    return build(start, start + 60, now.offset[chosen], person.zones.at(start + 60), value[chosen], **rest)


def _heart(person: Person, day: int, now: Minutes, _merged: bool) -> Rows:
    second = np.arange(day * DAY, (day + 1) * DAY, person.world.heart_seconds, dtype=np.int64)
    minute = (second - day * DAY) // 60
    noise = rolls(person.key("beat"), second) * 6 - 3
    beats = np.clip(np.rint(now.pulse[minute] + noise), 38, 205)
    kept = now.worn[minute]
    second = second[kept]
    offset = now.offset[minute[kept]]
    return build(second, second, offset, offset, beats[kept], source=WATCH)


def _counted(person: Person, now: Minutes, merged: bool, factor: int) -> Rows:
    """The watch counts while worn, the phone while carried: raw points overlap, the merged view takes one."""
    walked = now.steps > 0
    by_phone = (now.steps * 0.76).astype(np.int64) * (walked & now.carried)
    missed = ~now.worn & now.carried
    by_phone[missed] = now.steps[missed]
    seen = (by_phone > 0) & (missed if merged else now.carried)
    parts = [
        _at(person, now, walked & now.worn, now.steps * factor, source=WATCH),
        _at(person, now, seen, by_phone * factor, source=PHONE),
    ]
    return join(parts)


def _steps(person: Person, _day: int, now: Minutes, merged: bool) -> Rows:
    return _counted(person, now, merged, 1)


def _distance(person: Person, _day: int, now: Minutes, merged: bool) -> Rows:
    return _counted(person, now, merged, STRIDE_MM)


def _climbed(person: Person, now: Minutes) -> Mask:
    found: Mask = (now.steps > 60) & now.worn & (rolls(person.key("stairs"), now.start // 60) < 0.06)
    return found


def _floors(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    return _at(person, now, _climbed(person, now), np.ones(len(now.start)), source=WATCH)


def _altitude(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    return _at(person, now, _climbed(person, now), np.full(len(now.start), FLOOR_MM), source=WATCH)


def _zone_minutes(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    """A minute of fat burn counts one, of cardio or peak two."""
    chosen = now.worn & (now.effort >= 2)
    weight = np.where(now.effort > 2, 2, 1)
    return _at(person, now, chosen, weight, label=now.effort[chosen] - 2, source=WATCH)


def _active_minutes(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    chosen = now.worn & (now.effort >= 1)
    level = np.minimum(now.effort[chosen], 3) - 1
    return _at(person, now, chosen, np.ones(len(now.start)), label=level, source=DERIVED)


def _active_energy(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    chosen = now.worn & (now.effort >= 1)
    return _at(person, now, chosen, _burned(person, now), source=DERIVED)


def _burned(person: Person, now: Minutes) -> npt.NDArray[np.float64]:
    burned: npt.NDArray[np.float64] = np.round(now.steps * person.weight * 0.0007, 4)
    return burned


def _basal(person: Person) -> float:
    return round(person.weight * 0.0155, 4)


def _total_energy(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    """Every minute burns, worn or not."""
    everywhere = np.ones(len(now.start), dtype=bool)
    return _at(person, now, everywhere, _basal(person) + _burned(person, now), source=DERIVED)


def _zone(now: Minutes) -> Ints:
    return np.maximum(now.effort - 1, 0)


def _zone_energy(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    spent = _basal(person) + _burned(person, now)
    return _at(person, now, now.worn, spent, label=_zone(now)[now.worn], source=DERIVED)


def _zone_time(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    sixty = np.full(len(now.start), 60)
    return _at(person, now, now.worn, sixty, label=_zone(now)[now.worn], source=DERIVED)


def _runs(person: Person, now: Minutes, state: Ints) -> Rows:
    """One interval for each run of equal states; a negative state is no run."""
    edges = np.flatnonzero(np.diff(state)) + 1
    first = np.concatenate([[0], edges])
    last = np.concatenate([edges, [len(state)]])
    kept = state[first] >= 0
    start, end = now.start[first[kept]], now.start[last[kept] - 1] + 60
    return build(
        start,
        end,
        person.zones.at(start),
        person.zones.at(end),
        end - start,
        label=state[first[kept]],
        source=DERIVED,
    )


def _levels(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    return _runs(person, now, np.where(now.worn & ~now.asleep, np.minimum(now.effort, 3), -1))


def _sitting(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    found = _runs(person, now, np.where(now.worn & ~now.asleep & (now.steps == 0), 0, -1))
    return found.take(found.value >= SITTING * 60)


def _nightly(now: Minutes, value: npt.NDArray[np.float64]) -> Rows:
    """A sample every five minutes of sleep."""
    chosen = now.asleep & now.worn & (now.start % 300 == 0)
    start, offset = now.start[chosen], now.offset[chosen]
    return build(start, start, offset, offset, value[chosen], source=WATCH)


def _oxygen(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    return _nightly(now, np.round(94 + rolls(person.key("spo2"), now.start) * 4.5, 1))


def _variability(person: Person, _day: int, now: Minutes, _merged: bool) -> Rows:
    usual = 65 - person.age * 0.5
    return _nightly(now, np.round(usual + rolls(person.key("hrv"), now.start) * 20, 1))


DENSE: Final[dict[str, Maker]] = {
    "active-energy-burned": _active_energy,
    "active-minutes": _active_minutes,
    "active-zone-minutes": _zone_minutes,
    "activity-level": _levels,
    "altitude": _altitude,
    "calories-in-heart-rate-zone": _zone_energy,
    "distance": _distance,
    "floors": _floors,
    "heart-rate": _heart,
    "heart-rate-variability": _variability,
    "oxygen-saturation": _oxygen,
    "sedentary-period": _sitting,
    "steps": _steps,
    "time-in-heart-rate-zone": _zone_time,
    "total-calories": _total_energy,
}
