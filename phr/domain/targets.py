"""Targets: the kinds of derived Observation, one for each vital and one for each channel of a split panel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

from ingest.codes import HL7_CATEGORY, JP_CATEGORY, VITALS, codes_in_category, lookup
from phr.domain.query import ObservationQuery, Token

Target = tuple[str, str | None]
"""A vital's key, and one channel of a split panel."""


CATEGORY_SYSTEMS: Final = frozenset({HL7_CATEGORY, JP_CATEGORY})  # every Observation has a category of each


def _all() -> list[Target]:
    found: list[Target] = []
    for key, vital in VITALS.items():
        found.extend((key, channel.name) for channel in vital.channels) if vital.split else found.append(
            (key, None)
        )
    return found


_SHORT: Final = 1024  # characters of codes whose targets are remembered, so that memory has a limit
TARGETS: Final[frozenset[Target]] = frozenset(_all())


@lru_cache(maxsize=1024)
def number_of(target: Target) -> int:
    """The number that stands for a target in an Observation's id: it depends on the names alone, never on order."""
    key, channel = target
    return int.from_bytes(sha256(f"{key}/{channel or ''}".encode()).digest()[:2])


_BY_NUMBER: Final = {number_of(target): target for target in sorted(TARGETS, key=str)}
if len(_BY_NUMBER) != len(TARGETS):  # pragma: no cover - a new name met an old number; choose another name
    raise ValueError("two targets share a number")


def target_of(number: int) -> Target | None:
    """The target with this number."""
    return _BY_NUMBER.get(number)


def searched(query: ObservationQuery) -> frozenset[Target]:
    """The targets that the codes and categories of a query name."""
    words = [one for group in (*query.codes, *query.categories) for one in group]
    size = sum(len(one.system or "") + len(one.code or "") for one in words)
    find = _named if size <= _SHORT else _named.__wrapped__
    return find(query.codes, query.categories)


@lru_cache(maxsize=1024)
def _named(
    codes: tuple[tuple[Token, ...], ...], categories: tuple[tuple[Token, ...], ...]
) -> frozenset[Target]:
    left: set[Target] = set(TARGETS)
    for group in codes:
        left &= {target for token in group for target in _of_code(token)}
    for group in categories:
        left &= {target for token in group for target in _of_category(token)}
    return frozenset(left)


def _of_category(token: Token) -> set[Target]:
    if token.code is not None:
        return set(codes_in_category(token.system, token.code))
    return set(TARGETS) if token.system in CATEGORY_SYSTEMS else set()


def _of_code(token: Token) -> set[Target]:
    if token.code is not None:
        return set(lookup(token.system, token.code))
    return {target for target in TARGETS if any(one == token.system for one in _systems(target))}


def _systems(target: Target) -> Sequence[str]:
    key, channel = target
    codings = VITALS[key].codings if channel is None else VITALS[key].channel(channel).codings
    return [coding.system for coding in codings]
