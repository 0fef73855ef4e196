"""What of a type goes into a file: scopes of the token, searches of the request, and the elements that are wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from phr.domain.bulk.kickoff import Asked
from phr.domain.fhir.texts import dump, parse
from phr.domain.fhir.types import kinds
from phr.domain.fhirsearch.matching import compiled, fits
from phr.domain.smart import scopes
from phr.domain.smart.constraints import met

_ALWAYS: Final = ("resourceType", "id", "meta", "implicitRules")
_SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
Test = Callable[[dict[str, Any]], bool]


def exported(scope: str, types: Sequence[str]) -> tuple[str, ...]:
    """The types that a token may export: all for the service's own tokens, else those of its system scopes.

    A token for one person's data, or for what its user sees, exports nothing, whatever it may read.
    """
    if not scope:
        return tuple(types)
    granted = _system(scope)
    return tuple(
        kind for kind in types if scopes.allows(granted, kind, "r") and scopes.allows(granted, kind, "s")
    )


def _system(scope: str) -> list[scopes.Scope]:
    return [one for one in scopes.split(scope)[0] if one.level == "system"]


def writable(scope: str, resource: Mapping[str, Any]) -> bool:
    """Whether a token may bring in a resource: make it, and put it in the place of an earlier version."""
    if not scope:
        return True
    granted, kind = scopes.split(scope)[0], str(resource.get("resourceType"))
    return all(scopes.admits(granted, kind, action, resource, met) for action in "cu")


class Sieve:
    """Lets resources of one type through."""

    def __init__(self, kind: str, asked: Asked, scope: str, zone: ZoneInfo) -> None:
        self._tests: list[Test] = []
        granted = [one for one in _system(scope) if one.names(kind) and "r" in one.actions]
        if granted and not any(not one.constraints for one in granted):
            self._tests.append(partial(_admitted, granted, kind))
        if kind in asked.filters:
            queries = [compiled(kind, query, zone) for query in asked.filters[kind]]
            self._tests.append(lambda resource: any(fits(query, resource) for query in queries))
        names = [*asked.elements.get("", ()), *asked.elements.get(kind, ())]
        self._elements = frozenset((*_ALWAYS, *_mandatory(kind), *names)) if names else None

    @property
    def open(self) -> bool:
        """Whether everything goes through as it is."""
        return not self._tests and self._elements is None

    def __call__(self, bodies: list[bytes]) -> list[bytes]:
        """Those that go through, with the elements that are wanted."""
        if self.open:
            return bodies
        found = []
        for body in bodies:
            resource = parse(body)
            if all(test(resource) for test in self._tests):
                found.append(body if self._elements is None else self._cut(resource))
        return found

    def _cut(self, resource: dict[str, Any]) -> bytes:
        wanted = self._elements or frozenset()
        kept = {name: value for name, value in resource.items() if name.removeprefix("_") in wanted}
        meta = kept.get("meta", {})
        kept["meta"] = {**meta, "tag": [*meta.get("tag", []), _SUBSETTED]}
        return dump(kept).encode()


def _admitted(granted: list[scopes.Scope], kind: str, resource: dict[str, Any]) -> bool:
    return scopes.admits(granted, kind, "r", resource, met)


def _mandatory(kind: str) -> tuple[str, ...]:
    """What says whose a resource is, what it is and how it stands: never left out."""
    known = kinds()[kind]
    return (*known.person, *known.code, *((known.status,) if known.status else ()))
