"""The tables of devices for readers of the documentation, said in words from devices.toml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ingest.ble.devices import CATALOGUE, Family

_BOND: Final = {"connect": "bond while connecting", "first": "bond first", "asked": "bond when it asks"}
_SENDS: Final = {
    "unsent": "sends what is unsent",
    "all": "sends all each time",
    "records": "records on request",
    "stream": "stream",
}


def supported() -> list[str]:
    """One row for each family that is collected from."""
    rows = [f"| {row.name} | {'; '.join(_wants(row))} | {_sources(row.by)} |" for row in CATALOGUE.families]
    return ["| family | what it wants | sources |", "|---|---|---|", *rows]


def refused() -> list[str]:
    """One row for each family that is not, and why."""
    rows = [f"| {row.name} | {row.because} | {_sources(row.by)} |" for row in CATALOGUE.refusals]
    return ["| not supported | because | sources |", "|---|---|---|", *rows]


def sources() -> list[str]:
    """What the marks stand for."""
    return ["| mark | source |", "|---|---|", *(f"| {k} | {v} |" for k, v in CATALOGUE.sources.items())]


def _sources(by: Mapping[str, str]) -> str:
    return ", ".join(sorted({mark for marks in by.values() for mark in marks.split()}))


def _wants(row: Family) -> list[str]:
    said = [_BOND[row.bond]]
    if row.passkey != "none":
        said.append(f"passkey {row.passkey}")
    said.append(_clock(row))
    if row.users:
        said.append("users " + ", ".join(map(str, row.users)))
    said += [
        text
        for holds, text in (
            (row.consent, "consent code"),
            (True, _SENDS[row.sends]),
            (row.deletes, "forgets what it sent"),
            (row.big_endian_tail, "pulse and status big-endian"),
            (row.user_always, "user sent without its flag"),
        )
        if holds
    ]
    return said


def _clock(row: Family) -> str:
    if not row.clock:
        return "clock left alone"
    said = f"{row.clock_length} bytes to {row.clock}"
    if row.clock_when == "after-notice":
        said += f" after it told its time, if that is off by more than {row.clock_if_off} s"
    return said + (f" within {row.clock_within:g} s" if row.clock_within else "")
