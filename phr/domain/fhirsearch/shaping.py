"""How matches are shown: summaries, chosen elements, and the order of a sorted search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final

from phr.domain.fhirsearch.criteria import Place
from phr.domain.fhirsearch.elements import under
from phr.domain.fhirsearch.numeric import decimal
from phr.domain.fhirsearch.request import Sort
from phr.domain.fhirsearch.texts import folded, pairs, strings
from phr.domain.fhirsearch.times import span

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})
Shape = Callable[[Mapping[str, Any]], dict[str, Any]]


@cache
def _names(kind: str) -> tuple[frozenset[str], frozenset[str]]:
    """The elements of a type's summary, and those that it cannot be without (value[x] counts as all its forms)."""
    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    mandatory = {
        one.alias or name
        for name, one in model.model_fields.items()
        if one.is_required() or _among_mandatory(one.json_schema_extra)
    }
    return frozenset(model.summary_elements_sequence()), frozenset(mandatory)


def _among_mandatory(extra: Any) -> bool:
    """Whether the library says of an element that it, or one of its forms, must be there."""
    return isinstance(extra, dict) and bool(
        extra.get("element_required") or extra.get("one_of_many_required")
    )


def shape(summary: str, elements: Sequence[str]) -> Shape | None:
    """How resources are shown; None as they are."""
    if elements:
        return lambda resource: _only(resource, frozenset(elements))
    if summary == "true":
        return lambda resource: _only(resource, _names(resource["resourceType"])[0] - {"text"})
    if summary == "text":
        return lambda resource: _only(resource, frozenset({"text"}))
    if summary == "data":
        return lambda resource: _marked({name: value for name, value in resource.items() if name != "text"})
    return None


def _only(resource: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    kept = names | _ALWAYS | _names(resource["resourceType"])[1]
    return _marked(
        {
            name: value
            for name, value in resource.items()
            if name.removeprefix("_") in kept or any(_is_choice(name, one) for one in names)
        }
    )


def _is_choice(name: str, wanted: str) -> bool:
    """``value`` names valueQuantity and its other forms."""
    return name.startswith(wanted) and name[len(wanted) : len(wanted) + 1].isupper()


def _marked(resource: dict[str, Any]) -> dict[str, Any]:
    meta = resource.get("meta", {})
    return {**resource, "meta": {**meta, "tag": [*meta.get("tag", []), SUBSETTED]}}


def ordered(
    found: list[Any], sort: Sequence[Sort], of: Callable[[Any], Mapping[str, Any]], place: Place
) -> list[Any]:
    """Things in the order of several keys of their resources; what has none comes last."""
    for one in reversed(sort):
        keyed = [(key(one, of(each), place), each) for each in found]
        held = [pair for pair in keyed if pair[0] is not None]
        held.sort(key=lambda pair: pair[0], reverse=one.descending)
        found = [each for _key, each in held] + [each for value, each in keyed if value is None]
    return found


def key(sort: Sort, resource: Mapping[str, Any], place: Place) -> Any:
    """What a resource is sorted by: the least of its values, or the greatest when descending; None without any."""
    part = sort.of.parts[0]
    found = [one for stored in under(resource, part.paths) for one in _KEYS[part.type](stored, place)]
    return (max if sort.descending else min)(found) if found else None


def _moments(stored: Any, place: Place) -> list[Any]:
    found = span(stored, place.zone)
    return [] if found is None else [found[0]]


def _numbers(stored: Any, place: Place) -> list[Any]:
    del place
    value = decimal(stored.get("value") if isinstance(stored, dict) else stored)
    return [] if value is None else [value]


def _codes(stored: Any, place: Place) -> list[Any]:
    del place
    return [code for _system, code in pairs(stored, "")]


def _texts(stored: Any, place: Place) -> list[Any]:
    del place
    return [folded(one) for one in strings(stored)]


_KEYS: Final[Mapping[str, Callable[[Any, Place], list[Any]]]] = {
    "date": _moments,
    "quantity": _numbers,
    "number": _numbers,
    "token": _codes,
    "string": _texts,
    "uri": _texts,
}
