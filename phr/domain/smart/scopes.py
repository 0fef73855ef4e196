"""Scopes of SMART App Launch 2.2: their grammar, what two of them have in common, and what a set of them lets through.

``patient/Observation.rs?category=vital-signs``: whose data, which resource type, what may be done (create, read,
update, delete, search: in this order only) and, behind the question mark, search parameters that a resource must
match. Several scopes are a union; the parameters of one are all to be met. The older form (``.read``, ``.write``,
``.*``) is understood and given back as it was asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Literal, cast
from urllib.parse import parse_qsl

from consent.categories import SYSTEM
from phr.errors import Invalid, Unsafe

Level = Literal["patient", "user", "system"]
Matches = Callable[[str, str, str, Mapping[str, Any]], bool]
"""Whether a resource of a type meets a search parameter with a value; what is not understood is not met."""

ANY: Final = "*"
LETTERS: Final = "cruds"
READING: Final = "rs"
OPENID: Final = "openid"
FHIR_USER: Final = "fhirUser"
OFFLINE: Final = "offline_access"
ONLINE: Final = "online_access"
LAUNCH_PATIENT: Final = "launch/patient"
INTROSPECT: Final = "__introspect"
"""Our own: who holds it may ask about the tokens of other apps. Two underscores mark what is not SMART's."""
LAUNCH: Final = (OPENID, FHIR_USER, LAUNCH_PATIENT, OFFLINE, ONLINE)
_LONGEST: Final = 4096
_FHIR: Final = re.compile(r"(?i:patient|user|system)/")
_FORM: Final = re.compile(
    r"(patient|user|system)/([A-Z][A-Za-z]{1,40}|\*)\.([a-z*]{1,6})(?:\?([!#-\[\]-~]{1,2000}))?"
)
_PERMISSIONS: Final = re.compile(r"c?r?u?d?s?")
_OLD: Final = {"read": "rs", "write": "cud", "*": LETTERS}


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope for resources. text: as it was asked for; constraints: pairs of parameter and value, all to be met."""

    level: Level
    kind: str
    actions: str
    constraints: tuple[tuple[str, str], ...] = ()
    text: str = ""

    def __str__(self) -> str:
        """As it is granted and reported."""
        return self.text or self._plain()

    def _plain(self) -> str:
        behind = "&".join(f"{name}={_escaped(value)}" for name, value in self.constraints)
        return f"{self.level}/{self.kind}.{self.actions}" + (f"?{behind}" if behind else "")

    def names(self, kind: str) -> bool:
        """Whether it speaks of a resource type."""
        return self.kind in {ANY, kind}

    def implies(self, other: Scope) -> bool:
        """Whether whatever the other lets through, this one lets through too."""
        return (
            self.level == other.level
            and self.names(other.kind)
            and set(other.actions) <= set(self.actions)
            and set(self.constraints) <= set(other.constraints)
        )


@dataclass(frozen=True, slots=True)
class Table:
    """scopes.toml: the types, and for each the parameters that may constrain it."""

    types: frozenset[str]
    constraints: Mapping[str, frozenset[str]]

    def enforceable(self, one: Scope) -> bool:
        """Whether the service serves the type and can hold the scope to each of its parameters."""
        if one.kind == ANY:
            return not one.constraints
        known = self.constraints["any"] | self.constraints.get(one.kind, frozenset())
        return one.kind in self.types and all(name in known for name, _value in one.constraints)


def table(raw: Mapping[str, Any]) -> Table:
    """The table of a parsed scopes.toml, checked."""
    types = frozenset(str(one) for one in raw["types"])
    constraints = {kind: frozenset(str(one) for one in names) for kind, names in raw["constraints"].items()}
    if not set(constraints) - {"any"} <= types or "any" not in constraints:
        raise Unsafe("scopes.toml: constraints name a type that is not among the types")
    return Table(types, constraints)


TABLE: Final = table(tomllib.loads(resources.files(__package__).joinpath("scopes.toml").read_text("utf-8")))


def parse(text: str) -> Scope:
    """One scope for resources. Raises Invalid where it is none: letters out of order, an unknown letter, a lost part."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise Invalid("not a scope for resources", field="scope")
    level, kind, asked, query = found.groups()
    actions = _OLD.get(asked, asked)
    if not _PERMISSIONS.fullmatch(actions):
        raise Invalid("the permissions of a scope are some of c, r, u, d, s, in this order", field="scope")
    return Scope(cast("Level", level), kind, actions, _constraints(query), text)


