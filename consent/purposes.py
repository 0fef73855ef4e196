"""Purposes and recipients: the words for why and for whom, and how a resident reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from consent.categories import CATEGORIES
from consent.vocabulary import BadTable, Text, rows, table, text

SYSTEM: Final = "urn:phr:purpose"
"""The code system of purposes in ``Consent.provision.purpose``."""

SCOPES: Final = ("patient-privacy", "research")


@dataclass(frozen=True, slots=True)
class Purpose:
    """One reason to use data; ``to`` and ``kinds`` are what the sharing page proposes."""

    key: str
    scope: str
    name: Text
    sentence: Text
    to: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of purposes.toml."""

    purposes: Mapping[str, Purpose]
    recipients: Mapping[str, Text]
    kinds: Mapping[str, Text]


def _purpose(key: str, row: Mapping[str, Any], recipients: Mapping[str, Text]) -> Purpose:
    purpose = Purpose(
        key,
        str(row.get("scope")),
        text(row.get("name"), f"{key}.name"),
        text(row.get("sentence"), f"{key}.sentence"),
        tuple(row.get("to", ())),
        tuple(row.get("kinds", ())),
    )
    if purpose.scope not in SCOPES:
        raise BadTable(f"{key}.scope: must be one of {', '.join(SCOPES)}")
    if not (set(purpose.to) <= set(recipients) and set(purpose.kinds) <= set(CATEGORIES)):
        raise BadTable(f"{key}: names a recipient or a kind that no table has")
    return purpose


def load(raw: Mapping[str, Any]) -> Words:
    """The tables of a parsed purposes.toml."""
    recipients = {k: text(r.get("name"), f"{k}.name") for k, r in rows(raw.get("recipient"), "recipient")}
    kinds = {k: text(r.get("name"), f"{k}.name") for k, r in rows(raw.get("kind"), "kind")}
    purposes = {k: _purpose(k, r, recipients) for k, r in rows(raw.get("purpose"), "purpose")}
    return Words(MappingProxyType(purposes), MappingProxyType(recipients), MappingProxyType(kinds))


WORDS: Final = load(table("purposes.toml"))
PURPOSES: Final = WORDS.purposes
RECIPIENTS: Final = WORDS.recipients
KINDS: Final = WORDS.kinds

_RECIPIENT: Final = re.compile(rf"({'|'.join(KINDS)})/[A-Za-z0-9\-.]{{1,64}}", re.ASCII)


def is_recipient(reference: object) -> bool:
    """Whether this is a relative reference to someone who can receive data; a wildcard is not."""
    return isinstance(reference, str) and _RECIPIENT.fullmatch(reference) is not None


def recipient_name(reference: str, language: str = "ja") -> str:
    """How a resident reads a recipient: its name, or its kind and id; ValueError for what is no recipient.

    >>> recipient_name("Practitioner/n7", "en")
    'Staff member n7'
    """
    known = RECIPIENTS.get(reference)
    if known is not None:
        return known[language]
    if not is_recipient(reference):
        raise ValueError("recipient: must be a kind, a slash and an id")
    kind, _, name = reference.partition("/")
    return f"{KINDS[kind][language]} {name}"
