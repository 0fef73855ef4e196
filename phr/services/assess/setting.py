"""What the parts of the assessment share: where they work, what they have done, and what a rule has found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.clock import Clock
from phr.domain.evidence import Evidence, Place
from phr.store.tables import Person
from phr.store.uow import Store
from risk.model.artifact import Model


@dataclass(frozen=True, slots=True)
class Setting:
    """The city whose people are assessed. model: gives the trained model, or raises BadArtifact.

    retract: takes back what no longer stands of one person (person, request), and says how much.
    """

    store: Store
    clock: Clock
    zone: ZoneInfo
    recipient: str
    glucose: str
    model: Callable[[], Model]
    retract: Callable[[UUID, str], int]


@dataclass(slots=True)
class Assessed:
    """What an assessment did. raised: findings by kind of case; drift: inputs of the model by their level.

    unreadable: questionnaires that no rule could read; unranked: check-ups without a rank because the model's file did
    not verify; skipped: people who were being written meanwhile, or withdrew; withheld: results that somebody could
    have read who may not read all that they rest on; retracted: those that no longer stood.
    """

    people: int = 0
    checkups: int = 0
    flagged: int = 0
    opened: int = 0
    scored: int = 0
    unreadable: int = 0
    unranked: int = 0
    skipped: int = 0
    withheld: int = 0
    retracted: int = 0
    raised: dict[str, int] = field(default_factory=dict)
    drift: dict[str, list[str]] = field(default_factory=dict)

    def copy(self) -> Assessed:
        """The same counts, to come back to."""
        return deepcopy(self)

    def become(self, other: Assessed) -> None:
        """Takes the counts of another."""
        for each in fields(self):
            setattr(self, each.name, getattr(other, each.name))


@dataclass(frozen=True, slots=True)
class Finding:
    """One result about one person: a RiskAssessment, and a case of a kind where there is one for it.

    own: the door behind which it lies; first: the first day of the data it rests on. mark: what the work list compares;
    signals: instead of it, for what goes on from night to night. more: what else the case keeps as its basis.
    """

    person: Person
    own: Place
    first: date
    identity: str
    resource: Mapping[str, Any]
    evidence: Evidence
    lines: tuple[Mapping[str, Any], ...] = ()
    kinds: tuple[str, ...] = ()
    rule_version: str = ""
    mark: str = ""
    signals: frozenset[str] | None = None
    rank: float = 0.0
    more: Mapping[str, Any] = field(default_factory=dict)


def line(reason: Any, end: str = "") -> dict[str, Any]:
    """A line of reason as a case keeps it; end: the day, where the words do not have it."""
    return {
        "kind": reason.kind,
        "label": reason.label,
        "ja": f"{reason.ja}{end}",
        "en": f"{reason.en} {end}".rstrip(),
        "items": list(reason.items),
    }
