"""Search of AuditEvents: FHIR parameters to conditions on the compact rows, so that only what is shown is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from phr.domain.balp import kinds, outcomes
from phr.domain.query import DateRange, Token
from phr.errors import Invalid

Words = tuple[str, ...]
Span = tuple[int | None, int | None]
"""From a microsecond on, before another; None where it has no end."""


@dataclass(frozen=True, slots=True)
class After:
    """Where a page ended: moment in microseconds, chain and number of its last row."""

    at_us: int
    chain: int
    seq: int


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """What is searched; every condition must hold. Empty and None are no condition.

    times: groups of spans, of which one must hold in each group. agents: groups of actors and recipients; entities: groups of
    objects and requests; roles, purposes: groups of words. kinds: of events (balp.toml). codes: of outcomes. idents: chain
    and number of rows. review: only refused and emergency reads. after: where the page before ended.
    """

    person: UUID | None = None
    times: tuple[tuple[Span, ...], ...] = ()
    agents: tuple[tuple[Words, Words], ...] = ()
    entities: tuple[tuple[Words, Words], ...] = ()
    roles: tuple[Words, ...] = ()
    purposes: tuple[Words, ...] = ()
    kinds: Words | None = None
    codes: Words | None = None
    idents: tuple[tuple[int, int], ...] | None = None
    review: bool = False
    count: int = 50
    after: After | None = None

    def words(self) -> tuple[list[str], list[str], bool, bool]:
        """Words of the kinds asked for: those that count unless refused, those that count always; whether all others do, and refusals."""
        asked = set(kinds()) if self.kinds is None else set(self.kinds)
        always = self.sign_in_words() if "sign_in" in asked else []
        plain = [word for name in sorted(asked - {"sign_in"}) for word in kinds()[name].words]
        return plain, always, "execute" in asked, "authz" in asked

    @staticmethod
    def sign_in_words() -> list[str]:
        """The words of signing in, whose refusals are no decision about anybody's data."""
        return list(kinds()["sign_in"].words)


def every_word() -> list[str]:
    """The words that some kind of event names."""
    return [word for kind in kinds().values() for word in kind.words]


def spans(ranges: Sequence[DateRange]) -> tuple[Span, ...]:
    """The spans of time in which a moment fits one of the alternatives of a date."""
    return tuple(one for each in ranges for one in _spans(each))


def _spans(one: DateRange) -> tuple[Span, ...]:
    found: dict[str, tuple[Span, ...]] = {
        "ne": ((None, one.low), (one.high, None)),
        "ge": ((one.low, None),),
        "gt": ((one.high, None),),
        "sa": ((one.high, None),),
        "le": ((None, one.high),),
        "lt": ((None, one.low),),
        "eb": ((None, one.low),),
    }
    return found.get(one.prefix, ((one.low, one.high),))


def words_of(group: Sequence[Token], system: str, field: str) -> Words:
    """The codes of a group that are of a system, or of any. Raises Invalid for a whole system: every event has one of it."""
    codes = [one.code for one in group if one.code is not None]
    if len(codes) < len(group):
        raise Invalid("expected [system]|code", field=field)
    return tuple(code for one, code in zip(group, codes, strict=True) if one.system in (None, system))


def matching(
    types: Sequence[Sequence[Token]], subtypes: Sequence[Sequence[Token]], actions: Sequence[Sequence[str]]
) -> tuple[str, ...] | None:
    """The kinds of events that fit type, subtype and action; None when nothing was asked."""
    if not types and not subtypes and not actions:
        return None
    return tuple(
        name
        for name, kind in kinds().items()
        if all(_fits(kind.type, group) for group in types)
        and all(_fits(kind.subtype, group) for group in subtypes)
        and all(kind.action in group for group in actions)
    )


def _fits(coding: tuple[str, str, str], group: Sequence[Token]) -> bool:
    return any(token.system in (None, coding[0]) and token.code in (None, coding[1]) for token in group)


def result_words(groups: Sequence[Sequence[str]]) -> tuple[str, ...] | None:
    """The outcome codes that are asked for; None when none was. Raises Invalid for what is none."""
    if not groups:
        return None
    known = {"0", "12", *outcomes()}
    if any(code not in known for group in groups for code in group):
        raise Invalid("expected 0, 4, 8 or 12", field="outcome")
    return tuple(code for code in sorted(known) if all(code in group for group in groups))
