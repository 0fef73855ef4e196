"""Guardianship: who may act for whom, until when, and the consent that says so to the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from consent.categories import CATEGORIES
from consent.fhir import write
from consent.model import OPEN_START, Consent, Period, Provision, Source
from consent.moments import end_of_day
from phr.domain.family.ages import add_months, last_day_before, years_on
from phr.domain.family.tables import hold, table
from phr.errors import Invalid

_HASH: Final = re.compile(r"[0-9a-f]{64}")
TEXT_VERSION: Final = "guardian-2026-11"
"""The version of the text that the counter reads out and the paper form carries."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of representation. longest_months: 0 for a child's, which ends at majority."""

    minor: bool
    longest_months: int
    proofs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """The table guardianship.toml."""

    majority: int
    own_consent: int
    own_say: int
    hidden: frozenset[str]
    seen: frozenset[str]
    kinds: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the counter was asked to record. until: the last day; None leaves it to the rules."""

    kind: str
    proof: str
    proof_sha256: str
    until: date | None = None


def rules_of(raw: Mapping[str, Any]) -> Rules:
    """The rules of a parsed table."""
    kinds = {
        name: Kind(bool(row["minor"]), int(row.get("longest_months", 0)), tuple(row["proofs"]))
        for name, row in raw["kind"].items()
    }
    rules = Rules(
        int(raw["majority"]),
        int(raw["own_consent"]),
        int(raw["own_say"]),
        frozenset(raw["hidden"]),
        frozenset(raw["seen"]),
        kinds,
    )
    hold(0 < rules.own_consent <= rules.majority, "own_consent")
    hold(0 < rules.own_say <= rules.majority, "own_say")
    hold(rules.hidden < rules.seen <= set(CATEGORIES), "hidden or seen")
    hold(all(kind.minor == (kind.longest_months == 0) and kind.proofs for kind in kinds.values()), "kind")
    return rules


RULES: Final = table("guardianship", rules_of)


def last_day(asked: Asked, born: date | None, today: date, rules: Rules = RULES) -> date:
    """The last day on which somebody may act. Raises Invalid where the rules say no."""
    kind = rules.kinds.get(asked.kind)
    if kind is None:
        raise Invalid("unknown kind of representation", field="kind")
    if asked.proof not in kind.proofs:
        raise Invalid("not a proof of this kind of representation", field="proof")
    if _HASH.fullmatch(asked.proof_sha256) is None:
        raise Invalid("must be the SHA-256 of the copy, in hex", field="proof_sha256")
    if asked.until is not None and asked.until < today:
        raise Invalid("is over already", field="until")
    return _of_minor(asked, born, today, rules) if kind.minor else _of_adult(asked, kind, born, today, rules)


def _of_minor(asked: Asked, born: date | None, today: date, rules: Rules) -> date:
    if born is None:
        raise Invalid("is needed to know when the child comes of age", field="birth_date")
    end = last_day_before(born, rules.majority)
    if end < today:
        raise Invalid("is of age; a mandate or a court's decision is needed", field="kind")
    return end if asked.until is None else min(end, asked.until)


def _of_adult(asked: Asked, kind: Kind, born: date | None, today: date, rules: Rules) -> date:
    if born is None or years_on(born, today) < rules.majority:
        raise Invalid("is for adults", field="kind")
    if asked.until is None:
        raise Invalid("needs an end", field="until")
    if asked.until > add_months(today, kind.longest_months):
        raise Invalid("is too far away", field="until")
    return asked.until


def family_consent(
    patient: str,
    recipient: str,
    born: date | None,
    until: date,
    source: Source,
    performer: str,
    *,
    at: datetime,
    organization: str,
    zone: tzinfo,
    rules: Rules = RULES,
) -> dict[str, Any]:
    """The FHIR Consent that lets one representative see: the rule that consents and the database already obey.

    What is a young person's own from an age on is in a permit of its own, which ends the day before that birthday.
    """
    minor = born is not None and last_day_before(born, rules.majority) >= until
    permits = [
        _permit(recipient, rules.seen - rules.hidden if minor else rules.seen, end_of_day(until, zone))
    ]
    if minor and born is not None:
        own = end_of_day(min(until, last_day_before(born, rules.own_say)), zone)
        if own > at:
            permits.append(_permit(recipient, rules.hidden, own))
    return _written(patient, permits, source, performer, at, organization, zone)


def own_wish(
    patient: str, hidden: Sequence[str], source: Source, *, at: datetime, organization: str, zone: tzinfo
) -> dict[str, Any]:
    """The FHIR Consent with which somebody hides kinds of data from all who act for them; a deny overrides."""
    if not hidden or not set(hidden) <= set(CATEGORIES):
        raise Invalid("names no kind of data", field="hidden")
    deny = Provision("deny", purposes=frozenset({"family"}), categories=frozenset(hidden))
    return _written(patient, [deny], source, f"Patient/{patient}", at, organization, zone)


def may_hide(born: date | None, today: date, rules: Rules = RULES) -> bool:
    """Whether somebody is old enough to hide kinds of data from their representatives."""
    return born is not None and years_on(born, today) >= rules.own_say


def _permit(recipient: str, categories: frozenset[str], end: datetime) -> Provision:
    return Provision(
        "permit", Period(OPEN_START, end), frozenset({recipient}), frozenset({"family"}), categories
    )


def _written(
    patient: str,
    rules: Sequence[Provision],
    source: Source,
    performer: str,
    at: datetime,
    organization: str,
    zone: tzinfo,
) -> dict[str, Any]:
    base = Provision("deny", children=tuple(rules))
    consent = Consent(
        None,
        0,
        "active",
        patient,
        at,
        base,
        performers=(performer,),
        organizations=(organization,),
        source=source,
    )
    return write(consent, zone)
