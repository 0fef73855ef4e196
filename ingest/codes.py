"""The vocabulary of vitals, read from codes.toml: names, channels, units, codings and categories."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, Literal, cast

Kind = Literal["sample", "interval", "day"]
Hit = tuple[str, str | None]
"""A vital's key, and the channel when the code names one channel of a split panel."""

LOINC: Final = "http://loinc.org"
LOCAL: Final = "urn:phr:code"
JLAC10: Final = "urn:oid:1.2.392.200119.6.1005"
MDC: Final = "urn:iso:std:iso:11073:10101"
UCUM: Final = "http://unitsofmeasure.org"
HL7_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
JP_CATEGORY: Final = "http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS"


@dataclass(frozen=True, slots=True)
class Coding:
    """One FHIR Coding."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """One column of a vital.

    unit: shown to people; ucum: the UCUM code; decimals: how many the renderer keeps at most.
    codings: of the component, or of the item's own Observation in a split panel (first: the main one).
    also: codes that search finds and imports accept, but that are never written.
    coded: number -> (code, display) of ``answer_system``, for values that are answers, else None.
    converts: UCUM codes taken in place of ``ucum`` -> (factor, shift).
    low, high: the input range, both ends allowed, where one is fixed.
    fhir_category, category_ja_code, profiles: of the item's own Observation in a split panel.
    """

    name: str
    name_ja: str
    unit: str
    ucum: str
    decimals: int
    codings: tuple[Coding, ...]
    fhir_category: str
    category_ja_code: str
    profiles: tuple[str, ...]
    also: tuple[Coding, ...] = ()
    coded: Mapping[int, tuple[str, str]] | None = None
    answer_system: str = ""
    low: float | None = None
    high: float | None = None
    converts: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vital:
    """One kind of measurement; ``key`` is the ``code`` of its Series.

    split: each channel with a value becomes an Observation of its own (the check-up panel);
    otherwise several channels are components of one Observation.
    consent_category: the kind of data that a consent names.
    """

    key: str
    name_en: str
    name_ja: str
    kind: Kind
    channels: tuple[Channel, ...]
    fhir_category: str
    category_ja_code: str
    codings: tuple[Coding, ...]
    split: bool
    profiles: tuple[str, ...]
    consent_category: str

    def channel(self, name: str) -> Channel:
        """The channel of that name; KeyError when there is none."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class _Names:
    """The short names of codes.toml."""

    systems: Mapping[str, str]
    profiles: Mapping[str, str]
    answers: Mapping[str, Mapping[str, Any]]
    convert: Mapping[str, Mapping[str, list[float]]]

    def coding(self, raw: list[str]) -> Coding:
        return Coding(self.systems[raw[0]], raw[1], raw[2] if len(raw) > 2 else "")


def _answers(raw: Mapping[str, Any], names: _Names) -> tuple[Mapping[int, tuple[str, str]] | None, str]:
    """The coded values of a channel: a table of its own, or the name of a shared one."""
    given = raw.get("answers")
    if given is None:
        return None, ""
    if isinstance(given, str):
        shared = names.answers[given]
        first = int(shared.get("first", 1))
        coded = {n: (str(n), text) for n, text in enumerate(shared["codes"], start=first)}
        return MappingProxyType(coded), str(shared["system"])
    own = {int(n): (code, text) for n, (code, text) in given.items()}
    return MappingProxyType(own), str(raw["answer_system"])


def _channel(raw: Mapping[str, Any], shared: Mapping[str, Any], names: _Names) -> Channel:
    codings = [names.coding(c) for c in raw.get("codings", ())]
    also = [names.coding(c) for c in raw.get("also", ())]
    if "jlac10" in raw:
        jlac10 = [Coding(JLAC10, code, raw["name_ja"]) for code in raw["jlac10"]]
        codings.append(jlac10[0])
        also += jlac10[1:]
    if "loinc" in raw:
        codings.append(names.coding(["loinc", *raw["loinc"]]))
    coded, answer_system = _answers(raw, names)
    low, high = raw.get("range", (None, None))
    ucum = raw.get("ucum", "")
    # The factors of mg/dL are those of glucose, and no check-up file may switch units.
    converts = {} if "jlac10" in raw else names.convert.get(ucum, {})
    return Channel(
        name=raw["name"],
        name_ja=raw.get("name_ja", ""),
        unit=raw.get("unit", ""),
        ucum=ucum,
        decimals=raw.get("decimals", 0),
        codings=tuple(codings),
        fhir_category=shared["category"],
        category_ja_code=shared["category_ja"],
        profiles=tuple(names.profiles[p] for p in shared["profiles"]),
        also=tuple(also),
        coded=coded,
        answer_system=answer_system,
        low=low,
        high=high,
        converts=MappingProxyType(
            {code: (f[0], f[1] if len(f) > 1 else 0.0) for code, f in converts.items()}
        ),
    )


