"""Families of devices, read from devices.toml: which one it is, what it wants, and which are refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from importlib import resources
from typing import Any, Final, Literal

from ingest.errors import BadPayload, Permanent

Bond = Literal["connect", "first", "asked"]
ClockWhen = Literal["before-data", "after-notice", "never"]
Sends = Literal["unsent", "all", "records", "stream"]

FILE: Final = "ingest/ble/devices.toml"
_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "bond": frozenset({"connect", "first", "asked"}),
    "clock": frozenset({"", "2A2B", "2A08"}),
    "clock_when": frozenset({"before-data", "after-notice", "never"}),
    "passkey": frozenset({"none", "shown", "printed"}),
    "sends": frozenset({"unsent", "all", "records", "stream"}),
}
_LENGTHS: Final = {"2A2B": (7, 10), "2A08": (7,)}
_SIG_BASE: Final = "-0000-1000-8000-00805f9b34fb"


def short(uuid: str) -> str:
    """The four digits of a standard number in capitals, any other UUID in small letters.

    >>> short("0000180d-0000-1000-8000-00805f9b34fb")
    '180D'
    """
    lower = uuid.lower()
    if len(lower) == 36 and lower.startswith("0000") and lower.endswith(_SIG_BASE):
        lower = lower[4:8]
    return lower.upper() if len(lower) == 4 else lower


@dataclass(frozen=True, slots=True)
class Advert:
    """What a device says of itself before anybody connects, or its services after."""

    name: str = ""
    services: frozenset[str] = frozenset()
    company: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Marks:
    """How a family is recognised."""

    names: tuple[re.Pattern[str], ...] = ()
    vendor: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    company: int | None = None

    def by_name(self, advert: Advert) -> bool:
        """One of the names fits."""
        return any(pattern.search(advert.name) for pattern in self.names)

    def by_vendor(self, advert: Advert) -> bool:
        """It has a service of the maker."""
        return bool(self.vendor & advert.services)

    def by_company(self, advert: Advert) -> bool:
        """The company's number, with one of the standard services where some are named."""
        fits = self.company is not None and self.company in advert.company
        return fits and (not self.services or bool(self.services & advert.services))

    def by_service(self, advert: Advert) -> bool:
        """A standard service; only families of no maker are recognised so."""
        anonymous = not self.names and not self.vendor and self.company is None
        return anonymous and bool(self.services & advert.services)


@dataclass(frozen=True, slots=True)
class Family:
    """A family of devices that speaks the standard profiles; the fields are told in devices.toml."""

    name: str
    kind: str
    marks: Marks
    bond: Bond
    sends: Sends
    clock: str = ""
    clock_length: int = 0
    clock_when: ClockWhen = "never"
    clock_if_off: int = 0
    clock_within: float = 0.0
    passkey: Literal["none", "shown", "printed"] = "none"
    users: tuple[int, ...] | None = None
    consent: bool = False
    deletes: bool = False
    big_endian_tail: bool = False
    user_always: bool = False
    by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A family that is not supported, and what is said to those who ask."""

    name: str
    because: str
    marks: Marks
    unless: frozenset[str] = frozenset()
    by: Mapping[str, str] = field(default_factory=dict)

    def holds(self, advert: Advert) -> bool:
        """The standard services that would save it are not there."""
        return not self.unless & advert.services


class UnsupportedDevice(Permanent):
    """The model keeps its data behind a protocol that is not spoken here."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"{refusal.name}: not supported, because {refusal.because}")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All rows of devices.toml."""

    families: tuple[Family, ...]
    refusals: tuple[Refusal, ...]
    sources: Mapping[str, str]

    def match(self, advert: Advert) -> Family | Refusal | None:
        """The row of a device: the maker's own protocol first, then name, maker's service, company, profile."""
        for refusal in self.refusals:
            if refusal.marks.by_vendor(advert) and refusal.holds(advert):
                return refusal
        for by in (Marks.by_name, Marks.by_vendor, Marks.by_company):
            for row in self._rows():
                if by(row.marks, advert) and (isinstance(row, Family) or row.holds(advert)):
                    return row
        return next((row for row in self.families if row.marks.by_service(advert)), None)

    def after_connecting(self, before: Family, advert: Advert) -> Family:
        """The row once the services are known; refused where a protocol of the maker shows."""
        found = self.match(advert)
        if isinstance(found, Refusal):
            raise UnsupportedDevice(found)
        return before if found is None or found.marks.by_service(advert) else found

    def _rows(self) -> Iterable[Family | Refusal]:
        return (*self.families, *self.refusals)


