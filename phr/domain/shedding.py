"""Which requests run, wait or are turned away when more come than can be answered: the least urgent go first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from phr.errors import Unsafe

_LESS: Final = 0.8
"""What is left of the limit after a moment in which the process could not keep up."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that are as urgent as each other.

    share: how much of the limit this kind and all less urgent ones may hold together; above 1 is a reserve for itself.
    patience: seconds for which a request waits for its turn. again: seconds after which to come again, about.
    """

    name: str
    share: float
    patience: float
    again: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The kinds, the least urgent first, and the bounds of the limit.

    lowest, highest: requests that run at once. lag: seconds that the process may be late before the limit falls.
    most: requests that may wait; the most urgent kind may have as many again.
    """

    kinds: tuple[Kind, ...]
    lowest: int
    highest: int
    lag: float
    most: int

    def __post_init__(self) -> None:
        """Refuses a table in which something less urgent is better off."""
        if not self.kinds or not 1 <= self.lowest <= self.highest or self.lag <= 0 or self.most < 1:
            raise Unsafe("shedding: kinds, lowest <= highest, lag and most are needed")
        for field in ("share", "patience"):
            values = [getattr(kind, field) for kind in self.kinds]
            if values != sorted(values) or values[0] <= 0:
                raise Unsafe(f"shedding: {field} must not fall from the least urgent kind to the most urgent")
        if any(kind.again <= 0 for kind in self.kinds):
            raise Unsafe("shedding: again must be above 0")

    @property
    def top(self) -> int:
        """The place of the most urgent kind."""
        return len(self.kinds) - 1


@dataclass(frozen=True, slots=True)
class Now:
    """How it stands: the limit, and for each kind how many run, how many wait and for how long the first of them has.

    All are in the order of the policy's kinds.
    """

    limit: int
    running: Sequence[int]
    waiting: Sequence[int]
    waited: Sequence[float]


def rooms(policy: Policy, limit: int) -> tuple[int, ...]:
    """How many requests of each kind and of all less urgent ones may run together; at least one."""
    return tuple(max(1, math.floor(kind.share * limit + 1e-9)) for kind in policy.kinds)


def may_run(policy: Policy, now: Now, kind: int) -> bool:
    """Whether a request of this kind may run: it takes from its own room and from that of all more urgent kinds."""
    held, room = 0, rooms(policy, now.limit)
    for place, running in enumerate(now.running):
        held += running
        if place >= kind and held >= room[place]:
            return False
    return True


def turned_away(policy: Policy, now: Now, kind: int) -> bool:
    """Whether a newcomer is better told now than later that it is too much.

    So it is where somebody as urgent or more has waited for half of what the newcomer would wait; then its own turn
    would hardly come. It holds for whatever is less urgent as well.
    """
    most = policy.most * (2 if kind == policy.top else 1)
    if sum(now.waiting) >= most:
        return True
    return max(now.waited[kind:]) > policy.kinds[kind].patience / 2


def next_limit(policy: Policy, now: Now, lag: float) -> int:
    """The limit of the next moment: less where the process is late with everything, one more where requests wait."""
    if lag > policy.lag:
        return max(policy.lowest, math.floor(now.limit * _LESS))
    if any(now.waiting):
        return min(policy.highest, now.limit + 1)
    return now.limit


def come_again(kind: Kind, dice: float) -> int:
    """Seconds for Retry-After, spread by a number from 0 to 1, so that those who were turned away do not return at once."""
    return max(1, math.ceil(kind.again * (0.5 + dice)))
