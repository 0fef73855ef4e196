"""What a client asks of $export: parameters of FHIR Bulk Data 2.0, strict by default, each mistake named once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from phr.domain.fhir.types import kinds
from phr.errors import Invalid

FORMATS: Final = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_KNOWN: Final = frozenset({"_outputFormat", "_since", "_type", "_typeFilter", "_elements", "patient"})
_RESULT: Final = frozenset(
    {"_sort", "_count", "_include", "_revinclude", "_summary", "_total", "_elements", "_contained", "_format"}
)
_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_ELEMENT: Final = re.compile(r"(?:([A-Z][A-Za-z]*)\.)?([a-z][A-Za-z]*)", re.ASCII)
_NEXT_FILTER: Final = re.compile(r",(?=[A-Z][A-Za-z]*\?)", re.ASCII)
_SINCE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+ -]\d\d:\d\d)", re.ASCII)
CheckFilter = Callable[[str, str], None]
"""Raises Invalid when a search of a type cannot be understood: type, query."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, understood. ignored: what a lenient client asked for and does not get; types in the order of files."""

    level: str
    group: str
    types: tuple[str, ...]
    url: str
    since: datetime | None = None
    elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    patients: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The same as JSON."""
        return {
            "level": self.level,
            "group": self.group,
            "types": list(self.types),
            "url": self.url,
            "since": None if self.since is None else self.since.isoformat(),
            "elements": {kind: list(names) for kind, names in self.elements.items()},
            "filters": {kind: list(queries) for kind, queries in self.filters.items()},
            "patients": None if self.patients is None else list(self.patients),
            "ignored": list(self.ignored),
        }


def of_plain(raw: Mapping[str, Any]) -> Asked:
    """A request from its JSON."""
    return Asked(
        raw["level"],
        raw["group"],
        tuple(raw["types"]),
        raw["url"],
        None if raw["since"] is None else datetime.fromisoformat(raw["since"]),
        {kind: tuple(names) for kind, names in raw["elements"].items()},
        {kind: tuple(queries) for kind, queries in raw["filters"].items()},
        None if raw["patients"] is None else tuple(raw["patients"]),
        tuple(raw["ignored"]),
    )


def exportable(level: str) -> tuple[str, ...]:
    """The types of a level: of people everywhere, and what is about nobody for the whole system."""
    found = []
    for kind in kinds().values():
        of_people = kind.name == "Patient" or bool(kind.person)
        if kind.served in {"documents", "register"} and (of_people or level == "system"):
            found.append(kind.name)
    return tuple(found)


def understood(
    level: str, group: str, given: Sequence[tuple[str, str]], url: str, check: CheckFilter, *, lenient: bool
) -> Asked:
    """The request in pairs of names and values. Raises Invalid naming the parameter."""
    ignored: list[str] = []
    pairs = [(name, value) for name, value in given if name in _KNOWN]
    for name in dict.fromkeys(name for name, _value in given if name not in _KNOWN):
        if not lenient:
            raise Invalid("is not supported", field=_shown(name))
        ignored.append(f"the parameter {_shown(name)} is not supported and was left out")
    types = _types(level, _all(pairs, "_type"), ignored, lenient=lenient)
    _format(_all(pairs, "_outputFormat"))
    return Asked(
        level,
        group,
        types,
        url,
        _since(_all(pairs, "_since")),
        _elements(_all(pairs, "_elements")),
        _filters(_all(pairs, "_typeFilter"), types, check),
        _patients(_all(pairs, "patient"), level),
        tuple(ignored),
    )


def _shown(name: str) -> str:
    """A parameter's name as it may be said back."""
    return name if re.fullmatch(r"[A-Za-z_:.\-]{1,40}", name) else "a parameter"


def _all(pairs: Sequence[tuple[str, str]], name: str) -> list[str]:
    return [value for one, value in pairs if one == name]


def _parts(values: Sequence[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _format(values: Sequence[str]) -> None:
    if any(value.replace(" ", "+") not in FORMATS for value in values):
        raise Invalid("must be application/fhir+ndjson", field="_outputFormat")


def _types(level: str, values: Sequence[str], ignored: list[str], *, lenient: bool) -> tuple[str, ...]:
    known = exportable(level)
    if not values:
        return known
    wanted = _parts(values)
    if not lenient and (not wanted or set(wanted) - set(known)):
        raise Invalid(f"holds a type that is not exported here; these are: {', '.join(known)}", field="_type")
    if set(wanted) - set(known):
        ignored.append("a type that is not exported here was left out")
    return tuple(kind for kind in known if kind in wanted)


def _since(values: Sequence[str]) -> datetime | None:
    if not values:
        return None
    if len(values) > 1 or not _SINCE.fullmatch(values[0]):
        raise Invalid("must be one FHIR instant, with its zone", field="_since")
    try:
        return datetime.fromisoformat(values[0].replace(" ", "+"))  # an unescaped plus arrives as a space
    except ValueError as error:
        raise Invalid("must be one FHIR instant, with its zone", field="_since") from error


def _elements(values: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Type -> the elements that are kept of it; the type "" is for every type."""
    found: dict[str, list[str]] = {}
    for part in _parts(values):
        match = _ELEMENT.fullmatch(part)
        if match is None or (match[1] is not None and match[1] not in kinds()):
            raise Invalid("must be names of elements, with or without a type before them", field="_elements")
        found.setdefault(match[1] or "", []).append(match[2])
    return {kind: tuple(names) for kind, names in found.items()}


def _filters(values: Sequence[str], types: Sequence[str], check: CheckFilter) -> dict[str, tuple[str, ...]]:
    """Type -> searches, any of which a resource must match."""
    found: dict[str, list[str]] = {}
    for part in (part for value in values for part in _NEXT_FILTER.split(value)):
        kind, mark, query = part.partition("?")
        if not mark or not query or kind not in types:
            raise Invalid("must be a search of a type that is asked for, as Type?query", field="_typeFilter")
        names = {pair.partition("=")[0].partition(":")[0] for pair in query.split("&")}
        if names & _RESULT:
            raise Invalid("must not shape the result, only choose resources", field="_typeFilter")
        try:
            check(kind, query)
        except Invalid as problem:
            raise Invalid(f"{problem.field}: {problem.problem}", field="_typeFilter") from None
        found.setdefault(kind, []).append(query)
    return {kind: tuple(queries) for kind, queries in found.items()}


def _patients(values: Sequence[str], level: str) -> tuple[str, ...] | None:
    if not values:
        return None
    if level == "system":
        raise Invalid("is for exports of Patient and Group", field="patient")
    named = [value.removeprefix("Patient/") for value in values]
    if any(_ID.fullmatch(one) is None for one in named):
        raise Invalid("must be references to Patients", field="patient")
    return tuple(dict.fromkeys(named))


_VALUES: Final = ("valueString", "valueInstant", "valueCode", "valueUri", "valueDateTime", "valueCanonical")


def of_parameters(resource: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pairs of a Parameters resource. Raises Invalid."""
    if resource.get("resourceType") != "Parameters" or not isinstance(resource.get("parameter", []), list):
        raise Invalid("must be Parameters", field="resourceType")
    found = []
    for one in resource.get("parameter", []):
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise Invalid("must have a name", field="Parameters.parameter")
        reference = one.get("valueReference")
        texts = [one[name] for name in _VALUES if name in one]
        if isinstance(reference, dict):
            texts.append(reference.get("reference"))
        if len(texts) != 1 or not isinstance(texts[0], str):
            raise Invalid("must have one value of text", field=f"Parameters.parameter:{_shown(one['name'])}")
        found.append((one["name"], texts[0]))
    return found
