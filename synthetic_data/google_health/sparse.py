"""Points of the types that are seldom measured, over the whole window: days, sleeps, exercise, scale and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from synthetic_data.google_health.dice import Floats, Ints, rolls
from synthetic_data.google_health.minutes import bout_of, usual_day
from synthetic_data.google_health.nights import nights
from synthetic_data.google_health.people import BARE, DAY, DERIVED, MANUAL, SCALE, Person
from synthetic_data.google_health.rows import Rows, build, join

_BASELINE_DAYS: Final = 3
"""The first nights have no temperature baseline: NaN."""


def window_rows(person: Person, kind: str) -> Rows:
    """All points of the window, newest first."""
    maker = SPARSE.get(kind)
    return Rows() if maker is None else maker(person).newest_first()


def _inside(person: Person, found: Rows) -> Rows:
    world = person.world
    return found.take((found.start >= world.first) & (found.start < world.end) & (found.end <= world.end))


def _days(person: Person) -> Ints:
    days = person.days()
    return np.arange(days.start, days.stop, dtype=np.int64)


def _daily(
    person: Person, value: Floats, chosen: npt.NDArray[np.bool_], *, label: Ints | None = None
) -> Rows:
    """One value per civil day, only for days whose night is inside the window and worn."""
    days = _days(person)
    chosen = chosen & (rolls(person.key("off"), days) >= 0.05)
    chosen &= np.array([usual_day(person, day)[0] + 10 * 3600 <= person.world.end for day in days.tolist()])
    start = days[chosen] * DAY
    zeros = np.zeros(len(start), dtype=np.int64)
    marks = None if label is None else label[chosen]
    return build(start, start + DAY, zeros, zeros, value[chosen], label=marks, source=BARE)


def _resting(person: Person) -> Rows:
    luck = rolls(person.key("rest"), _days(person))
    awake = (luck < 0.1).astype(np.int64)
    return _daily(person, np.rint(person.resting + luck * 5 - 2), luck >= 0, label=awake)


def _varying(purpose: str, low: float, spread: float, digits: int = 1) -> Callable[[Person], Rows]:
    """A maker of one rounded value per night."""

    def make(person: Person) -> Rows:
        luck = rolls(person.key(purpose), _days(person))
        value = np.round(low + luck * spread, digits)
        if "nan" in person.world.traits and purpose == "spo2-day":
            value[-2:] = np.nan
        return _daily(person, value, luck < 0.93)

    return make


def _temperature(person: Person) -> Rows:
    days = _days(person)
    luck = rolls(person.key("skin"), days)
    young = (np.arange(len(days)) < _BASELINE_DAYS).astype(np.int64)
    return _daily(person, np.round(33.2 + luck * 1.4, 2), luck < 0.95, label=young)


def _zones(person: Person) -> Rows:
    days = _days(person)
    return _daily(person, np.full(len(days), float(208 - round(0.7 * person.age))), days >= 0)


def _fitness(person: Person) -> Rows:
    days = _days(person)
    return _daily(person, np.round(48 - person.age * 0.25 + rolls(person.key("vo2"), days), 1), days % 7 == 0)


def _sample(person: Person, local: Ints, value: npt.NDArray[Any], **rest: Any) -> Rows:
    """Samples at local wall clock seconds."""
    guess = local - person.zones.at(local)
    second = local - person.zones.at(guess)
    offset = person.zones.at(second)
    return _inside(person, build(second, second, offset, offset, value, **rest))


def _weighings(person: Person, value: Floats, *, typed: bool) -> Rows:
    """Some mornings through the scale's app; one in ten is typed by hand, with a fraction of a second."""
    days = _days(person)
    luck, hand, clock = (rolls(person.key(name), days) for name in ("weigh", "typed", "clock"))
    chosen = (luck < 0.45) & (typed | (hand >= 0.1))
    local = days * DAY + 24_000 + (clock * 4_000).astype(np.int64)
    by_hand = hand < 0.1
    return _sample(
        person,
        local[chosen],
        value[chosen],
        source=np.where(by_hand, MANUAL, SCALE)[chosen],
        micro=(np.where(by_hand, clock * 999_999, 0).astype(np.int64))[chosen],
    )


def _weight(person: Person) -> Rows:
    noise = rolls(person.key("kg"), _days(person)) - 0.5
    return _weighings(person, np.round((person.weight + noise) * 20) * 50, typed=True)


