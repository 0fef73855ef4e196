"""The record types of Health Connect: which vital each is, its table and its fields (health_connect.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from ingest.codes import VITALS

Clock = Literal["instant", "interval", "day", "series", "sleep"]
_KINDS: Final = {
    "instant": "sample",
    "series": "sample",
    "interval": "interval",
    "sleep": "interval",
    "day": "day",
}
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RecordType:
    """One type.

    values: channel -> (column of the table, factor). fields: channel -> (member of the JSON, unit of a bare number;
    empty when a bare number says too little). units: how a measured value says its unit -> (factor, shift).
    series: the table of samples or stages below the record's own. wrist: the column that tells where it was taken.
    """

    name: str
    code: str
    clock: Clock
    table: str
    values: Mapping[str, tuple[str, float]]
    fields: Mapping[str, tuple[str, str]]
    units: Mapping[str, Pair]
    series: str = ""
    wrist: str = ""


@dataclass(frozen=True, slots=True)
class Types:
    """Everything of the table. sleep: stage number of Health Connect -> ours; stages: its names -> its numbers."""

    records: Mapping[str, RecordType]
    sleep: Mapping[int, float]
    stages: Mapping[str, int]
    named: frozenset[str]


def load(text: str) -> Types:
    """The table of a health_connect.toml; ValueError or KeyError names what is wrong with it."""
    raw = tomllib.loads(text)
    records = {name: _record(name, entry, raw["units"]) for name, entry in raw["type"].items()}
    named = frozenset([*raw["named"]["types"], *raw["named"]["tables"]])
    sleep = {int(number): float(stage) for number, stage in raw["sleep"].items()}
    return Types(MappingProxyType(records), MappingProxyType(sleep), MappingProxyType(raw["stages"]), named)


def _record(name: str, entry: Mapping[str, Any], units: Mapping[str, Any]) -> RecordType:
    vital, clock = VITALS[entry["code"]], entry["clock"]
    channels = {channel.name for channel in vital.channels}
    if vital.kind != _KINDS[clock] or not {*entry["values"], *entry["fields"]} <= channels:
        raise ValueError(f"health_connect.toml: {name} does not fit {vital.key}")
    return RecordType(
        name,
        vital.key,
        cast("Clock", clock),
        entry["table"],
        {channel: (column, float(factor)) for channel, (column, factor) in entry["values"].items()},
        {channel: (member, unit) for channel, (member, unit) in entry["fields"].items()},
        {unit: (float(by[0]), float(by[1])) for unit, by in units.get(vital.key, {}).items()},
        entry.get("series", ""),
        entry.get("wrist", ""),
    )


TYPES: Final = load(resources.files("ingest.files").joinpath("health_connect.toml").read_text("utf-8"))
COVERAGE: Final = frozenset({each.code for each in TYPES.records.values()} | {"sleep-stage"})
