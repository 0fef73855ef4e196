"""Compares a release with earlier ones: nobody may stand out as the difference of two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

_OUT: Final = -1


@dataclass(frozen=True, slots=True)
class Earlier:
    """A release that went out before: who was in it, and in which class of its quasi-identifiers.

    told: its recipient is told the numbers of those who withdraw (仮名), so that their leaving is no secret.
    """

    release_id: str
    classes: Mapping[str, int]
    told: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Two releases held against each other: people in both, and the smallest group that only one of them has."""

    release_id: str
    common: int
    smallest: int | None

    def as_json(self, k: int) -> dict[str, Any]:
        """For the certificate: counts below k are not said."""
        common = self.common if self.common >= k else None
        return {"release": self.release_id, "people_in_both": common, "smallest_difference": self.smallest}


def stand_out(
    persons: Texts,
    classes: Index,
    earlier: Sequence[Earlier],
    k: int,
    draw: np.random.Generator,
) -> Mask:
    """Who must stay out of the new release, so that no class of it differs from an earlier one by fewer than k people.

    Those who would be new in a class with fewer than k others are left out. Where fewer than k of an earlier class are
    gone, others of it, drawn at random, stay out with them. Both change the classes: ask again until nobody stands out.
    """
    out = np.zeros(len(persons), dtype=np.bool_)
    for each in earlier:
        held = _Crossed.of(persons, classes, each)
        for mask in held.additions(k):
            out |= mask
        if each.told:
            continue
        for candidates, missing in held.losses(k):
            already = int((candidates & out).sum())
            open_ones = np.flatnonzero(candidates & ~out)
            out[draw.permutation(open_ones)[: max(missing - already, 0)]] = True
    return out


def compared(persons: Texts, classes: Index, each: Earlier) -> Difference:
    """What the certificate says of one earlier release."""
    held = _Crossed.of(persons, classes, each)
    sizes = [*held.new.values(), *(() if each.told else held.gone.values())]
    return Difference(each.release_id, held.common, min(sizes, default=None))


@dataclass(frozen=True, slots=True)
class _Crossed:
    """The people of two releases by class in each: of the new one as rows, of the earlier one by count.

    new: class -> people of it who were not in the earlier release; gone: earlier class -> people who are in it no more.
    Whole classes that only one release has are no difference of anything.
    """

    classes: Index
    then: Index
    sizes: Mapping[int, int]
    earlier_sizes: Mapping[int, int]
    new: Mapping[int, int]
    gone: Mapping[int, int]

    @classmethod
    def of(cls, persons: Texts, classes: Index, each: Earlier) -> _Crossed:
        then = np.array([each.classes.get(person, _OUT) for person in persons], dtype=np.int64)
        sizes, before = Counter(classes.tolist()), Counter(each.classes.values())
        new = Counter(classes[then == _OUT].tolist())
        stayed = Counter(then[then != _OUT].tolist())
        gone = {name: before[name] - stayed[name] for name in before if 0 < stayed[name] < before[name]}
        return cls(
            classes, then, sizes, before, {name: n for name, n in new.items() if n < sizes[name]}, gone
        )

    @property
    def common(self) -> int:
        """People in both."""
        return int((self.then != _OUT).sum())

    def near(self, k: int) -> Iterator[tuple[int, int, int, int]]:
        """Pairs of classes that are almost the same: new, earlier, people only in the one, only in the other."""
        both = self.then != _OUT
        pairs = Counter(zip(self.classes[both].tolist(), self.then[both].tolist(), strict=True))
        for (now, then), common in pairs.items():
            only_now, only_then = self.sizes[now] - common, self.earlier_sizes[then] - common
            if only_now < k and only_then < k and only_now + only_then:
                yield now, then, only_now, only_then

    def additions(self, k: int) -> Iterator[Mask]:
        """Those who would stand out by having come."""
        for name, number in self.new.items():
            if number < k:
                yield (self.classes == name) & (self.then == _OUT)
        for now, then, only_now, _ in self.near(k):
            if only_now:
                yield (self.classes == now) & (self.then != then)

    def losses(self, k: int) -> Iterator[tuple[Mask, int]]:
        """Those among whom others stand out by having gone, and how many of them must go too."""
        for name, number in self.gone.items():
            if number < k:
                yield self.then == name, k - number
        for now, then, only_now, only_then in self.near(k):
            if not only_now:
                yield (self.classes == now) & (self.then == then), k - only_then
