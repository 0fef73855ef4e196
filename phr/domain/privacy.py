"""How well a release hides people: k, l and t, and the generalisation that loses least."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pycanon import anonymity

from phr.domain.deid import ReleaseRefused

Labels = npt.NDArray[np.object_]


class TooFewLeft(ReleaseRefused):
    """The release would keep too few people; says what would help, and counts only."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One level for each quasi-identifier, and the people who stay.

    levels: column -> index of the level, 0 is the finest.
    keep: mask of the people whose class holds at least k.
    """

    levels: Mapping[str, int]
    keep: npt.NDArray[np.bool_]

    @property
    def lost(self) -> int:
        """People in classes smaller than k."""
        return int((~self.keep).sum())


@dataclass(frozen=True, slots=True)
class Measure:
    """What was achieved: the smallest class, the fewest distinct sensitive levels in one, and its distance."""

    k: int
    l: int  # noqa: E741 - the name of the measure
    t: float
    classes: int


def choose(columns: Mapping[str, Sequence[Labels]], k: int, *, accepted_loss: float) -> Choice:
    """Tries every combination of levels; takes the finest of those that leave out fewest people.

    Coarser classes never leave out more people, so that fewest alone would always end at the coarsest level as
    soon as one person is unusual. `accepted_loss` is the share of people that finer levels may leave out beyond.
    """
    names = list(columns)
    numbers = {name: [pd.factorize(level)[0] for level in levels] for name, levels in columns.items()}
    tried = [
        Choice(
            dict(zip(names, steps, strict=True)),
            _large([numbers[n][s] for n, s in zip(names, steps, strict=True)], k),
        )
        for steps in itertools.product(*(range(len(columns[name])) for name in names))
    ]
    most = min(choice.lost for choice in tried) + int(accepted_loss * len(tried[0].keep))
    return min(
        (choice for choice in tried if choice.lost <= most),
        key=lambda choice: (sum(choice.levels.values()), choice.lost),
    )


def _large(columns: Sequence[npt.NDArray[np.int64]], k: int) -> npt.NDArray[np.bool_]:
    """Mask of the rows whose class has at least k rows."""
    group = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        group = np.unique(group * (len(column) + 1) + column, return_inverse=True)[1]
    return np.bincount(group)[group] >= k if len(group) else np.zeros(0, dtype=np.bool_)


def demand(kept: int, of: int, k: int, *, most_lost: float) -> None:
    """Refuses a release that keeps fewer than k people, or that leaves out more than the set share."""
    helps = "a smaller k, more people with consent, or coarser levels of age and place would help"
    if kept < k:
        raise TooFewLeft(f"{kept} of {of} people would remain, fewer than k = {k}; {helps}", field="people")
    if of - kept > most_lost * of:
        raise TooFewLeft(
            f"{of - kept} of {of} people would be left out, more than {most_lost:.0%}; {helps}",
            field="people",
        )


def measure(people: pd.DataFrame, quasi: Sequence[str], sensitive: Sequence[str]) -> Measure:
    """k, distinct l and t (equal distance) over one row for each person; columns are text without gaps."""
    rows = people.reset_index(drop=True)
    return Measure(
        k=int(anonymity.k_anonymity(rows, list(quasi))),
        l=int(anonymity.l_diversity(rows, list(quasi), list(sensitive))),
        t=round(float(anonymity.t_closeness(rows, list(quasi), list(sensitive))), 4),
        classes=int(rows.groupby(list(quasi)).ngroups),
    )


def quarters(persons: npt.NDArray[np.int64], values: npt.NDArray[np.float64], count: int) -> Labels:
    """Each person's quarter of the people by their mean: 1 to 4, or none without a value."""
    means = pd.Series(values).groupby(persons).mean().dropna()
    edges = np.quantile(means, [0.25, 0.5, 0.75]) if len(means) else np.zeros(0)
    labels = np.full(count, "none", dtype=object)
    labels[means.index.to_numpy()] = (np.searchsorted(edges, means) + 1).astype(str)
    return labels


def unique_patterns(persons: npt.NDArray[np.int64], days: npt.NDArray[np.datetime64]) -> int:
    """People whose pattern of days, counted from their first, nobody else has: what survives every shift."""
    pairs = np.unique(np.stack([persons, days.astype("datetime64[D]").astype(np.int64)], axis=1), axis=0)
    starts = np.flatnonzero(np.diff(pairs[:, 0], prepend=-1))
    patterns = (days - days[0] for days in np.split(pairs[:, 1], starts[1:]))
    return sum(n == 1 for n in Counter(pattern.tobytes() for pattern in patterns).values())
