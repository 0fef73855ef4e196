"""The FHIR types that this service holds: whose they are, under which consent they stand, what may be done with them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

INTERACTIONS: Final = ("read", "vread", "history", "create", "update", "patch", "delete")
"""Every interaction with a resource, in the order of the reference."""
SERVED: Final = frozenset({"documents", "register", "consents", "trail", "groups", "subscriptions"})
UNCLASSIFIED: Final = "unclassified"
"""The category of what no consent names: the person has it, and nobody else ever sees it."""
DIRECTORY: Final = "directory"
"""The category of what is about nobody: read by everybody who signed in, written by staff."""
NOBODY: Final = UUID(int=0)
"""Whom the directory is about."""
STAFF: Final = frozenset({"nurse", "registrar", "operator"})
"""The roles that write the directory."""
_NAMES: Final = frozenset(
    {"served", "person", "category", "code", "time", "status", "without", "directory", "codes"}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One type; see types.toml for what each part says."""

    name: str
    served: str
    category: str
    person: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    status: str = ""
    interactions: tuple[str, ...] = INTERACTIONS
    directory: bool = False
    codes: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


def load(raw: Mapping[str, Any]) -> dict[str, Kind]:
    """The types of a parsed types.toml. Raises ValueError with the place of what is wrong."""
    found = {}
    for name, row in raw.items():
        unknown = set(row) - _NAMES
        if unknown or row.get("served") not in SERVED or not row.get("category"):
            raise ValueError(f"{name}: unknown or missing {sorted(unknown) or 'served or category'}")
        without = frozenset(row.get("without", ()))
        if without - set(INTERACTIONS):
            raise ValueError(f"{name}.without: no such interaction")
        found[name] = Kind(
            name=name,
            served=row["served"],
            category=row["category"],
            person=tuple(row.get("person", ())),
            code=tuple(row.get("code", ())),
            time=tuple(row.get("time", ())),
            status=row.get("status", ""),
            interactions=tuple(one for one in INTERACTIONS if one not in without),
            directory=bool(row.get("directory", False)),
            codes=MappingProxyType({key: frozenset(codes) for key, codes in row.get("codes", {}).items()}),
        )
    return found


@cache
def kinds() -> Mapping[str, Kind]:
    """Every type, by name."""
    text = files("phr.domain.fhir").joinpath("types.toml").read_text("utf-8")
    return MappingProxyType(load(tomllib.loads(text)))


def writable(kind: str) -> bool:
    """Whether resources of a type are taken at all."""
    return kind in kinds() and "create" in kinds()[kind].interactions
