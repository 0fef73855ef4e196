"""What the page of a home visit receives, and what a device is told about an entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from phr.web.views.staff import Case


@dataclass(frozen=True, slots=True)
class Visit:
    """The least that a visit needs of a case. keeps: whether this device may keep it."""

    case: Case
    keeps: bool


@dataclass(frozen=True, slots=True)
class CaseNow:
    """A case as it is, for who held another state of it. since: what happened after that: when, what, outcome, who, memo."""

    version: int
    state: str
    holder: str
    mine: bool
    since: tuple[tuple[datetime, str, str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of an entry: ``stored``, ``repeated``, ``changed``, ``closed``, ``not-yours``, ``gone``, ``invalid``."""

    result: str
    counts: Mapping[str, Any] = field(default_factory=dict)
    now: CaseNow | None = None
    field_name: str = ""
