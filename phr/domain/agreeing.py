"""Agreeing: who must be among those who agree, by the age of the person, and until when a representative's word holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Final, Literal

from consent.model import Consent, Period, Provision
from consent.purposes import PURPOSES
from phr.domain.family.ages import last_day_before
from phr.domain.family.guardianship import RULES
from phr.errors import Invalid

Who = Literal["guardian", "both", "self"]
_FAMILY: Final = frozenset({"family"})
FOR_OTHERS: Final = frozenset({"collect", "guidance", "points", "family"})
"""For what a representative may agree on behalf of somebody; research is not among them."""
_ALWAYS: Final = Period()


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who acts for the person until an instant."""

    recipient: str
    until: datetime


def who_agrees(born: date | None, day: date) -> Who:
    """Under fifteen a guardian, until majority the guardian and the young person, then the person."""
    if born is None or day > last_day_before(born, RULES.majority):
        return "self"
    return "guardian" if day <= last_day_before(born, RULES.own_consent) else "both"


def came_of_age(born: date | None, day: date) -> bool:
    """Whether majority has been reached on a day."""
    return born is not None and day > last_day_before(born, RULES.majority)


def by_others(consent: Consent) -> tuple[str, ...]:
    """Those among the performers who are not the person."""
    return tuple(each for each in consent.performers if each != f"Patient/{consent.patient}")


def permits(consent: Consent, purpose: str) -> tuple[Provision, ...]:
    """The permits of one consent that let a purpose in."""
    base = consent.base
    if base is None:
        return ()
    rules = (base, *base.children)
    return tuple(
        rule
        for rule in rules
        if rule.type == "permit" and (rule.purposes is None or purpose in rule.purposes)
    )


def purposes_of(consent: Consent) -> frozenset[str]:
    """The purposes for which a consent permits anything."""
    return frozenset(purpose for purpose in PURPOSES if permits(consent, purpose))


def shares(consent: Consent, purpose: str) -> bool:
    """Whether a consent is in force for a purpose, be it for a part."""
    return consent.status == "active" and bool(permits(consent, purpose))


def last_stopped(versions: Sequence[tuple[date, bool]]) -> date | None:
    """The last day on which something that was shared was shared no more. versions: day and whether, oldest first."""
    return max((later[0] for before, later in pairwise(versions) if before[1] and not later[1]), default=None)


def check_way(consent: Consent, role: str) -> None:
    """Refuses a way of agreeing that the recorder cannot know of; Invalid names the element.

    Who agrees alone agrees on the page; what was signed on paper has the hash of its scan. Taking back asks for nothing:
    what was agreed on paper ends on the page too.
    """
    source = consent.source
    if source is None or consent.status == "inactive":
        return
    if source.way == "paper" and not source.scan:
        raise Invalid("paper needs the hash of its scan", field="Consent.sourceAttachment.extension")
    if role == "resident" and source.way != "app":
        raise Invalid(
            "only the counter records what was agreed elsewhere", field="Consent.sourceAttachment.extension"
        )


def named_recipients(consent: Consent) -> tuple[str, ...]:
    """The recipients that its permits name."""
    return tuple(sorted({each for rule in _permits(consent.base) for each in rule.recipients or ()}))


def check_performers(
    consent: Consent, born: date | None, day: date, now: datetime, acting: Sequence[Acting]
) -> None:
    """Refuses a consent that its performers may not give; Invalid names the element.

    Who may look as a representative (purpose family) is recorded at the counter with its own proof and end, and a
    consent that only denies needs nobody's leave.
    """
    base = consent.base
    permits = [rule for rule in _permits(base) if rule.purposes != _FAMILY]
    if consent.status != "active" or base is None or not permits:
        return
    others = by_others(consent)
    own = len(others) < len(consent.performers)
    who = who_agrees(born, day)
    if who != "self" and not others:
        raise Invalid("a guardian has to agree for somebody of this age", field="Consent.performer")
    if who == "both" and not own:
        raise Invalid("a young person of this age is asked too", field="Consent.performer")
    if others and any(not rule.purposes or not rule.purposes <= FOR_OTHERS for rule in permits):
        raise Invalid("a representative cannot agree to this for somebody", field="Consent.provision.purpose")
    for performer in others:
        ends = [each.until for each in acting if each.recipient == performer and each.until > now]
        if not ends:
            raise Invalid("does not act for this person", field="Consent.performer")
        if any(period.end > max(ends) for period in _periods(base)):
            raise Invalid("must end with the representation", field="Consent.provision.period.end")


def _permits(rule: Provision | None) -> Iterator[Provision]:
    if rule is not None:
        if rule.type == "permit":
            yield rule
        for child in rule.children:
            yield from _permits(child)


def _periods(rule: Provision, outer: Period = _ALWAYS) -> Iterator[Period]:
    """The periods in which permits count, each cut to what is above it."""
    here = Period(max(outer.start, rule.period.start), min(outer.end, rule.period.end))
    if rule.type == "permit":
        yield here
    for child in rule.children:
        yield from _periods(child, here)
