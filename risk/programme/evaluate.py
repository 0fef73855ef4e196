"""The evaluation of a programme as one value: uptake, changes, effects, adherence, and what limits them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from risk.errors import BadInput
from risk.programme.adherence import Adherence, adherence
from risk.programme.change import Change, change
from risk.programme.effect import UNBALANCED, Effect, effects
from risk.programme.people import People
from risk.programme.rules import Rules
from risk.programme.uptake import Uptake, Year, uptake


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that a report says. limits: codes of what a reader must know, most important first."""

    rule_version: str
    primary: str
    by_threshold: bool
    people: int
    uptake: Uptake
    changes: tuple[Change, ...]
    effects: tuple[Effect, ...]
    adherence: Adherence
    dropped: Mapping[str, int]
    limits: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For the command line and for keeping."""
        return asdict(self)


def evaluate(
    people: People, rules: Rules, *, primary: str, years: Sequence[Year] = (), by_threshold: bool = False
) -> Evaluation:
    """Judges a programme. ``primary`` is the outcome that was named before it began."""
    if primary not in rules.outcomes:
        raise BadInput(f"must be one of {', '.join(rules.outcomes)}", field="primary")
    groups = (("participants", people.participants), ("not-invited", people.not_invited))
    changes = tuple(
        change(people, code, name, chosen, rules) for code in rules.outcomes for name, chosen in groups
    )
    found = effects(people, primary, rules)
    worn = adherence(people, primary, rules)
    return Evaluation(
        rule_version=rules.version,
        primary=primary,
        by_threshold=by_threshold,
        people=len(people),
        uptake=uptake(people, years, rules),
        changes=changes,
        effects=found,
        adherence=worn,
        dropped=dict(people.dropped),
        limits=_limits(people, changes, found, worn, by_threshold=by_threshold),
    )


def _limits(
    people: People,
    changes: Sequence[Change],
    found: Sequence[Effect],
    worn: Adherence,
    *,
    by_threshold: bool,
) -> tuple[str, ...]:
    """Not randomised is always true; the rest where it applies."""
    primary = found[0]
    mine = next(one for one in changes if one.outcome == primary.outcome and one.group == "participants")
    said = {
        "not-randomised": True,
        "too-few": primary.effect is None,
        "regression-to-the-mean": by_threshold,
        "volunteers": bool((people.participants & ~people.invited).any()),
        "lost": mine.lost > 0.1 * max(1, mine.twice + mine.lost),
        "unbalanced": any(one.why == UNBALANCED for one in found),
        "no-partner": primary.alone > 0.1 * max(1, primary.participants),
        "trend-before": primary.placebo is not None and not primary.placebo.low <= 0 <= primary.placebo.high,
        "no-earlier-year": primary.effect is not None and primary.placebo is None,
        "many-outcomes": sum(one.p is not None for one in found) > 1,
        "worn-is-association": worn.association is not None,
    }
    return tuple(name for name, holds in said.items() if holds)
