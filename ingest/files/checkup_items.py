"""Check-up items with JLAC10 codes to the channels of the check-up panel: units, answer lists, input limits, repeats.

Both national forms, the CDA file and the FHIR Bundle, come down to the same items, and these follow the same rules as
the cells of a city's CSV (``checkup_row``), so that one check-up in three forms is one check-up.
"""

from __future__ import annotations

import math
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal

from ingest.codes import JLAC10, UCUM, VITALS, Channel
from ingest.files.checkup_row import panel_value, refuse_odd_pairs
from ingest.series import Reject

Kind = Literal["number", "answer", "text", "absent"]
NOT_PERFORMED: Final = "not-performed"
NOT_MEASURABLE: Final = "error"
"""The two reasons for an absent value, by their FHIR words: 未実施 and 測定不能."""
_PANEL: Final = VITALS["checkup"]
_OID: Final = "urn:oid:"


@dataclass(frozen=True, slots=True)
class Item:
    """One examined thing as it was delivered.

    text: the number, the answer's code or the words. unit: of a number. system: OID of the answer's list.
    beyond: H or L, where the number lies outside the input range (it may then be missing).
    body: the delivered FHIR Observation, where there is one.
    """

    code: str
    kind: Kind
    text: str = ""
    unit: str = ""
    system: str = ""
    beyond: str = ""
    name: str = ""
    body: Mapping[str, Any] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Table:
    """What checkup_items.toml says."""

    reports: frozenset[str]
    guidance: frozenset[str]
    jds: tuple[str, ...]
    companion_folders: frozenset[str]
    companion_names: tuple[str, ...]
    units: Mapping[str, Mapping[str, float]]
    lists: Mapping[str, frozenset[str]]
    older: Mapping[str, Mapping[str, Mapping[str, int]]]


def load(text: str) -> Table:
    """The table of a checkup_items.toml; KeyError or ValueError names what is wrong with it."""
    raw = tomllib.loads(text)
    channels = {channel.name: channel for channel in _PANEL.channels}
    ucums = {channel.ucum for channel in channels.values()}
    if strange := sorted(raw["units"].keys() - ucums):
        raise ValueError(f"checkup_items.toml: units: no channel has {strange[0]}")
    for name, lists in raw["older"].items():
        answers = channels[name].coded or {}
        if any(ours not in answers for codes in lists.values() for ours in codes.values()):
            raise ValueError(f"checkup_items.toml: older: {name} has no such answer")
    return Table(
        reports=frozenset(raw["reports"]),
        guidance=frozenset(raw["guidance"]),
        jds=tuple(raw["jds"]),
        companion_folders=frozenset(raw["companion_folders"]),
        companion_names=tuple(raw["companion_names"]),
        units=MappingProxyType(raw["units"]),
        lists=MappingProxyType({channels[name].name: frozenset(oids) for name, oids in raw["lists"].items()}),
        older=MappingProxyType(raw["older"]),
    )


TABLE: Final = load(resources.files("ingest.files").joinpath("checkup_items.toml").read_text("utf-8"))


def _places() -> Mapping[str, tuple[Channel, int]]:
    """JLAC10 code -> the channel and how early the code stands in its list; the first is preferred."""
    found: dict[str, tuple[Channel, int]] = {}
    for channel in _PANEL.channels:
        codes = [each.code for each in (*channel.codings, *channel.also) if each.system == JLAC10]
        # The waist and LDL lists run from measured to reported and from direct to calculated (E6).
        found.update({code: (channel, place) for place, code in enumerate(codes)})
    return MappingProxyType(found)


_BY_CODE: Final = _places()


@dataclass(slots=True)
class Panel:
    """What became of the items of one check-up: columns, what only a document can hold, and what was refused."""

    values: dict[str, float]
    documents: list[Item]
    rejects: list[Reject]


def panel(items: Iterable[Item], place: str) -> Panel:
    """The panel of the items of one check-up; ``place`` begins the field of every refusal."""
    made = Panel({}, [], [])
    offered: dict[str, dict[int, set[float]]] = {}
    absent = {NOT_PERFORMED: 0, NOT_MEASURABLE: 0}
    for item in items:
        if item.kind == "absent":
            absent[item.text] += 1
        elif item.code.startswith(TABLE.jds):
            made.rejects.append(Reject("jds-value", f"{place}: hba1c_ngsp"))
        elif item.code not in _BY_CODE:
            made.documents.append(item)
        else:
            channel, rank = _BY_CODE[item.code]
            value, reason = _value(item, channel)
            if value is None:
                made.rejects.append(Reject(reason, f"{place}: {channel.name}"))
                if reason in _KEPT:
                    made.documents.append(item)
            else:
                offered.setdefault(channel.name, {}).setdefault(rank, set()).add(value)
    _choose(offered, made, place)
    refuse_odd_pairs(made.values, place, made.rejects)
    for word, reason in ((NOT_PERFORMED, "not-performed"), (NOT_MEASURABLE, "not-measurable")):
        if absent[word]:
            made.rejects.append(Reject(reason, place, absent[word]))
    return made


_KEPT: Final = frozenset({"out-of-range", "older-answer", "other-answer-list", "beyond-range"})
"""Refused as a column, but right in itself: a document says it in its own words."""


def _choose(offered: Mapping[str, Mapping[int, set[float]]], made: Panel, place: str) -> None:
    """The value of each channel: of several methods the preferred one; of contradictions none."""
    for channel in _PANEL.channels:
        ranks = offered.get(channel.name)
        if ranks is None:
            continue
        best = ranks[min(ranks)]
        if len(best) > 1:
            made.rejects.append(Reject("contradiction", f"{place}: {channel.name}", len(best)))
            continue
        (made.values[channel.name],) = best
        if others := sum(len(values) for rank, values in ranks.items() if rank != min(ranks)):
            made.rejects.append(Reject("other-method", f"{place}: {channel.name}", others))


def _value(item: Item, channel: Channel) -> tuple[float | None, str]:
    """The value of an item of the panel, or None and why not."""
    if channel.coded is not None:
        return _answer(item, channel) if item.kind == "answer" else (None, "bad-value")
    if item.beyond and not item.text:
        return None, "beyond-range"
    if item.kind != "number":
        return None, "bad-value"
    factor = 1.0 if item.unit == channel.ucum else TABLE.units.get(channel.ucum, {}).get(item.unit)
    if factor is None:
        return None, "bad-unit"
    if factor == 1:
        return panel_value(item.text, channel)
    try:
        value = float(item.text) * factor
    except ValueError:
        return None, "bad-value"
    if not math.isfinite(value):
        return None, "bad-value"
    return panel_value(f"{round(value, channel.decimals):.{channel.decimals}f}", channel)


def _answer(item: Item, channel: Channel) -> tuple[float | None, str]:
    """The answer of a question; the list it is from decides what its number means."""
    system = item.system.removeprefix(_OID)
    if system == channel.answer_system.removeprefix(_OID) or system in TABLE.lists.get(channel.name, ()):
        return panel_value(item.text, channel)
    older = TABLE.older.get(channel.name, {}).get(system)
    if older is None:
        return None, "other-answer-list"
    ours = older.get(unicodedata.normalize("NFKC", item.text))
    return (float(ours), "") if ours is not None else (None, "older-answer")


def unit_of(item: Item) -> dict[str, str]:
    """The unit of a number as members of a FHIR Quantity."""
    return {"unit": item.unit, "system": UCUM, "code": item.unit} if item.unit else {}
