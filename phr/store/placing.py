"""Where each table stands on a cluster: the catalogue, read and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from phr.errors import Unsafe

COLUMN = "person_id"
"""By which tables are cut: everything of one person is on one node."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Tables of the schema phr by where they stand; for all but the cut ones, why. loosened: unique indexes that go."""

    distributed: tuple[str, ...]
    reference: Mapping[str, str]
    local: Mapping[str, str]
    loosened: Mapping[str, str]

    def named(self) -> list[str]:
        """Every table that is placed, as often as it is."""
        return sorted([*self.distributed, *self.reference, *self.local])


@cache
def placing() -> Placing:
    """The catalogue. Raises Unsafe when a table is named twice or stands somewhere without a reason."""
    raw = tomllib.loads(resources.files("phr.store").joinpath("placing.toml").read_text())
    found = Placing(tuple(raw["distributed"]), raw["reference"], raw["local"], raw["loosened"])
    names = found.named()
    twice = sorted({name for name in names if names.count(name) > 1})
    silent = [name for name, why in {**found.reference, **found.local, **found.loosened}.items() if not why]
    if twice or silent:
        raise Unsafe(f"placing.toml: {[*twice, *silent][0]} is named twice, or stands there without a reason")
    return found
