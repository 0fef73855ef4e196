"""One criterion of a search: a parameter, its modifier and its value, made into a test of resources.

https://hl7.org/fhir/R4/search.html. A modifier that a parameter does not have is refused, never overlooked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from phr.domain.fhirsearch.definitions import Parameter, Part
from phr.domain.fhirsearch.elements import at, under
from phr.domain.fhirsearch.escapes import cut, plain
from phr.domain.fhirsearch.numeric import amount, decimal, measure
from phr.domain.fhirsearch.references import address, local, searched
from phr.domain.fhirsearch.texts import folded, of_type, pairs, shown, strings, token
from phr.domain.fhirsearch.times import span
from phr.domain.query import dates
from phr.errors import Invalid

Test = Callable[[Any], bool]
"""Whether one stored element fits."""
MODIFIERS: Final[Mapping[str, tuple[str, ...]]] = {
    "token": ("missing", "not", "text", "of-type"),
    "reference": ("missing", "identifier"),
    "string": ("missing", "exact", "contains"),
    "uri": ("missing", "below", "above"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "composite": (),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a search is asked: the city's zone, for values without one, and the address of this server."""

    zone: ZoneInfo
    base: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition on resources.

    tops: the top-level elements that it reads; positive: whether it holds only through something that is there.
    """

    name: str
    modifier: str
    value: str
    tops: frozenset[str]
    positive: bool
    fits: Callable[[Mapping[str, Any]], bool]


def criterion(of: Parameter, modifier: str, value: str, place: Place) -> Criterion:
    """The condition that a parameter with a value names. Raises Invalid."""
    allowed(of, modifier)
    made = partial(Criterion, of.name, modifier, value, of.tops)
    if modifier == "missing":
        if value not in ("true", "false"):
            raise Invalid("expected true or false", field=of.name)
        return made(value == "false", _missing(of, value == "true"))
    if of.type == "composite":
        return made(True, _composite(of, value, place))
    tests = [_test(of, of.parts[0], modifier, one, place) for one in cut(value, ",")]
    holds = _any(of.parts[0], tests)
    if modifier == "not":
        return made(False, lambda resource: not holds(resource))
    return made(True, holds)


def identified(identities: Collection[str]) -> Criterion:
    """Resources with one of these ids."""
    known = frozenset(identities)
    named = ",".join(sorted(known))
    return Criterion("_id", "", named, frozenset({"id"}), True, lambda resource: resource.get("id") in known)


def referring(of: Parameter, found: Collection[tuple[str, str]], base: str) -> Criterion:
    """Resources that refer to one of these types and ids."""
    known = frozenset(found)
    paths = of.parts[0].paths

    def fits(resource: Mapping[str, Any]) -> bool:
        return any(local(address(one), base) in known for one in under(resource, paths))

    return Criterion(of.name, "", "", of.tops, True, fits)


def allowed(of: Parameter, modifier: str) -> None:
    """Refuses a modifier that a parameter does not have."""
    named = of.type == "reference" and modifier[:1].isupper() and (not of.targets or modifier in of.targets)
    if modifier and not named and modifier not in MODIFIERS[of.type]:
        raise Invalid("modifier not supported", field=f"{of.name}:{modifier}"[:64])


def _missing(of: Parameter, wanted: bool) -> Callable[[Mapping[str, Any]], bool]:
    paths = of.parts[0].paths
    return lambda resource: (next(under(resource, paths), None) is None) is wanted


def _any(part: Part, tests: list[Test]) -> Callable[[Mapping[str, Any]], bool]:
    return lambda resource: any(test(one) for one in under(resource, part.paths) for test in tests)


def _composite(of: Parameter, value: str, place: Place) -> Callable[[Mapping[str, Any]], bool]:
    couples = []
    for one in cut(value, ","):
        halves = cut(one, "$")
        if len(halves) != 2:
            raise Invalid("expected two values with $ between them", field=of.name)
        couples.append(
            [
                _any(part, [_test(of, part, "", half, place)])
                for part, half in zip(of.parts, halves, strict=True)
            ]
        )

    def fits(resource: Mapping[str, Any]) -> bool:
        together = [one for base in of.bases for one in at(resource, base)]
        return any(first(one) and second(one) for one in together for first, second in couples)

    return fits


def _test(of: Parameter, part: Part, modifier: str, text: str, place: Place) -> Test:
    """The test that one alternative of a value names."""
    if not text:
        raise Invalid("has no value", field=of.name)
    return _MADE[part.type](of, modifier, text, place)


def _token(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del place
    if modifier == "text":
        start = folded(plain(text))
        return lambda stored: any(folded(one).startswith(start) for one in shown(stored))
    if modifier == "of-type":
        kind, value = of_type(text, of.name)
        return lambda stored: (
            isinstance(stored, dict)
            and stored.get("value") == value
            and any(kind.holds(one) for one in pairs(stored.get("type"), ""))
        )
    wanted = token(text, of.name)
    return lambda stored: any(wanted.holds(one) for one in pairs(stored, of.system))


def _reference(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    if modifier == "identifier":
        wanted = token(text, of.name)
        return lambda stored: (
            isinstance(stored, dict) and any(wanted.holds(one) for one in pairs(stored.get("identifier"), ""))
        )
    return searched(text, modifier, of.targets, place.base, of.name).holds


def _string(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del of, place
    given = plain(text)
    if modifier == "exact":
        return lambda stored: given in strings(stored)
    start = folded(given)
    if modifier == "contains":
        return lambda stored: any(start in folded(one) for one in strings(stored))
    return lambda stored: any(folded(one).startswith(start) for one in strings(stored))


def _uri(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del of, place
    given = plain(text)
    if modifier == "below":
        return lambda stored: isinstance(stored, str) and stored.startswith(given)
    if modifier == "above":
        return lambda stored: isinstance(stored, str) and given.startswith(stored)
    return lambda stored: stored == given


def _date(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del modifier
    wanted = dates(text, of.name, place.zone)[0]

    def test(stored: Any) -> bool:
        found = span(stored, place.zone)
        return found is not None and wanted.holds(*found)

    return test


def _quantity(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del modifier, place
    return measure(text, of.name).holds


def _number(of: Parameter, modifier: str, text: str, place: Place) -> Test:
    del modifier, place
    wanted = amount(text, of.name)

    def test(stored: Any) -> bool:
        value = decimal(stored)
        return value is not None and wanted.holds((value, value))

    return test


_MADE: Final[Mapping[str, Callable[[Parameter, str, str, Place], Test]]] = {
    "token": _token,
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "quantity": _quantity,
    "number": _number,
}
