"""A person's sleeps over the whole window, with stages, at the instants where the person then was."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from synthetic_data.google_health.dice import rolls
from synthetic_data.google_health.people import DAY, Person
from synthetic_data.life import AWAKE, DEEP, LIGHT, REM, Sleep

_CYCLE: Final = ((LIGHT, 22), (DEEP, 26), (LIGHT, 20), (REM, 18), (AWAKE, 4))


@lru_cache(maxsize=512)
def nights(person: Person) -> tuple[Sleep, ...]:
    """The sleeps, oldest first, from the night before the window to the one after; none overlap."""
    days = person.days()
    span = np.arange(days.start - 1, days.stop + 1)
    luck = {name: rolls(person.key(name), span) for name in ("bed", "wake", "nap")}
    home = person.zones.at(span * DAY - person.zones.of(person.world.first))
    found: list[Sleep] = []
    for n, day in enumerate(span.tolist()):
        midnight = (day * DAY - int(home[n])) // 60
        bed = midnight - 60 + int(luck["bed"][n] * 100)
        wake = midnight + 360 + int(luck["wake"][n] * 90)
        if found and bed < found[-1].end + 240:
            continue  # the night that a journey to the east took away
        found.append(Sleep(bed, wake, False, _stages(bed, wake, luck["wake"][n])))
        if luck["nap"][n] < 0.06:
            begin = midnight + 13 * 60
            found.append(Sleep(begin, begin + 40 + int(luck["bed"][n] * 40), True, []))
    return tuple(found)


def _stages(bed: int, wake: int, luck: float) -> list[tuple[int, int, int]]:
    """Cycles of stages that touch each other and cover the sleep."""
    stages = [(AWAKE, bed, bed + 3 + int(luck * 8))]
    while stages[-1][2] < wake:
        kind, minutes = _CYCLE[(len(stages) - 1) % len(_CYCLE)]
        length = minutes + int(luck * 997 * len(stages)) % 9
        stages.append((kind, stages[-1][2], min(wake, stages[-1][2] + length)))
    return stages
