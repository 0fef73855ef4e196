"""The table limits.toml: who may export and import in bulk, and how much at a time."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from phr.domain.access import CONSENT_PURPOSES, ROLES


class LimitsError(ValueError):
    """The table is wrong; names the place."""


Who = Mapping[str, frozenset[str]]
"""Role -> purposes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The table."""

    open_jobs: int
    retry_seconds: int
    poll_seconds: int
    file_bytes: int
    frame_bytes: int
    batch_samples: int
    batch_rows: int
    page_people: int
    members: int
    cohorts: int
    import_bytes: int
    import_files: int
    exporting: Who
    importing: Who
    grouping: Who


def checked(table: Mapping[str, Any]) -> Limits:
    """The limits of a table. Raises LimitsError."""
    names = {one.name for one in fields(Limits)}
    if set(table) != names:
        raise LimitsError(f"expected exactly {', '.join(sorted(names))}")
    values: dict[str, Any] = {}
    for name, value in table.items():
        values[name] = _who(name, value) if isinstance(value, dict) else _number(name, value)
    return Limits(**values)


def _number(name: str, value: object) -> int:
    if type(value) is not int or value < 1:
        raise LimitsError(f"{name}: expected a whole number above zero")
    return value


def _who(name: str, table: Mapping[str, Any]) -> Who:
    for role, purposes in table.items():
        if role not in ROLES or not purposes or not set(purposes) <= CONSENT_PURPOSES:
            raise LimitsError(f"{name}.{role}: expected a role with purposes of consents")
    return {role: frozenset(purposes) for role, purposes in table.items()}


@cache
def limits() -> Limits:
    """The limits of the service."""
    return checked(tomllib.loads(files("phr.domain.bulk").joinpath("limits.toml").read_text("utf-8")))


def may(who: Who, role: str, purpose: str) -> bool:
    """Whether a role may, for a purpose."""
    return purpose in who.get(role, frozenset())
