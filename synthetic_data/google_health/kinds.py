"""The data types of the interface: their record kind, operations, scope and page sizes, read from ``kinds.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

SESSIONS: Final = ("session", "sleep", "ecg")
_RECORDS: Final = ("interval", "sample", "daily", *SESSIONS)


@dataclass(frozen=True, slots=True)
class Kind:
    """One data type."""

    name: str
    record: str
    ops: str
    scope: str
    webhook: bool
    page_default: int
    page_maximum: int
    rollup_days: int

    @property
    def member(self) -> str:
        """The lowerCamelCase member that holds the payload."""
        first, *rest = self.name.split("-")
        return first + "".join(part.capitalize() for part in rest)

    @property
    def prefix(self) -> str:
        """The snake_case name used in filters."""
        return self.name.replace("-", "_")

    @property
    def named(self) -> bool:
        """Points that can be fetched one by one have a resource name."""
        return "G" in self.ops


def _read() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("kinds.toml").read_text("utf-8"))


_TABLE: Final = _read()
PREFIX: Final[str] = _TABLE["scopes"]["prefix"]
CLOUD_PLATFORM: Final = "https://www.googleapis.com/auth/cloud-platform"
DEVICE_PAGES: Final = (int(_TABLE["paging"]["devices_default"]), int(_TABLE["paging"]["devices_maximum"]))
READ_SCOPES: Final = tuple(
    f"{PREFIX}{name}.readonly" for name in (*_TABLE["scopes"]["both"], *_TABLE["scopes"]["read"])
)
SCOPES: Final = frozenset(READ_SCOPES) | {f"{PREFIX}{name}.writeonly" for name in _TABLE["scopes"]["both"]}
IDENTITY_SCOPES: Final = frozenset(f"{PREFIX}{name}.readonly" for name in _TABLE["scopes"]["identity"])


def read_scope(name: str) -> str:
    """The full read scope of a short name."""
    return f"{PREFIX}{name}.readonly"


def _kind(name: str, row: dict[str, Any]) -> Kind:
    paging, rollup = _TABLE["paging"], _TABLE["rollup"]
    if row["record"] not in _RECORDS or not set(row["ops"]) <= set("LGRUD"):
        raise ValueError(f"kinds.toml: {name} has an unknown record kind or operation")
    default, maximum = int(paging["default"]), int(paging["maximum"])
    if name in {"sleep", "exercise"}:
        default = maximum = int(paging["session_default"])
    elif name == "heart-rate":
        default = int(paging["heart_rate_default"])
    days = rollup["short_days"] if name in rollup["short"] else rollup["long_days"]
    return Kind(name, row["record"], row["ops"], row["scope"], row["webhook"], default, maximum, int(days))


KINDS: Final[dict[str, Kind]] = {name: _kind(name, row) for name, row in _TABLE["types"].items()}
