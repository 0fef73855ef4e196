"""Partners for participants: the same sex, a like propensity score, each comparison person used once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from risk.programme.intervals import standardised
from risk.programme.people import Floats, Mask, People
from risk.programme.rules import Rules

Rows = npt.NDArray[np.int64]
_WEAK_PRIOR = 100.0
"""The penalty of the logistic fit is weak; it keeps scores finite where the groups hardly overlap."""


@dataclass(frozen=True, slots=True)
class Balance:
    """How much participants and comparison people differ in one trait, in standard deviations."""

    trait: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Matched:
    """Pairs: the rows of participants and of their partners; who found none; the traits of all rows."""

    participants: Rows
    partners: Rows
    alone: int
    traits: dict[str, Floats]
    balance: tuple[Balance, ...]


def traits(people: People, used: Mask, rules: Rules) -> dict[str, Floats]:
    """Age, sex and the baselines that most people have; a gap is filled with the median and marked by a trait of its own."""
    found = {"age": people.age, "female": people.female.astype(np.float64)}
    for outcome, phases in people.values.items():
        values = phases["before"]
        gap = np.isnan(values)
        if used.any() and (~gap[used]).mean() >= rules.covered:
            found[outcome] = np.where(gap, np.nanmedian(values[used]), values)
            if gap[used].any():
                found[f"{outcome}-unknown"] = gap.astype(np.float64)
    return found


def match(people: People, took_part: Mask, pool: Mask, rules: Rules) -> Matched:
    """Nearest neighbours on the logit of the score within the caliper, one to one, participants hard to match first."""
    used = took_part | pool
    known = traits(people, used, rules)
    table = np.column_stack(list(known.values()))[used]
    spread = table.std(axis=0)
    table = (table - table.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    squares = table[:, [0, *range(2, table.shape[1])]] ** 2
    model = LogisticRegression(C=_WEAK_PRIOR, solver="newton-cholesky", max_iter=100)
    score = np.full(len(people), np.nan)
    design = np.column_stack([table, squares])
    score[used] = model.fit(design, took_part[used]).decision_function(design)
    reach = rules.caliper * float(np.sqrt((score[took_part].var() + score[pool].var()) / 2))
    ours: list[Rows] = []
    theirs: list[Rows] = []
    for female in (False, True):
        mine, other = (np.flatnonzero(group & (people.female == female)) for group in (took_part, pool))
        one, two = nearest(score[mine], score[other], reach)
        ours.append(mine[one])
        theirs.append(other[two])
    participants, partners = np.concatenate(ours), np.concatenate(theirs)
    return Matched(
        participants,
        partners,
        int(took_part.sum()) - len(participants),
        known,
        _balance(known, np.flatnonzero(took_part), np.flatnonzero(pool), participants, partners),
    )


def _balance(
    known: dict[str, Floats], mine: Rows, pool: Rows, participants: Rows, partners: Rows
) -> tuple[Balance, ...]:
    if len(participants) < 2:
        return ()
    return tuple(
        Balance(
            name,
            standardised(values[mine], values[pool]),
            standardised(values[participants], values[partners]),
        )
        for name, values in known.items()
    )


def nearest(mine: Floats, pool: Floats, reach: float) -> tuple[Rows, Rows]:
    """Pairs of places whose scores are at most ``reach`` apart; highest scores choose first, nobody is chosen twice."""
    order = np.argsort(pool, kind="stable")
    ranked = pool[order]
    # below[i]: the nearest free place at or below i, counted from 1 (0 is none); above[i]: at or above it.
    below, above = list(range(len(pool) + 1)), list(range(len(pool) + 2))
    chosen: list[tuple[int, int]] = []
    for place in np.argsort(-mine, kind="stable").tolist():
        start = int(np.searchsorted(ranked, mine[place]))
        low, high = _free(below, start), _free(above, start + 1)
        far = [(abs(ranked[at - 1] - mine[place]), at) for at in (low, high) if 1 <= at <= len(pool)]
        if not far or min(far)[0] > reach:
            continue
        at = min(far)[1]
        below[at], above[at] = at - 1, at + 1
        chosen.append((place, int(order[at - 1])))
    pairs = np.array(chosen, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _free(links: list[int], at: int) -> int:
    """Follows the links to a free place and shortens the way for the next."""
    while links[at] != at:
        links[at] = links[links[at]]
        at = links[at]
    return at
