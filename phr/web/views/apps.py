"""What the pages of apps receive: what one asks for, those that were let in, and those that the city has registered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PERIODS = ("month", "half", "year")
"""How long an app may come back on its own: sentences "app-period"."""


@dataclass(frozen=True, slots=True)
class AppLine:
    """One kind of record that an app may use. value: names it in the form; kind: sentences "app-kind".

    limits: only these of it, sentences "app-limit" or a category's name; whole is without any.
    """

    value: str
    kind: str
    reads: bool
    writes: bool
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppPerson:
    """Somebody whose record an app may use: the person, or one for whom they act."""

    person: str
    name: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class AppAsks:
    """What an app asks for. categories: kinds of measurements that can be left out, where all are asked for.

    problem: sentences "app-problem". shared: a device of several people, on which nothing is let in.
    """

    word: str
    name: str
    responsible: str
    lines: tuple[AppLine, ...]
    offline: bool
    identity: bool
    people: tuple[AppPerson, ...]
    categories: tuple[str, ...] = ()
    problem: str = ""
    shared: bool = False
    leads_to: str = ""
    online: bool = False


@dataclass(frozen=True, slots=True)
class AppIn:
    """An app that was let in. ended: sentences "app-ended", empty while it works; whom: another person's record."""

    ident: str
    name: str
    responsible: str
    lines: tuple[AppLine, ...]
    offline: bool
    since: datetime
    until: datetime
    used: datetime | None
    ended: str = ""
    whom: str = ""
    launch: str = ""


@dataclass(frozen=True, slots=True)
class AppList:
    """The apps that a person let in, and those that ended. notice: sentences "app-notice"."""

    live: tuple[AppIn, ...]
    over: tuple[AppIn, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class AppRow:
    """An app that the city has registered. kind: sentences "app-client"."""

    ident: str
    name: str
    kind: str
    responsible: str
    purpose: str
    people: int
    since: datetime
    disabled: bool


@dataclass(frozen=True, slots=True)
class AppRegister:
    """Every app that the city has registered."""

    rows: tuple[AppRow, ...]
