"""The schemas of Open mHealth: which vitals their bodies are, and in which units (open_mhealth.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from ingest.codes import VITALS

NAMESPACES: Final = frozenset({"omh", "ieee"})


@dataclass(frozen=True, slots=True)
class Output:
    """One vital of a schema.

    values: channel -> member of the body. units: unit -> (factor, shift). day: the vital when the time is a bare
    date. needs: words of which the name of the activity must hold one.
    """

    code: str
    values: Mapping[str, str]
    units: Mapping[str, tuple[float, float]]
    day: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schemas:
    """Everything of the table. spans: unit -> seconds; parts: part of the day -> hours."""

    outputs: Mapping[str, tuple[Output, ...]]
    spans: Mapping[str, float]
    parts: Mapping[str, tuple[int, int]]


def load(text: str) -> Schemas:
    """The table of an open_mhealth.toml; ValueError or KeyError names what is wrong with it."""
    raw = tomllib.loads(text)
    outputs: dict[str, tuple[Output, ...]] = {}
    for entry in raw["schema"]:
        outputs[entry["name"]] = (*outputs.get(entry["name"], ()), _output(entry, raw["units"]))
    spans = {unit: float(seconds) for unit, seconds in raw["spans"].items()}
    parts = {name: (int(hours[0]), int(hours[1])) for name, hours in raw["parts"].items()}
    return Schemas(MappingProxyType(outputs), MappingProxyType(spans), MappingProxyType(parts))


def _output(entry: Mapping[str, Any], units: Mapping[str, Any]) -> Output:
    vital = VITALS[entry["code"]]
    if not set(entry["values"]) <= {channel.name for channel in vital.channels}:
        raise ValueError(f"open_mhealth.toml: {entry['name']} does not fit {vital.key}")
    known = {unit: (float(by[0]), float(by[1])) for unit, by in units[entry["units"]].items()}
    return Output(vital.key, entry["values"], known, entry.get("day", ""), tuple(entry.get("needs", ())))


SCHEMAS: Final = load(resources.files("ingest.files").joinpath("open_mhealth.toml").read_text("utf-8"))
COVERAGE: Final = frozenset(
    code for outputs in SCHEMAS.outputs.values() for each in outputs for code in (each.code, each.day) if code
)
