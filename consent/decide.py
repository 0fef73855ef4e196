"""The decision: whether somebody may see one person's data of one kind and day for one purpose, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from consent.categories import CATEGORIES
from consent.model import Consent, Decision, Effect, Provision, Request
from consent.purposes import PURPOSES, is_recipient
from consent.texts import TEXTS, Texts

ROOT: Final = "provision"


def answer_without_consent(request: Request, now: datetime) -> Decision | None:
    """The answer that no consent can change: one's own data, or a request in words that no table has."""
    if request.own:
        return Decision(permit=True, reason="self")
    if not is_recipient(request.recipient):
        return Decision(permit=False, reason="unknown-recipient")
    if request.purpose not in PURPOSES:
        return Decision(permit=False, reason="unknown-purpose")
    if request.category not in CATEGORIES:
        return Decision(permit=False, reason="unknown-category")
    if now.utcoffset() is None:
        return Decision(permit=False, reason="bad-time")
    return None


def decide(consents: Iterable[Consent], request: Request, now: datetime, texts: Texts = TEXTS) -> Decision:
    """Any consent that denies: deny. Else any that permits: permit. Else deny (rule 4).

    A permit under a text that asks again counts no longer once its last day is over; a deny stays a deny.
    """
    given = answer_without_consent(request, now)
    if given is not None:
        return given
    permit = None
    silent = Decision(permit=False, reason="no-consent")
    for consent in consents:
        if not consent.counts(request.person, now):
            continue
        if consent.base is None:
            return Decision(permit=False, reason="unreadable-consent", consent=consent.id)
        over = texts.ended(consent.text_version, request.purpose, now)
        effect, path = verdict(consent.base, request, now, permits=not over)
        if effect == "deny":
            return Decision(permit=False, reason="denied", consent=consent.id, provision=path)
        if effect == "permit":
            permit = permit or Decision(permit=True, reason="permitted", consent=consent.id, provision=path)
        silent = Decision(permit=False, reason="not-permitted")
    return permit or silent


def matches(rule: Provision, request: Request, now: datetime) -> bool:
    """Whether every element that the rule has matches; an unknown one matches in a deny only (rule 2)."""
    return (
        not (rule.unknown and rule.type == "permit")
        and rule.period.start <= now < rule.period.end
        and (rule.recipients is None or request.recipient in rule.recipients)
        and (rule.purposes is None or request.purpose in rule.purposes)
        and (rule.categories is None or request.category in rule.categories)
        and rule.data_period.first <= request.day <= rule.data_period.last
    )


def verdict(
    base: Provision, request: Request, now: datetime, *, permits: bool = True
) -> tuple[Effect | None, str | None]:
    """The type and place of the deepest matching rule, deny first among equals; None is silence (rule 3).

    permits: False leaves the permits out, but for looking below them.
    """
    deepest: tuple[int, bool] = (-1, False)
    effect: Effect | None = None
    place = None
    for rule, path, depth in _matching(base, ROOT, 0, request, now):
        if rule.type == "permit" and not permits:
            continue
        rank = (depth, rule.type == "deny")
        if rank > deepest:
            deepest, effect, place = rank, rule.type, path
    if deepest == (0, True):  # a base deny alone says only that nothing was permitted here
        return None, None
    return effect, place


def _matching(
    rule: Provision, path: str, depth: int, request: Request, now: datetime
) -> Iterator[tuple[Provision, str, int]]:
    """The matching rules; an exception is looked at only under a matching rule."""
    if not matches(rule, request, now):
        return
    yield rule, path, depth
    for n, child in enumerate(rule.children):
        yield from _matching(child, f"{path}.provision[{n}]", depth + 1, request, now)
