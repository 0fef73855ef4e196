"""Uptake (実施率): how many took part, against those not invited and against the years before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk.errors import BadInput
from risk.programme.intervals import Interval, Share, difference, share
from risk.programme.people import People
from risk.programme.rules import Rules


@dataclass(frozen=True, slots=True)
class Year:
    """An earlier year: how many were invited, and how many of them took part."""

    year: int
    invited: int
    took_part: int

    def __post_init__(self) -> None:
        """Refuses counts that cannot be."""
        if self.invited < 0 or not 0 <= self.took_part <= self.invited:
            raise BadInput("must be between 0 and the number of people invited", field="took_part")


@dataclass(frozen=True, slots=True)
class Uptake:
    """Shares with intervals; a difference is None where a group has too few people.

    not_invited: those who found guidance by the ordinary way. volunteered: took part without an invitation, in no
    share. completed, withdrew: of those who took part in the programme.
    """

    invited: Share
    not_invited: Share
    volunteered: int
    completed: Share
    withdrew: Share
    against_not_invited: Interval | None
    years: tuple[tuple[int, Share], ...]
    against_years: Interval | None


def uptake(people: People, years: Sequence[Year], rules: Rules) -> Uptake:
    """The uptake of a programme."""
    c = rules.confidence
    took = {
        name: share(int((mask & people.enrolled).sum()), int(mask.sum()), c)
        for name, mask in (("invited", people.invited), ("not_invited", people.not_invited))
    }
    before = share(sum(y.took_part for y in years), sum(y.invited for y in years), c)
    took_part = people.participants
    return Uptake(
        **took,
        volunteered=int((took_part & ~people.invited).sum()),
        completed=share(int((took_part & people.completed).sum()), int(took_part.sum()), c),
        withdrew=share(int((took_part & people.withdrew).sum()), int(took_part.sum()), c),
        against_not_invited=_enough(took["invited"], took["not_invited"], rules),
        years=tuple((y.year, share(y.took_part, y.invited, c)) for y in sorted(years, key=lambda y: y.year)),
        against_years=_enough(took["invited"], before, rules),
    )


def _enough(one: Share, other: Share, rules: Rules) -> Interval | None:
    return difference(one, other, rules.confidence) if min(one.of, other.of) >= rules.fewest else None
