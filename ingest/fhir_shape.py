"""The exact shape of an Observation that columns can hold, and what its unchanging parts mean."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec
from msgspec import UNSET, Raw, UnsetType

from ingest import series as columns
from ingest.codes import HL7_CATEGORY, JLAC10, JP_CATEGORY, VITALS, Channel, Coding, Vital, lookup
from ingest.series import Source
from ingest.to_fhir import METHOD_SYSTEM, QUALITY_SYSTEM, QUALITY_TAGS

METHODS: Final = frozenset({"passive", "active", "manual", "derived", "unknown"})
MAX_NAME: Final = 200
"""Longer device names and references make a document, not a source."""
RICHER: Final = -1
"""In the place of quality bits or a group: only a document can hold it."""
STATUS_BITS: Final = {"final": 0, "preliminary": columns.SOFT_LIMIT}
"""The quality bits of the statuses that a row can have; entered-in-error, amended and the like need a document."""
_NONE: Final = Raw()


class QuantityShape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A Quantity without comparator or extension."""

    value: float
    unit: str = ""
    system: str = ""
    code: str = ""


class ComponentShape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A component with a number."""

    code: Raw
    valueQuantity: QuantityShape  # noqa: N815 - the FHIR name


class PeriodShape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An effectivePeriod; an open end stays empty."""

    start: str = ""
    end: str = ""