def _fat(person: Person) -> Rows:
    noise = rolls(person.key("fat"), _days(person)) - 0.5
    usual = (30 if person.female else 22) + (person.weight - 60) * 0.2
    return _weighings(person, np.round(usual + noise, 1), typed=False)


def _height(person: Person) -> Rows:
    local = _days(person)[:1] * DAY + DAY - 3_600
    return _sample(person, local, np.array([float(person.height)]), source=MANUAL)


def _some(purpose: str, low: float, spread: float, share: float, source: int) -> Callable[[Person], Rows]:
    """A maker of a sample at seven in the morning of a share of the days."""

    def make(person: Person) -> Rows:
        days = _days(person)
        luck = rolls(person.key(purpose), days)
        chosen = luck < share
        value = np.round(low + luck / share * spread, 1)
        return _sample(person, days[chosen] * DAY + 7 * 3600, value[chosen], source=source)

    return make


def _breathing(person: Person) -> Rows:
    """One summary for each night, at its end."""
    ends = np.array([sleep.end * 60 for sleep in nights(person) if not sleep.nap], dtype=np.int64)
    offset = person.zones.at(ends)
    value = np.round(12.5 + rolls(person.key("breath"), ends // 60) * 4, 1)
    return _inside(person, build(ends, ends, offset, offset, value, source=DERIVED))


def _sleeps(person: Person) -> Rows:
    """Sleep sessions ten minutes after waking; ``label`` is the row of the details."""
    world = person.world
    held = [s for s in nights(person) if s.start * 60 >= world.first and s.end * 60 + 600 <= world.end]
    start = np.array([s.start * 60 for s in held], dtype=np.int64)
    end = np.array([s.end * 60 for s in held], dtype=np.int64)
    zone = person.zones
    rank = np.arange(len(held))
    return build(
        start, end, zone.at(start), zone.at(end), (end - start) / 60, label=rank, source=DERIVED, details=held
    )


def _exercise(person: Person) -> Rows:
    """The evening runs as sessions."""
    days = _days(person)
    begin, length = bout_of(person, days)
    local = days * DAY + begin * 60
    start = local - person.zones.at(local - person.zones.at(local))
    end = start + length * 60
    zone = person.zones
    found = build(start, end, zone.at(start), zone.at(end), length, source=DERIVED)
    return _inside(person, found.take(length > 0))


def _logged(person: Person, purpose: str, hours: tuple[int, ...], value: Callable[[Floats], Floats]) -> Rows:
    """Sessions of ten minutes at these hours of the days on which somebody cared to write; ``label`` is which hour."""
    days = _days(person)
    found = []
    for label, hour in enumerate(hours):
        luck = rolls(person.key(f"{purpose}-{label}"), days)
        chosen = luck < 0.6
        local = days[chosen] * DAY + hour * 3600 + (luck[chosen] * 3000).astype(np.int64)
        start = local - person.zones.at(local - person.zones.at(local))
        end, zone = start + 600, person.zones
        labels = np.full(len(start), label, dtype=np.int64)
        amount = value(luck[chosen])
        found.append(build(start, end, zone.at(start), zone.at(end), amount, label=labels, source=MANUAL))
    return _inside(person, join(found))


def _eaten(person: Person) -> Rows:
    return _logged(person, "meal", (7, 12, 15, 18), lambda luck: np.round(0.75 + luck, 2))


def _drunk(person: Person) -> Rows:
    return _logged(person, "drink", (8, 13, 20), lambda luck: np.rint(100 + luck * 300))


SPARSE: Final[dict[str, Callable[[Person], Rows]]] = {
    "blood-glucose": _some("glucose", 84, 30, 0.1, MANUAL),
    "body-fat": _fat,
    "core-body-temperature": _some("fever", 36.1, 1.1, 0.08, MANUAL),
    "daily-heart-rate-variability": _varying("hrv-day", 28, 30),
    "daily-heart-rate-zones": _zones,
    "daily-oxygen-saturation": _varying("spo2-day", 95, 3),
    "daily-respiratory-rate": _varying("breath-day", 12.5, 4),
    "daily-resting-heart-rate": _resting,
    "daily-sleep-temperature-derivations": _temperature,
    "daily-vo2-max": _fitness,
    "exercise": _exercise,
    "height": _height,
    "hydration-log": _drunk,
    "nutrition-log": _eaten,
    "respiratory-rate-sleep-summary": _breathing,
    "run-vo2-max": _some("run-vo2", 38, 5, 0.1, BARE),
    "sleep": _sleeps,
    "vo2-max": _some("vo2", 36, 6, 0.14, BARE),
    "weight": _weight,
}
