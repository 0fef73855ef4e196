"""FHIR R4 as such: structure and types by the library, required codes by our table; all that is wrong, not the first.

The library has R4B. Types that R4B changed are not judged, those that it added are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import Any, Final

from pydantic import ValidationError

from phr.domain.fhir.types import kinds

_MOST: Final = 100
_NAME: Final = re.compile(r"_?[a-z][A-Za-z0-9]*", re.ASCII)
_DEEP: Final = 60


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. code: of FHIR's issue types; place: an expression such as Observation.component[0].code."""

    severity: str
    code: str
    text: str
    place: str


@cache
def types() -> frozenset[str]:
    """The types of R4 whose definition R4B kept."""
    text = resources.files("phr.domain.profiles").joinpath("r4_types.txt").read_text("utf-8")
    return frozenset(text.split())


@cache
def _model(kind: str) -> Any:
    return getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)


def base_issues(resource: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with a resource as FHIR R4; at most a hundred findings."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in types():
        return [Issue("fatal", "not-supported", "is no type that can be judged here", "resourceType")]
    odd = list(_odd(resource, kind, 0))[:_MOST]
    if odd:  # the library would read some of these in its own way
        return odd
    found = [*_structure(resource, kind), *_codes(resource, kind)]
    return found[:_MOST]


def _odd(value: object, place: str, depth: int) -> Iterator[Issue]:
    """What JSON can say and FHIR cannot: null members, empty arrays and objects, the sign 0, names of no element."""
    if depth > _DEEP:
        yield Issue("error", "structure", "is nested too deeply", place[:200])
    elif isinstance(value, Mapping | list) and not value:
        yield Issue("error", "structure", "must not be empty", place)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _member(name, one, place, depth)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            if one is not None:  # beside a primitive that has an extension
                yield from _odd(one, f"{place}[{at}]", depth + 1)
    elif isinstance(value, str) and "\0" in value:
        yield Issue("error", "value", "holds a control character", place)


def _member(name: str, value: object, place: str, depth: int) -> Iterator[Issue]:
    if _NAME.fullmatch(name) is None:
        yield Issue("error", "structure", "holds a member that FHIR does not know", place)
    elif value is None:
        yield Issue("error", "structure", "must not be null", f"{place}.{name}")
    else:
        yield from _odd(value, f"{place}.{name}", depth + 1)


def _structure(resource: Mapping[str, Any], kind: str) -> Iterator[Issue]:
    try:
        _model(kind).model_validate(dict(resource))
    except ValidationError as error:
        seen = set()
        for one in error.errors(include_url=False, include_context=False, include_input=False):
            strange = one["type"] == "extra_forbidden"  # a name that FHIR does not know may be anybody's
            place = _place(kind, one["loc"][:-1] if strange else one["loc"])
            missing = "missing" in one["type"]
            text = "holds an element that FHIR R4 does not know" if strange else ""
            text = text or ("is missing" if missing else f"is not valid FHIR R4 ({one['type']})")
            if (place, text) not in seen:
                seen.add((place, text))
                yield Issue("error", "required" if missing else "structure", text, place)
    except (RecursionError, ValueError, TypeError, AttributeError, AssertionError, LookupError):
        yield Issue("error", "structure", "is not valid FHIR R4", kind)


def _place(kind: str, loc: tuple[int | str, ...]) -> str:
    text = kind
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text


def _codes(resource: Mapping[str, Any], kind: str) -> Iterator[Issue]:
    """Required bindings, which the library does not check."""
    known = kinds().get(kind)
    for name, codes in known.codes.items() if known else ():
        element = name.removesuffix("?")
        given = resource.get(element)
        if given is None and not name.endswith("?") and f"_{element}" not in resource:
            yield Issue("error", "required", "is missing", f"{kind}.{element}")
        elif given is not None and (not isinstance(given, str) or given not in codes):
            yield Issue(
                "error", "code-invalid", "is not a code of the required value set", f"{kind}.{element}"
            )