def _bad(problem: str, place: str) -> BadPayload:
    return BadPayload(problem, field=place, file=FILE)


def _marks(raw: Mapping[str, Any], place: str) -> Marks:
    try:
        names = tuple(re.compile(pattern) for pattern in raw.get("names", ()))
    except re.error as error:
        raise _bad("not a regular expression", f"{place}.names") from error
    return Marks(
        names,
        frozenset(short(uuid) for uuid in raw.get("vendor", ())),
        frozenset(short(uuid) for uuid in raw.get("services", ())),
        raw.get("company"),
    )


_MARKS: Final = frozenset({"names", "vendor", "services", "company"})
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "clock_length": int,
    "clock_if_off": int,
    "clock_within": float,
    "users": list,
    "consent": bool,
    "deletes": bool,
    "big_endian_tail": bool,
    "user_always": bool,
}


def _check_sources(raw: Mapping[str, Any], sources: Mapping[str, str], place: str, free: set[str]) -> None:
    """Every claim has a source, and every source is known."""
    by = raw.get("by", {})
    claims = set(raw) - free - {"by", "name", "kind"}
    for claim in sorted(claims - set(by)):
        raise _bad("a claim without a source", f"{place}.{claim}")
    for claim, marks in by.items():
        if claim not in raw or not marks or any(mark not in sources for mark in marks.split()):
            raise _bad("an unknown source, or a source of nothing", f"{place}.by.{claim}")


def _check_words(raw: Mapping[str, Any], place: str) -> None:
    known = {each.name for each in fields(Family)} - {"marks"} | _MARKS
    for key, value in raw.items():
        if key not in known:
            raise _bad("unknown field", f"{place}.{key}")
        if key in _WORDS and value not in _WORDS[key]:
            raise _bad("unknown word", f"{place}.{key}")
        if key in _TYPES and not isinstance(value, _TYPES[key]):
            raise _bad("wrong type", f"{place}.{key}")
    needed = {each.name for each in fields(Family) if each.default is MISSING} - {"marks", "by"}
    for key in sorted(needed - set(raw)):
        raise _bad("missing", f"{place}.{key}")
    clock = raw.get("clock", "")
    if clock and (raw.get("clock_length") not in _LENGTHS[clock] or "clock_when" not in raw):
        raise _bad("a clock that is written needs a length that it takes, and a moment", f"{place}.clock")


def _family(raw: Mapping[str, Any], sources: Mapping[str, str], place: str) -> Family:
    _check_words(raw, place)
    _check_sources(raw, sources, place, set())
    marks = _marks(raw, place)
    if not (marks.names or marks.vendor or marks.services):
        raise _bad("nothing to recognise it by", place)
    rest = {key: value for key, value in raw.items() if key not in _MARKS}
    if "users" in rest:
        rest["users"] = tuple(rest["users"])
    return Family(marks=marks, **rest)


def _refusal(raw: Mapping[str, Any], sources: Mapping[str, str], place: str) -> Refusal:
    for key in sorted({"name", "because"} - set(raw)):
        raise _bad("missing", f"{place}.{key}")
    for key in sorted(set(raw) - _MARKS - {"name", "because", "unless", "by"}):
        raise _bad("unknown field", f"{place}.{key}")
    _check_sources(raw, sources, place, {"because"})
    if not raw.get("by"):
        raise _bad("a claim without a source", f"{place}.because")
    unless = frozenset(short(uuid) for uuid in raw.get("unless", ()))
    return Refusal(raw["name"], raw["because"], _marks(raw, place), unless, raw["by"])


def load(text: str) -> Catalogue:
    """Checks and reads the table; a fault names its row and field."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad("not TOML", "") from error
    sources: dict[str, str] = raw.get("source", {})
    families = tuple(_family(row, sources, f"device[{i}]") for i, row in enumerate(raw.get("device", ())))
    refusals = tuple(_refusal(row, sources, f"refused[{i}]") for i, row in enumerate(raw.get("refused", ())))
    names = [*(row.name for row in families), *(row.name for row in refusals)]
    if len(names) != len(set(names)):
        raise _bad("two rows of one name", "device")
    return Catalogue(families, refusals, sources)


CATALOGUE: Final = load(resources.files("ingest.ble").joinpath("devices.toml").read_text(encoding="utf-8"))
