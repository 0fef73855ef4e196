"""What the pages of the counter receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class CounterHit:
    """A person who was found. ``patient`` is the number of the record."""

    patient: str
    name: str
    kana: str
    born: date | None


@dataclass(frozen=True, slots=True)
class CounterSearch:
    """The search of the counter; ``hits`` None before the first one."""

    name: str = ""
    hits: tuple[CounterHit, ...] | None = None
    problems: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Representative:
    """Who acts or acted for a person."""

    ident: str
    name: str
    kind: str
    since: date
    until: date
    may_enter: bool
    may_points: bool
    ended: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time sign-in link to hand over: shown once."""

    address: str
    code: str
    picture: Markup
    hours: int


@dataclass(frozen=True, slots=True)
class CounterPerson:
    """One person at the counter: the way to sign in, and who acts for them. ``kinds``: kind -> proofs that it takes."""

    hit: CounterHit
    representatives: tuple[Representative, ...]
    kinds: Mapping[str, tuple[str, ...]]
    minor: bool
    today: date
    link: Link | None = None
    notice: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] | None = None
