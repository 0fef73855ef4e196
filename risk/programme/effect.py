"""What changed more in participants than in their partners: difference in differences in matched pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from risk.programme.intervals import Interval
from risk.programme.match import Balance, Matched, match
from risk.programme.people import Floats, Mask, People
from risk.programme.regression import slope
from risk.programme.rules import Rules

TOO_FEW: Final = "too-few"
UNBALANCED: Final = "unbalanced"
"""Given, with a warning: the partners still differ from the participants in a trait."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One outcome. Without enough pairs ``why`` says so and the numbers are None.

    plain: the change of participants minus that of everybody not invited, unmatched. placebo: the same as ``effect``
    for the year before the programme, when nothing can have worked: should be near 0. e_value, e_value_limit: how
    strongly something unmeasured would have to go with both taking part and the outcome to explain the effect, or
    the end of its interval that is nearer to nothing (VanderWeele & Ding 2017). if_lost_unchanged: the effect if those
    without a second measurement changed like their partners.
    """

    outcome: str
    role: str
    why: str
    participants: int
    alone: int
    pairs: int
    effect: Interval | None = None
    p: float | None = None
    p_holm: float | None = None
    plain: Interval | None = None
    placebo: Interval | None = None
    e_value: float | None = None
    e_value_limit: float | None = None
    if_lost_unchanged: float | None = None
    balance: tuple[Balance, ...] = ()


def effects(people: People, primary: str, rules: Rules) -> tuple[Effect, ...]:
    """Every outcome, the primary first; p of the others also adjusted for their number (Holm 1979)."""
    order = [primary, *(code for code in people.values if code != primary)]
    found = [effect(people, code, "primary" if code == primary else "exploratory", rules) for code in order]
    tested = [i for i, one in enumerate(found) if one.role == "exploratory" and one.p is not None]
    if tested:
        raised = multipletests([found[i].p for i in tested], method="holm")[1]
        for i, p in zip(tested, raised.tolist(), strict=True):
            found[i] = replace(found[i], p_holm=float(p))
    return tuple(found)


def effect(people: People, outcome: str, role: str, rules: Rules) -> Effect:
    """One outcome in people measured before and after."""
    phases = people.values[outcome]
    change = phases["after"] - phases["before"]
    twice = ~np.isnan(change)
    took_part, pool = people.participants & twice, people.not_invited & twice
    n = int(took_part.sum())
    if min(n, int(pool.sum())) < rules.fewest:
        return Effect(outcome, role, TOO_FEW, n, 0, 0)
    matched = match(people, took_part, pool, rules)
    pairs = len(matched.participants)
    if pairs < rules.fewest:
        return Effect(outcome, role, TOO_FEW, n, matched.alone, pairs)
    found, p = _paired(change, outcome, matched, rules.confidence)
    spread = float(phases["after"][matched.partners].std(ddof=1))
    before = people.participants & ~np.isnan(phases["before"])
    loud = any(abs(one.after) > rules.balanced for one in matched.balance)
    return Effect(
        outcome=outcome,
        role=role,
        why=UNBALANCED if loud else "",
        participants=n,
        alone=matched.alone,
        pairs=pairs,
        effect=found,
        p=p,
        plain=_plain(change, took_part, pool, rules.confidence),
        placebo=_placebo(phases["before"] - phases["earlier"], outcome, matched, rules),
        e_value=e_value(found.estimate, spread),
        e_value_limit=e_value(_nearer(found), spread),
        if_lost_unchanged=found.estimate * n / int(before.sum()),
        balance=matched.balance,
    )


def _paired(change: Floats, outcome: str, matched: Matched, confidence: float) -> tuple[Interval, float]:
    """Least squares on the matched people; errors that hold for pairs (Abadie & Spiess 2022).

    Baseline, age and sex stand beside, so that what partners do not share exactly is no effect. The other traits are
    left to the matching: many columns beside few pairs make intervals too short.
    """
    pairs = len(matched.participants)
    rows = np.concatenate([matched.participants, matched.partners])
    beside = [matched.traits[name][rows] for name in (outcome, "age", "female")]
    took_part = np.repeat([1.0, 0.0], pairs)
    return slope(change[rows], took_part, beside, confidence, np.tile(np.arange(pairs), 2))


def _placebo(earlier: Floats, outcome: str, matched: Matched, rules: Rules) -> Interval | None:
    """The year before, in the pairs that were measured then as well."""
    both = ~np.isnan(earlier[matched.participants]) & ~np.isnan(earlier[matched.partners])
    if int(both.sum()) < rules.fewest:
        return None
    mine, other = matched.participants[both], matched.partners[both]
    kept = Matched(mine, other, 0, matched.traits, ())
    return _paired(earlier, outcome, kept, rules.confidence)[0]


def _plain(change: Floats, took_part: Mask, pool: Mask, confidence: float) -> Interval:
    found = stats.ttest_ind(change[took_part], change[pool], equal_var=False)
    ends = found.confidence_interval(confidence)
    middle = float(change[took_part].mean() - change[pool].mean())
    return Interval(middle, float(ends.low), float(ends.high))


def _nearer(found: Interval) -> float:
    """The end of an interval that is nearer to nothing; 0 when nothing is inside."""
    if found.low <= 0 <= found.high:
        return 0.0
    return min((found.low, found.high), key=abs)


def e_value(difference: float, spread: float) -> float | None:
    """For a difference of means, by way of the risk ratio exp(0.91 d) (VanderWeele & Ding, Ann Intern Med 2017;167:268)."""
    if not spread > 0:
        return None
    ratio = float(np.exp(0.91 * abs(difference) / spread))
    return ratio + float(np.sqrt(ratio * (ratio - 1)))
