"""A whole search as it was asked: criteria, chains, what is included, and how the answer is shaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from phr.domain.fhirsearch.criteria import Criterion, Place, allowed, criterion
from phr.domain.fhirsearch.definitions import PARAMETERS, Parameter, parameter
from phr.domain.query import MAX_COUNT
from phr.errors import Invalid

Pairs = Sequence[tuple[str, str]]
SUMMARIES: Final = ("true", "text", "data", "count", "false")
TOTALS: Final = ("none", "estimate", "accurate")
_FORMATS: Final = frozenset({"json", "application/json", "application/fhir+json"})
_DEEPEST: Final = 3
_MOST: Final = 12  # chains, reverse chains and includes of each kind in one search
_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Chain:
    """``subject:Patient.name=x``: resources whose reference leads to one of ``kind`` that matches ``rest``."""

    of: Parameter
    kind: str
    rest: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Has:
    """``_has:Observation:patient:code=x``: resources that one of ``kind`` which matches ``rest`` refers to by ``of``."""

    kind: str
    of: Parameter
    rest: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Include:
    """``Observation:subject:Patient``: what resources of ``kind`` refer to by ``of`` (None: by any), or the other way."""

    kind: str
    of: Parameter | None
    target: str
    again: bool


@dataclass(frozen=True, slots=True)
class Sort:
    """A key of the order."""

    of: Parameter
    descending: bool


@dataclass(frozen=True)
class Request:
    """What is searched. used: the parameters that count, as they came.

    worked_out: what others concluded from it, kept beside it: it never changes, and a copy with other fields begins anew.
    """

    kind: str
    criteria: tuple[Criterion, ...] = ()
    chains: tuple[Chain, ...] = ()
    has: tuple[Has, ...] = ()
    lists: tuple[str, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = _PAGE
    total: str = ""
    summary: str = ""
    elements: tuple[str, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    place: Place = field(kw_only=True)
    worked_out: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @cached_property
    def address(self) -> str:
        """The type with the parameters that count, as they stand in an address."""
        query = urlencode(self.used)
        return f"{self.kind}?{query}" if query else self.kind


def request(kind: str, given: Pairs, place: Place, *, lenient: bool = False) -> Request:
    """The search that parameters ask for. Raises Invalid; a lenient one leaves out names that it does not know."""
    if kind not in PARAMETERS:
        raise Invalid("not a type that is searched", field="resourceType")
    found, used = Request(kind, place=place), []
    for name, value in given:
        try:
            known = _known(kind, name)
        except Invalid:
            if not lenient:
                raise
            continue
        found = _with(found, known, name, value)
        used.append((name, value))
    found = replace(found, used=tuple(used))
    if max(map(len, (found.chains, found.has, found.includes, found.revincludes))) > _MOST:
        raise Invalid(f"more than {_MOST} chains or includes", field="query")
    return found


def _known(kind: str, name: str) -> Parameter | None:
    """The parameter of a name, None where it is none of a type's elements. Raises Invalid for an unknown one."""
    head, _, modifier = name.partition("." if "." in name and not name.startswith("_has:") else ":")
    base = head.partition(":")[0]
    if base == "_has" or name in _RESULT or name in ("_include:iterate", "_revinclude:iterate"):
        return None
    found = parameter(kind, base)
    if "." not in name:
        allowed(found, modifier)
    return found


def _with(found: Request, known: Parameter | None, name: str, value: str) -> Request:
    if name.partition(":")[0] == "_has":
        return replace(found, has=(*found.has, _has(name, value)))
    if known is None:
        shaped: Request = _RESULT[name.partition(":")[0]](found, name, value)
        return shaped
    if "." in name:
        return replace(found, chains=(*found.chains, *_chain(known, name, value)))
    modifier = name.partition(":")[2]
    return replace(found, criteria=(*found.criteria, criterion(known, modifier, value, found.place)))


