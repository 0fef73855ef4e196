"""A consent as flat rows for the database, and the rule by which the database decides over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import product
from typing import Final

from consent.decide import ROOT, answer_without_consent
from consent.model import (
    OPEN_END,
    OPEN_START,
    Consent,
    Days,
    Decision,
    Effect,
    Period,
    Provision,
    Reason,
    Request,
)
from consent.purposes import PURPOSES
from consent.texts import TEXTS, Texts

ANY: Final = "*"
"""Stands for every value; no recipient, purpose or category has this name."""


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One combination that one rule names.

    ``data_from`` and ``data_to`` are inclusive civil days; the row is in force from ``valid_from``, and from
    ``valid_to`` on no longer.
    """

    consent_id: str
    version: int
    depth: int
    effect: Effect
    recipient: str
    purpose: str
    category: str
    data_from: date
    data_to: date
    valid_from: datetime
    valid_to: datetime
    path: str


def grants(consent: Consent, texts: Texts = TEXTS) -> list[GrantRow]:
    """The rows of one consent. A base deny has none, for it is silence; an unreadable consent denies everything.

    A permit under a text that asks again ends with the text's last day, so that no job has to run on that day.

    ValueError for a readable consent without an id: its rows could overrule those of another one.
    """
    if consent.status not in (None, "active"):
        return []
    start = OPEN_START if consent.date_time is None else consent.date_time
    if consent.base is None:
        everything = Provision("deny", Period(start, OPEN_END))
        return list(_rows(consent, everything, ROOT, 0))
    if not consent.id:
        raise ValueError("consent.id: rows need the id of a recorded consent")
    base = _within(Provision("permit", Period(start, OPEN_END)), consent.base)
    return [] if base is None else list(_until_asked(consent, _tree(consent, base, ROOT, 0), texts))


def _until_asked(consent: Consent, found: Iterable[GrantRow], texts: Texts) -> Iterator[GrantRow]:
    """The rows with the ends of the text; a permit for any purpose is one for each where some of them end."""
    ends = {key: end for key in PURPOSES if (end := texts.end(consent.text_version, key)) is not None}
    for row in found:
        if row.effect == "deny" or not ends:
            yield row
            continue
        for purpose in PURPOSES if row.purpose == ANY else (row.purpose,):
            valid_to = min(row.valid_to, ends.get(purpose, OPEN_END))
            if row.valid_from < valid_to:
                yield replace(row, purpose=purpose, valid_to=valid_to)


def _tree(consent: Consent, rule: Provision, path: str, depth: int) -> Iterator[GrantRow]:
    if rule.type == "permit" or depth > 0:
        yield from _rows(consent, rule, path, depth)
    for n, child in enumerate(rule.children):
        inside = _within(rule, child)
        if inside is not None:
            yield from _tree(consent, inside, f"{path}.provision[{n}]", depth + 1)


def _within(outer: Provision, rule: Provision) -> Provision | None:
    """The rule cut down to what the rule above it covers; None when nothing is left or it cannot match."""
    if rule.unknown and rule.type == "permit":
        return None
    period = Period(max(outer.period.start, rule.period.start), min(outer.period.end, rule.period.end))
    days = Days(
        max(outer.data_period.first, rule.data_period.first),
        min(outer.data_period.last, rule.data_period.last),
    )
    if period.start >= period.end or days.first > days.last:
        return None
    sets = (
        _both(outer.recipients, rule.recipients),
        _both(outer.purposes, rule.purposes),
        _both(outer.categories, rule.categories),
    )
    if any(each is not None and not each for each in sets):
        return None
    recipients, purposes, categories = sets
    return replace(
        rule, period=period, recipients=recipients, purposes=purposes, categories=categories, data_period=days
    )


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def _rows(consent: Consent, rule: Provision, path: str, depth: int) -> Iterator[GrantRow]:
    sets = [sorted(each or {ANY}) for each in (rule.recipients, rule.purposes, rule.categories)]
    for recipient, purpose, category in product(*sets):
        yield GrantRow(
            consent.id or "",
            consent.version,
            depth,
            rule.type,
            recipient,
            purpose,
            category,
            rule.data_period.first,
            rule.data_period.last,
            rule.period.start,
            rule.period.end,
            path,
        )


def row_matches(row: GrantRow, request: Request, now: datetime) -> bool:
    """Whether a row speaks about the request now."""
    return (
        row.recipient in (ANY, request.recipient)
        and row.purpose in (ANY, request.purpose)
        and row.category in (ANY, request.category)
        and row.data_from <= request.day <= row.data_to
        and row.valid_from <= now < row.valid_to
    )


def decide_rows(rows: Iterable[GrantRow], request: Request, now: datetime) -> Decision:
    """The decision over the rows of one person, as the database takes it.

    Permitted when a permit row matches and every matching deny row is overruled: there is a matching permit
    row of the same consent at a greater depth. ``decide`` over the consents gives the same answer.
    """
    given = answer_without_consent(request, now)
    if given is not None:
        return given
    matching = [row for row in rows if row_matches(row, request, now)]
    permits = [row for row in matching if row.effect == "permit"]
    deepest: dict[tuple[str, int], int] = {}
    for row in permits:
        consent = (row.consent_id, row.version)
        deepest[consent] = max(row.depth, deepest.get(consent, 0))
    for row in matching:
        if row.effect == "deny" and deepest.get((row.consent_id, row.version), -1) <= row.depth:
            why: Reason = "unreadable-consent" if row.depth == 0 else "denied"
            return Decision(permit=False, reason=why, consent=row.consent_id or None, provision=row.path)
    if permits:
        best = permits[0]
        return Decision(permit=True, reason="permitted", consent=best.consent_id, provision=best.path)
    return Decision(permit=False, reason="not-permitted")