def _constraints(query: str | None) -> tuple[tuple[str, str], ...]:
    if query is None:
        return ()
    try:
        pairs = parse_qsl(
            query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        raise Invalid("what follows the question mark is no search", field="scope") from None
    if any(not name or not value for name, value in pairs):
        raise Invalid("a parameter without a name or a value", field="scope")
    return tuple(dict.fromkeys(pairs))


def _escaped(value: str) -> str:
    """A value as it stands in a scope: what would end it, or the list of scopes, is percent-encoded."""
    return re.sub(
        r"[^A-Za-z0-9:/._~,|\-]", lambda found: "".join(f"%{one:02X}" for one in found[0].encode()), value
    )


def split(text: str) -> tuple[list[Scope], list[str]]:
    """A list of scopes: those for resources, and the others, each once. Raises Invalid for one that is broken."""
    if len(text) > _LONGEST:
        raise Invalid("too many scopes", field="scope")
    words = list(dict.fromkeys(text.split()))
    return [parse(one) for one in words if _FHIR.match(one)], [one for one in words if not _FHIR.match(one)]


def meet(one: Scope, other: Scope) -> Scope | None:
    """What both let through; None when that is nothing."""
    if one.level != other.level or not (one.names(other.kind) or other.names(one.kind)):
        return None
    actions = "".join(letter for letter in LETTERS if letter in one.actions and letter in other.actions)
    if not actions:
        return None
    kind = other.kind if one.kind == ANY else one.kind
    both = Scope(one.level, kind, actions, tuple(dict.fromkeys((*one.constraints, *other.constraints))))
    return one if both.implies(one) else both


def joined(scopes: Iterable[Scope]) -> list[Scope]:
    """The same union without the scopes that another one covers."""
    kept: list[Scope] = []
    for one in scopes:
        if any(other.implies(one) for other in kept):
            continue
        kept = [other for other in kept if not one.implies(other)] + [one]
    return kept


def narrowed(asked: str, allowed: str, levels: Iterable[Level]) -> str:
    """What of an asked list is within the allowed one and can be enforced; never more than either. Raises Invalid."""
    wanted, other = split(asked)
    may, launch = split(allowed)
    given = joined(
        both
        for one in wanted
        if one.level in set(levels)
        for limit in may
        if (both := meet(one, limit)) is not None and TABLE.enforceable(both)
    )
    return " ".join([*(word for word in other if word in launch), *map(str, given)])


def within(asked: str, granted: str) -> bool:
    """Whether each asked scope is covered by what was granted: a refresh may narrow and never widen. Raises Invalid."""
    wanted, words = split(asked)
    may, known = split(granted)
    return all(_covered(one, may) for one in wanted) and set(words) <= set(known)


def _covered(one: Scope, may: Iterable[Scope]) -> bool:
    """Whether every letter of a scope is covered, each by some other scope."""
    limits = list(may)
    single = (Scope(one.level, one.kind, letter, one.constraints) for letter in one.actions)
    return all(any(limit.implies(part) for limit in limits) for part in single)


def allows(granted: Iterable[Scope], kind: str, action: str) -> bool:
    """Whether any scope lets an action be done with some resource of a type."""
    return any(one.names(kind) and action in one.actions for one in granted)


def admits(
    granted: Iterable[Scope], kind: str, action: str, resource: Mapping[str, Any], matches: Matches
) -> bool:
    """Whether the union of the scopes lets an action be done with this resource."""
    return any(
        one.names(kind)
        and action in one.actions
        and all(matches(kind, name, value, resource) for name, value in one.constraints)
        for one in granted
    )


def readable(granted: str) -> str:
    """What of a granted list lets read and search: whoever acts for somebody else lets an app write nothing."""
    found, words = split(granted)
    reading = [both for one in found if (both := meet(one, Scope(one.level, ANY, READING))) is not None]
    return " ".join([*words, *map(str, reading)])


def limited(granted: Iterable[Scope], categories: Iterable[str]) -> list[Scope]:
    """The same scopes, with Observations held to some kinds of data; one for every type is written out for that."""
    wanted = ",".join(f"{SYSTEM}|{key}" for key in categories)
    found: list[Scope] = []
    for one in granted:
        if one.kind == ANY:
            found += [Scope(one.level, kind, one.actions) for kind in sorted(TABLE.types - {"Observation"})]
        if one.names("Observation") and wanted:
            found.append(
                Scope(one.level, "Observation", one.actions, (*one.constraints, ("category", wanted)))
            )
        elif not one.names("Observation"):
            found.append(one)
    return found
