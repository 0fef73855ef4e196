"""Decisions about sharing as consents hold them: which permits speak of a purpose, and a consent without one purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID

from consent.model import Consent
from consent.purposes import PURPOSES
from consent.texts import TEXTS, Texts
from phr.domain.agreeing import shares

CONSENTS: Final = UUID("f3b8a2f0-5a0e-5b53-9a34-2f6f0d8f5d11")
"""The name space of the consents that a page or a paper form makes: one for each person and purpose."""


def changed_text(day: date, texts: Texts = TEXTS) -> bool:
    """Whether any text asks again on a day; while none does, nobody's consents need to be read."""
    return any(texts.asks(None, purpose, day) for purpose in PURPOSES)


def asked_again(consents: Iterable[Consent], day: date, texts: Texts = TEXTS) -> bool:
    """Whether something that is shared was agreed to under a text that has changed since."""
    return any(
        shares(consent, purpose) and texts.asks(consent.text_version, purpose, day)
        for consent in consents
        for purpose in PURPOSES
    )


def without(consent: Consent, purpose: str) -> Consent | None:
    """The consent without one purpose; None when nothing is left or it cannot be told apart."""
    base = consent.base
    if base is None or base.type != "deny":
        return None
    kept = []
    for rule in base.children:
        if rule.type == "deny":
            kept.append(rule)
        elif purposes := (rule.purposes or frozenset(PURPOSES)) - {purpose}:
            kept.append(replace(rule, purposes=purposes))
    if not any(rule.type == "permit" for rule in kept):
        return None
    return replace(consent, base=replace(base, children=tuple(kept)))