class ObservationShape(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An Observation with nothing in it that a column could not hold.

    What repeats from line to line stays raw: it is understood once for each distinct text.
    """

    resourceType: str  # noqa: N815 - the FHIR name
    code: Raw
    status: str = ""
    id: str = ""
    meta: Raw = _NONE
    category: Raw = _NONE
    subject: Raw = _NONE
    device: Raw = _NONE
    method: Raw = _NONE
    effectiveDateTime: str = ""  # noqa: N815 - the FHIR name
    effectiveInstant: str = ""  # noqa: N815 - the FHIR name
    effectivePeriod: PeriodShape | None = None  # noqa: N815 - the FHIR name
    valueQuantity: QuantityShape | None = None  # noqa: N815 - the FHIR name
    valueCodeableConcept: Raw | UnsetType = UNSET  # noqa: N815 - the FHIR name
    component: list[ComponentShape] | None = None
    identifier: Raw | UnsetType = UNSET


class _Coding(msgspec.Struct, forbid_unknown_fields=True):
    system: str = ""
    code: str = ""
    display: str = ""


class _Concept(msgspec.Struct, forbid_unknown_fields=True):
    coding: list[_Coding]
    text: str = ""


class _Reference(msgspec.Struct, forbid_unknown_fields=True):
    reference: str = ""
    display: str = ""
    type: str = ""


class _Meta(msgspec.Struct, forbid_unknown_fields=True):
    versionId: str = ""  # noqa: N815 - the FHIR name
    lastUpdated: str = ""  # noqa: N815 - the FHIR name
    profile: tuple[str, ...] = ()  # a claim about the form, which ours replaces
    tag: tuple[_Coding, ...] = ()


_CONCEPT: Final = msgspec.json.Decoder(_Concept)
_CONCEPTS: Final = msgspec.json.Decoder(tuple[_Concept, ...])
_REFERENCE: Final = msgspec.json.Decoder(_Reference)
_META: Final = msgspec.json.Decoder(_Meta)
_TAG_BITS: Final = {code: bit for bit, code in QUALITY_TAGS.items()}


class Fixed(NamedTuple):
    """What the unchanging parts of an Observation say: whose, what, from where.

    ucum: the unit of a single number, '' where the value is something else; instant: an effectiveDateTime is due.
    """

    subject: str
    vital: Vital
    channel: Channel | None
    source: Source
    ucum: str
    instant: bool


def source_of(display: str, reference: str, method: str) -> Source:
    """The source named by ``device`` and ``method``; its key is the same for the same texts."""
    digest = hashlib.sha256("\n".join((reference or display, method)).encode()).hexdigest()
    return Source(key=f"fhir:{digest[:16]}", label=display, device=reference, method=method)


def identified(fixed: Fixed, form: str) -> Fixed:
    """The same where each line names its device by an identifier: then that device is the source, whoever passed it on."""
    digest = hashlib.sha256(f"phd\n{form}".encode()).hexdigest()
    return fixed._replace(source=replace(fixed.source, key=f"fhir:{digest[:16]}", phd=form))


def _pairs(codings: Iterable[_Coding | Coding]) -> set[tuple[str, str]]:
    return {(c.system, c.code) for c in codings}


def _names(of: Vital | Channel) -> set[str]:
    names = {of.name_ja, *(c.display for c in of.codings), *([of.name_en] if isinstance(of, Vital) else [])}
    return {name.casefold() for name in names} | {""}


def _is_concept(concept: _Concept, of: Vital | Channel) -> bool:
    """Whether the concept says the same as our codings, and no more."""
    known = _pairs(of.codings)
    return bool(concept.coding) and _pairs(concept.coding) <= known and concept.text.casefold() in _names(of)


def _target(concept: _Concept) -> tuple[Vital, Channel | None] | None:
    """The vital (and the item of the check-up panel, which needs its JLAC10 code) that the code names."""
    panel = any(c.system == JLAC10 for c in concept.coding)
    for coding in concept.coding:
        for key, name in lookup(coding.system, coding.code):
            vital = VITALS[key]
            channel = None if name is None else vital.channel(name)
            if panel is (channel is not None) and _is_concept(concept, channel or vital):
                return vital, channel
    return None


def _category_fits(raw: bytes, of: Vital | Channel) -> bool:
    known = {(HL7_CATEGORY, of.fhir_category), (JP_CATEGORY, of.category_ja_code)}
    return not raw or all(not c.text and _pairs(c.coding) <= known for c in _CONCEPTS.decode(raw))


def _method(raw: bytes) -> str | None:
    if not raw:
        return "unknown"
    concept = _CONCEPT.decode(raw)
    if concept.text or len(concept.coding) != 1 or concept.coding[0].system != METHOD_SYSTEM:
        return None
    return concept.coding[0].code if concept.coding[0].code in METHODS else None


def _understand(code: bytes, category: bytes, subject: bytes, device: bytes, method: bytes) -> Fixed | None:
    target = _target(_CONCEPT.decode(code))
    whose = _REFERENCE.decode(subject) if subject else _Reference()
    by = _REFERENCE.decode(device) if device else _Reference()
    way = _method(method)
    if target is None or way is None or whose.display or whose.type not in ("", "Patient"):
        return None
    if by.type not in ("", "Device") or max(map(len, (by.display, by.reference, whose.reference))) > MAX_NAME:
        return None
    if not _category_fits(category, target[1] or target[0]):
        return None
    vital, channel = target
    single = channel or (vital.channels[0] if len(vital.channels) == 1 else None)
    return Fixed(
        whose.reference,
        vital,
        channel,
        source_of(by.display, by.reference, way),
        single.ucum if single else "",
        vital.kind != "interval",
    )


def understand(parts: tuple[bytes, bytes, bytes, bytes, bytes]) -> Fixed | None:
    """What (code, category, subject, device, method) say, or None: then the Observation is a document."""
    try:
        return _understand(*parts)
    except (ValueError, RecursionError):  # richer than the shape, or no FHIR: the document's check will tell
        return None


def meta_bits(raw: bytes) -> int:
    """The quality bits that meta's tags say, or RICHER when meta holds more than that."""
    try:
        meta = _META.decode(raw) if raw else _Meta()
    except (ValueError, RecursionError):
        return RICHER
    bits = 0
    for tag in meta.tag:
        if tag.system != QUALITY_SYSTEM or tag.code not in _TAG_BITS:
            return RICHER
        bits |= _TAG_BITS[tag.code]
    return bits


def component_channel(code: bytes, vital: Vital) -> int | None:
    """Which channel of the vital a component's code names, or None."""
    try:
        concept = _CONCEPT.decode(code)
    except (ValueError, RecursionError):
        return None
    for number, channel in enumerate(vital.channels):
        if _is_concept(concept, channel):
            return number
    return None


def answer(raw: bytes, channel: Channel) -> float | None:
    """The number of a coded answer, or None when it is not one of the channel's."""
    try:
        concept = _CONCEPT.decode(raw)
    except (ValueError, RecursionError):
        return None
    if channel.coded is None or concept.text or len(concept.coding) != 1:
        return None
    given = concept.coding[0]
    for value, (code, _) in channel.coded.items():
        if given.system == channel.answer_system and given.code == code:
            return float(value)
    return None
