"""The search parameters of each type, read from parameters.toml and checked."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from phr.errors import Invalid

TYPES: Final = frozenset({"token", "reference", "date", "quantity", "string", "uri", "number", "composite"})
_PATH: Final = re.compile(r"[A-Za-z]+(\[[a-z]+=[a-z]+\])?(\.[A-Za-z]+(\[[a-z]+=[a-z]+\])?)*")
Step = tuple[str, str, str]
"""An element's name, and a member with the value that keeps it ("" for all)."""


@dataclass(frozen=True, slots=True)
class Part:
    """One half of a composite, or a whole plain parameter: its type and where its values stand."""

    type: str
    paths: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of a type.

    parts: of a composite both halves, of any other just one; bases: where the halves of a composite stand together;
    tops: the top-level elements that it reads.
    """

    name: str
    type: str
    parts: tuple[Part, ...]
    bases: tuple[tuple[Step, ...], ...]
    system: str
    targets: tuple[str, ...]
    tops: frozenset[str]
    source: str


def _path(text: str) -> tuple[Step, ...]:
    """The steps of a path; ValueError names what is none."""
    if not text:
        return ()
    if _PATH.fullmatch(text) is None:
        raise ValueError(f"parameters.toml: {text} is no path")
    steps = []
    for one in text.split("."):
        name, _, rest = one.partition("[")
        member, _, value = rest.rstrip("]").partition("=")
        steps.append((name, member, value))
    return tuple(steps)


def _parameter(kind: str, name: str, raw: Mapping[str, Any]) -> Parameter:
    composite = raw["type"] == "composite"
    given = raw["parts"] if composite else [[raw["type"], *raw["paths"]]]
    bases = tuple(_path(text) for text in raw.get("bases", [""]))
    parts = tuple(Part(one[0], tuple(_path(text) for text in one[1:])) for one in given)
    if raw["type"] not in TYPES or len(parts) != (2 if composite else 1):
        raise ValueError(f"parameters.toml: {kind}.{name}")
    whole = [(*base, *path) for base in bases for part in parts for path in part.paths]
    return Parameter(
        name=name,
        type=raw["type"],
        parts=parts,
        bases=bases,
        system=raw.get("system", ""),
        targets=tuple(raw.get("targets", ())),
        tops=frozenset(
            ".".join(step[0] for step in path[: 2 if path[0][0] == "meta" else 1]) for path in whole
        ),
        source=" | ".join(".".join(step[0] for step in path) for path in whole),
    )


def load(text: str) -> Mapping[str, Mapping[str, Parameter]]:
    """The parameters of each type, those of every type among them; ValueError or KeyError names what is wrong."""
    raw = tomllib.loads(text)
    common = {name: _parameter("any", name, one) for name, one in raw.pop("any").items()}
    return MappingProxyType(
        {
            kind: MappingProxyType(
                {**common, **{name: _parameter(kind, name, one) for name, one in table.items()}}
            )
            for kind, table in raw.items()
        }
    )


PARAMETERS: Final = load(
    resources.files("phr.domain.fhirsearch").joinpath("parameters.toml").read_text("utf-8")
)


def parameter(kind: str, name: str) -> Parameter:
    """A parameter of a type. Raises Invalid where the type is not searched, or has no such parameter."""
    known = PARAMETERS.get(kind)
    if known is None:
        raise Invalid("not a type that is searched", field="resourceType")
    found = known.get(name)
    if found is None:
        raise Invalid("unknown search parameter", field=name[:64])
    return found
