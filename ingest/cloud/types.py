"""The data types of Google Health: how each is asked for, how far it is read again and what it delivers."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from ingest.codes import VITALS

Record = Literal["interval", "sample", "daily", "session", "sleep", "ecg"]
Literals = Literal["instant", "civil", "date"]
Read = Literal["list", "reconcile", "dailyRollUp"]


@dataclass(frozen=True, slots=True)
class DataType:
    """One row of types.toml.

    key: names the row, and the bookmark that belongs to it; the name, unless a type is read in two ways.
    filter: the member that the filter tests; literal: in which form; upper: whether ``<`` is allowed.
    window_days: the most that is asked for at once; rollup_days: the most that a roll-up allows.
    tail_days: asked beyond the window's end, where the filter tests the end of a record.
    margin_hours, overlap_days, wide_days: read again each time, about daily, weekly.
    vitals: codes that it delivers; none: the type is never asked for.
    """

    key: str
    name: str
    member: str
    record: Record
    read: Read
    filter: str
    literal: Literals
    upper: bool
    page_size: int
    scope: str
    window_days: int
    rollup_days: int
    tail_days: int
    margin_hours: int
    overlap_days: int
    wide_days: int
    vitals: tuple[str, ...]

    @property
    def by_day(self) -> bool:
        """Whether windows are whole civil days, named by their dates, and not stretches of physical time."""
        return self.literal != "instant"


@dataclass(frozen=True, slots=True)
class Limits:
    """How often may be asked, how long is waited and how much is read."""

    per_user_minute: int
    per_user_burst: int
    per_project_minute: int
    per_project_burst: int
    attempts: int
    longest_wait: int
    answer_bytes: int
    answer_seconds: int
    pages: int
    wide_every_days: int
    overlap_every_hours: int


def _row(raw: Mapping[str, Any], records: Mapping[str, Any], scope: Mapping[str, str]) -> DataType:
    """One type, with what its record type says unless it says otherwise."""
    given = {"key": raw["name"], "read": "list", "rollup_days": 0, **records[raw["record"]], **raw}
    given["filter"] = given["filter"].replace("{t}", raw["name"].replace("-", "_"))
    given["scope"] = scope["prefix"] + raw["scope"] + scope["suffix"]
    given["vitals"] = tuple(raw["vitals"])
    row = DataType(**given)
    wrong = [
        row.record not in get_args(Record),
        row.read not in get_args(Read),
        row.literal not in get_args(Literals),
        not set(row.vitals) <= VITALS.keys(),
        not 0 < row.page_size <= 10_000,
        row.window_days < 1,
        not 0 < row.margin_hours <= row.overlap_days * 24 <= row.wide_days * 24,
        (row.read == "dailyRollUp") != (row.rollup_days > 0),
        row.read == "dailyRollUp" and not (row.window_days <= row.rollup_days and row.by_day),
    ]
    if any(wrong):
        raise ValueError(f"types.toml: {row.key}: check {wrong.index(True) + 1} failed")
    return row


def load(text: str) -> tuple[Limits, Mapping[str, DataType], str]:
    """The limits, the types by key and the scope of the settings.

    Raises: ValueError, KeyError or TypeError for a table that cannot be right.
    """
    table = tomllib.loads(text)
    limits = Limits(**table["limits"])
    if any(getattr(limits, field.name) <= 0 for field in fields(limits)):
        raise ValueError("types.toml: a limit is not positive")
    rows = [_row(raw, table["record"], table["scope"]) for raw in table["type"]]
    types = {row.key: row for row in rows}
    if len(types) != len(rows):
        raise ValueError("types.toml: two rows have one key")
    scope = table["scope"]
    return limits, MappingProxyType(types), scope["prefix"] + scope["settings"] + scope["suffix"]


LIMITS, TYPES, SETTINGS_SCOPE = load(
    resources.files("ingest.cloud").joinpath("types.toml").read_text("utf-8")
)

COLLECTED: Final = tuple(one for one in TYPES.values() if one.vitals)
"""The types that are asked for: those with a place in the vocabulary."""


_OFTEN: Final = Counter(code for one in COLLECTED for code in one.vitals)


def alone_in(kind: DataType) -> tuple[str, ...]:
    """The codes that this type alone delivers: only of these can its windows show what is gone."""
    return tuple(code for code in kind.vitals if _OFTEN[code] == 1)


def scopes_for(types: Iterable[DataType]) -> frozenset[str]:
    """The scopes to ask a person for: read-only, for these types, and the settings for the last sync."""
    return frozenset(one.scope for one in types) | {SETTINGS_SCOPE}


def permitted(types: Iterable[DataType], granted: Iterable[str]) -> tuple[DataType, ...]:
    """The types that may be read with the scopes that were granted."""
    allowed = frozenset(granted)
    return tuple(one for one in types if one.scope in allowed)