def _vital(key: str, raw: Mapping[str, Any], channels: Iterable[Channel], names: _Names) -> Vital:
    return Vital(
        key=key,
        name_en=raw["name_en"],
        name_ja=raw["name_ja"],
        kind=cast("Kind", raw["kind"]),
        channels=tuple(channels),
        fhir_category=raw["category"],
        category_ja_code=raw["category_ja"],
        codings=tuple(names.coding(c) for c in raw["codings"]),
        split=raw.get("split", False),
        profiles=tuple(names.profiles[p] for p in raw["profiles"]),
        consent_category=raw["consent_category"],
    )


def _check(vital: Vital) -> None:
    """Refuses a table entry that the renderer or a search could not use."""
    problems = []
    if vital.kind not in ("sample", "interval", "day"):
        problems.append("unknown kind")
    if not vital.channels:
        problems.append("no channel")
    if len({c.name for c in vital.channels}) != len(vital.channels):
        problems.append("channel named twice")
    if not vital.codings:
        problems.append("no coding")
    several = len(vital.channels) > 1
    problems += [
        f"channel {channel.name}"
        for channel in vital.channels
        if (several and not channel.codings) or (channel.coded is None) is not bool(channel.ucum)
    ]
    if problems:
        raise ValueError(f"codes.toml: {vital.key}: {', '.join(problems)}")


def load(text: str) -> Mapping[str, Vital]:
    """The vocabulary of a codes.toml; ValueError or KeyError names what is wrong with it."""
    raw = tomllib.loads(text)
    names = _Names(raw["system"], raw["profile"], raw["answers"], raw["convert"])
    vitals = {}
    for key, entry in raw["vital"].items():
        if entry.get("split"):
            channels = [
                _channel(item, raw["group"][part["group"]], names)
                for part in raw[key]
                for item in part["channels"]
            ]
        else:
            channels = [_channel(item, entry, names) for item in entry["channels"]]
        vitals[key] = _vital(key, entry, channels, names)
        _check(vitals[key])
    return MappingProxyType(vitals)


VITALS: Final[Mapping[str, Vital]] = load(resources.files("ingest").joinpath("codes.toml").read_text("utf-8"))

_Index = dict[tuple[str | None, str], list[Hit]]


def _enter(index: _Index, codings: Iterable[Coding], hit: Hit) -> None:
    for coding in codings:
        for system in (coding.system, None):
            if hit not in index[system, coding.code]:
                index[system, coding.code].append(hit)


def _categories(of: Vital | Channel) -> tuple[Coding, Coding]:
    return Coding(HL7_CATEGORY, of.fhir_category), Coding(JP_CATEGORY, of.category_ja_code)


def _indexes() -> tuple[_Index, _Index, _Index]:
    main: _Index = defaultdict(list)
    component: _Index = defaultdict(list)
    category: _Index = defaultdict(list)
    for key, vital in VITALS.items():
        if vital.split:
            for channel in vital.channels:
                _enter(main, (*channel.codings, *channel.also), (key, channel.name))
                _enter(category, _categories(channel), (key, channel.name))
            continue
        _enter(main, vital.codings, (key, None))
        _enter(category, _categories(vital), (key, None))
        for channel in vital.channels if len(vital.channels) > 1 else ():
            _enter(component, (*channel.codings, *channel.also), (key, channel.name))
    return dict(main), dict(component), dict(category)


_MAIN, _COMPONENT, _CATEGORY = _indexes()


def lookup(system: str | None, code: str) -> list[Hit]:
    """The vitals whose Observations carry the code in ``Observation.code``; any system when None.

    >>> lookup(LOINC, "29463-7")
    [('29463-7', None), ('checkup', 'weight_kg')]
    """
    return list(_MAIN.get((system, code), ()))


def lookup_component(system: str | None, code: str) -> list[Hit]:
    """The channels whose code stands in ``Observation.component.code``.

    >>> lookup_component(LOINC, "8480-6")
    [('85354-9', 'systolic')]
    """
    return list(_COMPONENT.get((system, code), ()))


def codes_in_category(system: str | None, code: str) -> list[Hit]:
    """The vitals (and items of split panels) whose Observations carry the category; any system when None."""
    return list(_CATEGORY.get((system, code), ()))
