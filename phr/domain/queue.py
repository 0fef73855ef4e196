"""The queue of the work list: deadlines, what is late, what is too much for one nurse, and storms of one kind of device."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

from phr.domain.worklist import PRIORITIES
from phr.errors import Unsafe

FILE: Final = "queue.toml"
ALARM: Final = "alarm"
TOP: Final = 2.0
RED: Final = 1.0
"""Ranks of alarms among each other; amber has none."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The reviewed numbers."""

    version: str
    deadlines: Mapping[str, timedelta]
    capacity: int
    storm_people: int
    storm_within: timedelta
    storm_shown: int
    escalation_hour: int


@cache
def standard() -> Policy:
    """The policy that ships with the package."""
    return parse(resources.files("phr.domain").joinpath(FILE).read_text(encoding="utf-8"))


def parse(text: str) -> Policy:
    """The policy in a TOML text. A missing kind, a number that is none, or a number without a source refuses the whole."""
    try:
        raw = tomllib.loads(text)
        deadlines = {kind: timedelta(hours=_number(raw["deadline"][kind], "hours")) for kind in PRIORITIES}
        storm = raw["storm"]
        return Policy(
            version=str(raw["version"]),
            deadlines=deadlines,
            capacity=_number(raw["capacity"], "usual"),
            storm_people=_number(storm, "people"),
            storm_within=timedelta(minutes=_number(storm, "minutes")),
            storm_shown=_number(storm, "shown"),
            escalation_hour=_number(raw["escalation"], "hour"),
        )
    except tomllib.TOMLDecodeError:
        raise Unsafe(f"{FILE}: is not TOML") from None
    except (KeyError, TypeError) as error:
        raise Unsafe(f"{FILE}: {error.args[0]} is missing") from None


def _number(entry: Mapping[str, Any], name: str) -> int:
    value = entry[name]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise Unsafe(f"{FILE}: {name} is no whole number above zero")
    if not str(entry["source"]).strip():
        raise Unsafe(f"{FILE}: {name} has no source")
    return value


def group_of(kind: str) -> str:
    """The group of a kind of case: every alarm rule is an alarm."""
    return kind.partition(":")[0]


def deadline(kind: str, policy: Policy) -> timedelta | None:
    """How long a case of this kind may wait."""
    return policy.deadlines.get(group_of(kind))


def late_since(now: datetime, policy: Policy) -> dict[str, datetime]:
    """For each group of kinds the instant before which a case must have been opened to be late."""
    return {kind: now - longest for kind, longest in policy.deadlines.items()}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the limits of the list need to know of a case."""

    kind: str
    opened_at: datetime
    holder: str | None
    device: str = ""


def suggested(cases: Sequence[Waiting], nurse: str, capacity: int) -> list[bool]:
    """Which of the ordered cases one nurse is shown without asking: alarms, those in anybody's hands, and as many
    free ones as she can still take (R9-5).
    """
    room = max(0, capacity - sum(one.holder == nurse for one in cases))
    shown = []
    for one in cases:
        free = one.holder is None and group_of(one.kind) != ALARM
        shown.append(not free or room > 0)
        room -= free
    return shown


@dataclass(frozen=True, slots=True)
class Storm:
    """Alarms of one rule from one kind of device, of many people in a short time. places: all of them, in list order."""

    kind: str
    device: str
    places: tuple[int, ...]


def storms(cases: Sequence[Waiting], policy: Policy) -> list[Storm]:
    """The storms among the cases: enough alarms of one rule and one kind of device within the time, one per person."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, one in enumerate(cases):
        if group_of(one.kind) == ALARM and one.device:
            groups[one.kind, one.device].append(place)
    found = []
    for (kind, device), places in groups.items():
        members = _dense(sorted(places, key=lambda place: cases[place].opened_at), cases, policy)
        if members:
            found.append(Storm(kind, device, tuple(sorted(members))))
    return found


def _dense(places: Sequence[int], cases: Sequence[Waiting], policy: Policy) -> set[int]:
    """The places that lie in some window of the storm's length which holds enough cases."""
    members: set[int] = set()
    first = 0
    for last, place in enumerate(places):
        while cases[place].opened_at - cases[places[first]].opened_at > policy.storm_within:
            first += 1
        if last - first + 1 >= policy.storm_people:
            members.update(places[first : last + 1])
    return members


def together(owners: Sequence[Hashable]) -> dict[int, tuple[int, ...]]:
    """For the first place of each owner the later ones: cases of one person and kind that are shown in one row.

    The order of the first ones stays, so that red stays first; each case keeps its own holder.

    >>> together(["a", "b", "a", "c"])
    {0: (2,), 1: (), 3: ()}
    """
    first: dict[Hashable, int] = {}
    rest: dict[int, list[int]] = {}
    for place, owner in enumerate(owners):
        if owner in first:
            rest[first[owner]].append(place)
        else:
            first[owner] = place
            rest[place] = []
    return {place: tuple(later) for place, later in rest.items()}


def full(held: int, capacity: int, kind: str) -> bool:
    """Whether a nurse should be asked again before she takes one more. An alarm is never held up."""
    return group_of(kind) != ALARM and held >= capacity
