"""Which resident carries which planted fault, so that every fault is there in a small city and can be counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CYCLE: Final = 48
"""After so many residents the faults begin again."""

_PLANTED: Final = {
    2: "crisis-blood-pressure",
    4: "travel",
    5: "clock-a-year-behind",
    7: "two-devices-one-wrist",
    8: "repeated-points",
    10: "empty-page-with-token",
    11: "steps-typed-by-hand",
    13: "weight-in-pounds",
    14: "sleep-not-processed",
    16: "battery-empty",
    17: "clock-a-year-ahead",
    19: "not-a-number",
    20: "days-not-worn",
    22: "crisis-blood-pressure",
}

GUIDED: Final = 2
"""This resident of a cycle has a crisis and has agreed to guidance; the other crisis depends on the dice."""

KINDS: Final = tuple(sorted(set(_PLANTED.values())))
NEEDS_WATCH: Final = frozenset(KINDS) - {"crisis-blood-pressure"}


def planted(number: int) -> str | None:
    """The fault of resident ``number`` (1, 2, ...), or none."""
    return _PLANTED.get(number % CYCLE)


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault as it was written: how many points it touched, and of which code."""

    kind: str
    code: str
    count: int
