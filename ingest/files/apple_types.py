"""The record types of an Apple Health export: which vital each is, its clock and its units (apple_health.toml)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from ingest.codes import VITALS

Clock = Literal["instant", "interval", "day"]
_KINDS: Final = {"instant": "sample", "interval": "interval", "day": "day"}
_MOLES: Final = re.compile(r"mmol<(\d{2,4}(?:\.\d{1,20})?)>/L")
_GLUCOSE: Final = (179.0, 181.0)
"""g/mol: what glucose weighs, with room for rounding; another substance is no blood glucose."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """One type. units: as the export spells it -> (factor, shift). fraction: a value up to 1 is a share of 1."""

    name: str
    code: str
    clock: Clock
    units: Mapping[str, tuple[float, float]]
    fraction: bool = False

    def conversion(self, unit: str) -> tuple[float, float] | None:
        """The factor and shift of a unit, or None when the type is not counted in it."""
        known = self.units.get(unit)
        if known is None and self.code == "2339-0":
            mass = _MOLES.fullmatch(unit) if len(unit) < 64 else None
            if mass and _GLUCOSE[0] <= float(mass[1]) <= _GLUCOSE[1]:
                return float(mass[1]) / 10, 0.0
        return known


@dataclass(frozen=True, slots=True)
class Types:
    """Everything of the table. named: types and elements whose name a count may show."""

    records: Mapping[str, RecordType]
    sleep: Mapping[str, float]
    pressure: Mapping[str, tuple[float, float]]
    named: frozenset[str]


def load(text: str) -> Types:
    """The table of an apple_health.toml; ValueError or KeyError names what is wrong with it."""
    raw = tomllib.loads(text)
    units = {
        name: {unit: (float(pair[0]), float(pair[1])) for unit, pair in table.items()}
        for name, table in raw["units"].items()
    }
    prefix = raw["prefix"]["quantity"]
    records = {prefix + name: _record(name, entry, units) for name, entry in raw["type"].items()}
    named = {prefix + name for name in raw["named"]["quantity"]} | set(raw["named"]["element"])
    stages = {f"HKCategoryValueSleepAnalysis{name}": float(stage) for name, stage in raw["sleep"].items()}
    return Types(
        MappingProxyType(records), MappingProxyType(stages), units["pressure"], frozenset(named | {*records})
    )


def _record(name: str, entry: Mapping[str, Any], units: Mapping[str, Any]) -> RecordType:
    vital, clock = VITALS[entry["code"]], entry["clock"]
    if vital.kind != _KINDS[clock]:
        raise ValueError(f"apple_health.toml: {name}: {vital.key} is no {clock}")
    return RecordType(
        name, vital.key, cast("Clock", clock), units[entry["units"]], bool(entry.get("fraction", False))
    )


TYPES: Final = load(resources.files("ingest.files").joinpath("apple_health.toml").read_text("utf-8"))
SLEEP_TYPE: Final = "HKCategoryTypeIdentifierSleepAnalysis"
SYSTOLIC: Final = "HKQuantityTypeIdentifierBloodPressureSystolic"
DIASTOLIC: Final = "HKQuantityTypeIdentifierBloodPressureDiastolic"
PRESSURE_TYPE: Final = "HKCorrelationTypeIdentifierBloodPressure"
COVERAGE: Final = frozenset({each.code for each in TYPES.records.values()} | {"sleep-stage", "85354-9"})
