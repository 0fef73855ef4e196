"""The collectors: every way in which measurements come in, and the vitals that each can deliver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Final, Literal, cast

from ingest.registry import FORMATS

Way = Literal["file", "bluetooth", "gateway", "cloud"]


@dataclass(frozen=True, slots=True)
class Collector:
    """One collector. Its module is imported when it is first asked what it covers.

    place: the format of a file, the Bluetooth service, or the module that says what is covered.
    """

    name: str
    way: Way
    description: str
    place: str

    @property
    def coverage(self) -> frozenset[str]:
        """The vitals that it can deliver."""
        if self.way == "file":
            return FORMATS[self.place].coverage
        if self.way == "bluetooth":
            return cast("frozenset[str]", import_module("ingest.ble.collector").coverage(self.place))
        if self.way == "gateway":
            return cast("frozenset[str]", import_module(self.place).COVERAGE)
        return frozenset(code for kind in import_module(self.place).COLLECTED for code in kind.vitals)


_PROFILES: Final = (
    ("180D", "heart-rate", "heart rate sensors, with the intervals between beats"),
    ("1810", "blood-pressure", "blood pressure monitors"),
    ("1809", "thermometer", "thermometers"),
    ("181D", "weight", "scales"),
    ("181B", "body-composition", "scales that measure body composition"),
    ("1822", "oximeter", "pulse oximeters"),
    ("1808", "glucose", "glucose meters"),
    ("181F", "cgm", "continuous glucose sensors"),
)


def _table() -> Mapping[str, Collector]:
    files = (Collector(name, "file", each.description, name) for name, each in FORMATS.items())
    radios = (
        Collector(f"ble-{name}", "bluetooth", f"{what} over Bluetooth, service {service}", service)
        for service, name, what in _PROFILES
    )
    box = Collector(
        "gateway",
        "gateway",
        "a box beside the devices: every profile above, kept on its disk until the server has it",
        "ingest.ble.collector",
    )
    cloud = Collector(
        "google-health", "cloud", "the Google Health API v4 of a connected account", "ingest.cloud.types"
    )
    return MappingProxyType({each.name: each for each in (*files, *radios, box, cloud)})


COLLECTORS: Final[Mapping[str, Collector]] = _table()
"""By name, in the order of the documentation."""
