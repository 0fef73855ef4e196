"""Unusual access: rules over rows of the trail, as data; each finding says which rule, who, when and how often."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from phr.domain.data_file import data_file
from phr.domain.days import day_at

NOBODY = UUID(int=0)


class Look(Protocol):
    """A row of the trail, as far as the rules read it."""

    @property
    def person_id(self) -> UUID: ...  # noqa: D102 - the names say it, here and below
    @property
    def chain(self) -> int: ...  # noqa: D102
    @property
    def seq(self) -> int: ...  # noqa: D102
    @property
    def at(self) -> datetime: ...  # noqa: D102
    @property
    def role(self) -> str: ...  # noqa: D102
    @property
    def actor(self) -> str: ...  # noqa: D102
    @property
    def action(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of unusual_access.toml."""

    name: str
    roles: frozenset[str]
    actions: frozenset[str]
    people: int = 0
    minutes: int = 0
    since: time | None = None
    until: time | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the rules may know of names: of accounts, of people with their address, and who is watched."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    homes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    watched: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: once for its rule, account, day and, where it is about one, person."""

    rule: str
    role: str
    actor: str
    person: UUID
    n: int
    at: datetime
    chain: int
    seq: int
    key: str


@cache
def rules() -> Mapping[str, Rule]:
    """The rules of this version."""
    raw = data_file("unusual_access.toml")
    return {
        name: Rule(
            name,
            frozenset(one["roles"]),
            frozenset(one["actions"]),
            one.get("people", 0),
            one.get("minutes", 0),
            one.get("from"),
            one.get("until"),
        )
        for name, one in raw.items()
    }


def unusual(rows: Sequence[Look], known: Known, zone: ZoneInfo) -> list[Found]:
    """Every finding in these rows, which come oldest first."""
    about = [row for row in rows if row.person_id != NOBODY]
    return [
        *_many(about, rules()["many-people"], zone),
        *_searched(about, rules()["searched-not-opened"], zone),
        *_each(about, "at-night", lambda row: _night(row, rules()["at-night"], zone), zone),
        *_each(about, "own-record", lambda row: _own(row, known), zone),
        *_each(about, "household", lambda row: _home(row, known), zone),
        *_each(about, "same-surname", lambda row: _surname(row, known), zone),
        *_each(about, "watched", lambda row: row.person_id in known.watched, zone),
    ]


def together(active: Iterable[tuple[str, int]], most: int) -> Iterator[list[str]]:
    """Accounts with how many rows each left, in groups of at most so many rows: each rule looks at one account alone.

    >>> list(together([("a", 3), ("b", 2), ("c", 9), ("d", 1)], 5))
    [['a', 'b'], ['c'], ['d']]
    """
    group: list[str] = []
    rows = 0
    for actor, n in active:
        if group and rows + n > most:
            yield group
            group, rows = [], 0
        group.append(actor)
        rows += n
    if group:
        yield group


def _by_day(rows: Iterable[Look], rule: Rule, zone: ZoneInfo) -> dict[tuple[str, str, str], list[Look]]:
    found: dict[tuple[str, str, str], list[Look]] = defaultdict(list)
    for row in rows:
        if row.role in rule.roles and row.action in rule.actions:
            found[row.role, row.actor, day_at(row.at, zone).isoformat()].append(row)
    return found


def _many(rows: Sequence[Look], rule: Rule, zone: ZoneInfo) -> Iterator[Found]:
    """The first moment of a day at which one account had looked at too many people within the window."""
    window = timedelta(minutes=rule.minutes)
    for (role, actor, day), looks in _by_day(rows, rule, zone).items():
        first = 0
        seen: dict[UUID, int] = defaultdict(int)
        for look in looks:
            seen[look.person_id] += 1
            while look.at - looks[first].at > window:
                gone = looks[first].person_id
                seen[gone] -= 1
                if not seen[gone]:
                    del seen[gone]
                first += 1
            if len(seen) >= rule.people:
                yield _found(rule.name, role, actor, day, look, len(seen), NOBODY)
                break


def _searched(rows: Sequence[Look], rule: Rule, zone: ZoneInfo) -> Iterator[Found]:
    """An account that found many people on a day and opened none of them."""
    opened = {
        (row.actor, row.person_id, day_at(row.at, zone).isoformat()) for row in rows if row.action == "read"
    }
    for (role, actor, day), looks in _by_day(rows, rule, zone).items():
        people = {look.person_id for look in looks}
        if len(people) >= rule.people and not any((actor, one, day) in opened for one in people):
            yield _found(rule.name, role, actor, day, looks[-1], len(people), NOBODY)


def _each(rows: Sequence[Look], name: str, holds: Any, zone: ZoneInfo) -> Iterator[Found]:
    """A rule about single looks: once for an account, a person and a day, with how often."""
    for (role, actor, day), looks in _by_day(rows, rules()[name], zone).items():
        counts: dict[UUID, list[Look]] = defaultdict(list)
        for look in looks:
            if holds(look):
                counts[look.person_id].append(look)
        for person, hits in counts.items():
            yield _found(name, role, actor, day, hits[0], len(hits), person)


def _found(rule: str, role: str, actor: str, day: str, look: Look, n: int, person: UUID) -> Found:
    return Found(rule, role, actor, person, n, look.at, look.chain, look.seq, f"{rule}|{actor}|{day}")


def _night(row: Look, rule: Rule, zone: ZoneInfo) -> bool:
    hour = row.at.astimezone(zone).time()
    return rule.since is not None and rule.until is not None and (hour >= rule.since or hour < rule.until)


def _plain(name: str) -> str:
    return "".join(name.split())


def surname(name: str) -> str:
    """The first part of a name as it is written in Japan; empty where it has no parts.

    >>> surname("山田 花子"), surname("山田　花子"), surname("山田花子")
    ('山田', '山田', '')
    """
    parts = name.split()
    return parts[0] if len(parts) > 1 else ""


def _own(row: Look, known: Known) -> bool:
    mine, theirs = known.accounts.get(row.actor, ""), known.people.get(row.person_id, ("", ""))[0]
    return bool(_plain(mine)) and _plain(mine) == _plain(theirs)


def _home(row: Look, known: Known) -> bool:
    address = known.people.get(row.person_id, ("", ""))[1]
    return bool(address) and address in known.homes.get(row.actor, frozenset()) and not _own(row, known)


def _surname(row: Look, known: Known) -> bool:
    mine = surname(known.accounts.get(row.actor, ""))
    theirs = surname(known.people.get(row.person_id, ("", ""))[0])
    return bool(mine) and mine == theirs and not _own(row, known)