def _chain(of: Parameter, name: str, value: str) -> list[Chain]:
    head, _, rest = name.partition(".")
    kind = head.partition(":")[2]
    if of.type != "reference" or name.count(".") > _DEEPEST:
        raise Invalid("cannot be chained", field=name[:64])
    kinds = [kind] if kind else [one for one in of.targets if one in PARAMETERS]
    first = rest.partition(".")[0].partition(":")[0]
    able = [one for one in kinds if first in PARAMETERS.get(one, {}) or first == "_has"]
    if len(able) != 1 or (kind and of.targets and kind not in of.targets):
        raise Invalid("name the type of the reference, and a parameter of that type", field=name[:64])
    return [Chain(of, able[0], (rest, value))]


def _has(name: str, value: str) -> Has:
    pieces = name.split(":", 3)
    if len(pieces) != 4 or name.count("_has:") > _DEEPEST:
        raise Invalid("expected _has:Type:reference:parameter", field="_has")
    of = parameter(pieces[1], pieces[2])
    if of.type != "reference":
        raise Invalid("expected the name of a reference", field="_has")
    return Has(pieces[1], of, (pieces[3], value))


def include(name: str, value: str) -> Include:
    """A value of _include or _revinclude. Raises Invalid."""
    pieces = value.split(":")
    if not 2 <= len(pieces) <= 3 or pieces[0] not in PARAMETERS:
        raise Invalid("expected Type:reference or Type:reference:Target", field=name[:64])
    of = None if pieces[1] == "*" else parameter(pieces[0], pieces[1])
    if of is not None and of.type != "reference":
        raise Invalid("expected the name of a reference", field=name[:64])
    return Include(pieces[0], of, pieces[2] if len(pieces) == 3 else "", name.endswith(":iterate"))


def _included(found: Request, name: str, value: str) -> Request:
    return replace(found, includes=(*found.includes, include(name, value)))


def _revincluded(found: Request, name: str, value: str) -> Request:
    return replace(found, revincludes=(*found.revincludes, include(name, value)))


def _sorted(found: Request, name: str, value: str) -> Request:
    keys = []
    for one in value.split(","):
        of = parameter(found.kind, one.removeprefix("-"))
        if of.type in ("composite", "reference"):
            raise Invalid("cannot be sorted by this", field=name)
        keys.append(Sort(of, one.startswith("-")))
    return replace(found, sort=tuple(keys))


def _counted(found: Request, name: str, value: str) -> Request:
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise Invalid("expected a whole number", field=name)
    return replace(found, count=min(int(value), MAX_COUNT))


def _totalled(found: Request, name: str, value: str) -> Request:
    return replace(found, total=_one_of(TOTALS, name, value))


def _summarised(found: Request, name: str, value: str) -> Request:
    return replace(found, summary=_one_of(SUMMARIES, name, value))


def _chosen(found: Request, name: str, value: str) -> Request:
    names = tuple(value.split(","))
    if not all(one.isascii() and one.isalnum() for one in names):
        raise Invalid("expected names of elements", field=name)
    return replace(found, elements=names)


def _formatted(found: Request, name: str, value: str) -> Request:
    if value.replace(" ", "+").partition(";")[0] not in _FORMATS:  # a + that was not encoded
        raise Invalid("only JSON is served", field=name)
    return found


def _listed(found: Request, name: str, value: str) -> Request:
    del name
    return replace(found, lists=(*found.lists, value))


def _unshown(found: Request, name: str, value: str) -> Request:
    _one_of(("true", "false"), name, value)
    return found


def _one_of(known: Sequence[str], name: str, value: str) -> str:
    if value not in known:
        raise Invalid(f"expected one of {', '.join(known)}", field=name)
    return value


_RESULT: Final[Mapping[str, Any]] = {
    "_include": _included,
    "_revinclude": _revincluded,
    "_sort": _sorted,
    "_count": _counted,
    "_total": _totalled,
    "_summary": _summarised,
    "_elements": _chosen,
    "_format": _formatted,
    "_pretty": _unshown,
    "_list": _listed,
}
RESULT_NAMES: Final = tuple(_RESULT)
