"""Reads FHIR R4 Observations straight into columns; what columns cannot hold stays a document.

A line becomes a row when it says no more than a row can say: a known code (with JLAC10: an item of the check-up), a
UCUM unit that is the channel's or converts to it, an instant, period or day of the vital's kind, a device, a method,
and our own quality tags. ``id``, ``meta.versionId``, ``meta.lastUpdated`` and ``meta.profile`` are dropped, because
whoever stores the row gives it new ones. Anything richer is handed back untouched as a document, also a number with
more decimals than its channel keeps. One thing columns do not hold is accepted nevertheless: how many zeros end a
decimal (6.30 comes back as 6.3, and 06:42:00.000 as 06:42:00). Who needs them stores the Observation as a document.
What is wrong in itself is a Reject that names the line and the field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from ingest import phd
from ingest.codes import UCUM, Channel, Vital
from ingest.fhir_columns import Components, Named, Part, Row, sort_rows
from ingest.fhir_runs import Runs
from ingest.fhir_shape import (
    RICHER,
    STATUS_BITS,
    ComponentShape,
    Fixed,
    ObservationShape,
    QuantityShape,
    answer,
    component_channel,
    identified,
    meta_bits,
    understand,
)
from ingest.series import Reject, Series

MAX_LINE: Final = 1_000_000
"""Longer lines are refused: no Observation needs a megabyte, and a file of them would fill the memory."""
_OBSERVATION: Final = msgspec.json.Decoder(ObservationShape)
_NAN: Final = float("nan")
_Key = tuple[bytes, bytes, bytes, bytes, bytes]
_PATH: Final = re.compile(r"`\$\.?([A-Za-z0-9_.\[\]]*)`")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")


class Document(NamedTuple):
    """A line that stays a document: its number, whose it is ('' when it does not say), its bytes."""

    line: int
    subject: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of the lines: each is in exactly one of parts, documents and rejects."""

    parts: list[Part] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    rejects: list[tuple[int, Reject]] = field(default_factory=list)

    @property
    def series(self) -> list[Series]:
        """The series of all subjects."""
        return [part.series for part in self.parts]


class _Loose(msgspec.Struct):
    """As much of any resource as says what it is and whose."""

    resourceType: str  # noqa: N815 - the FHIR name
    id: str = ""
    subject: dict[str, object] | None = None
    patient: dict[str, object] | None = None


_LOOSE: Final = msgspec.json.Decoder(_Loose)


class _Refused(Exception):
    """A line that is wrong in itself."""

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


class _Richer(Exception):
    """A line that says more than a row can."""


def _number(quantity: QuantityShape, channel: Channel, place: str) -> float:
    """The value in the channel's unit."""
    if quantity.system == UCUM:
        if quantity.code == channel.ucum:
            return quantity.value
        by = channel.converts.get(quantity.code)
        if by is not None:
            value = quantity.value * by[0] + by[1]
            if not math.isfinite(value):
                raise _Refused("bad-value", f"{place}.value")
            return round(value, channel.decimals)
    raise _Refused("bad-unit", f"{place}.code")


class _Reader:
    """Turns lines into rows; keeps what repeated parts mean, for this call only."""

    def __init__(self, subjects: frozenset[str] | None, *, keep_identifiers: bool) -> None:
        self.subjects = subjects
        self.keep_identifiers = keep_identifiers
        self.known: dict[_Key, int] = {}
        self.metas: dict[bytes, int] = {}
        self.codes: dict[tuple[str, bytes], int | None] = {}
        self.numbers: dict[tuple[str, str, str, str], int] = {}
        self.groups: list[Fixed] = []
        self.rows: list[Row] = []
        self.components: Components = []
        self.named: Named = {}
        self.runs = Runs()

    def read(self, index: int, line: bytes) -> None:
        """Takes one line as a row; raises _Richer, _Refused or what the decoder raises.

        This runs once for each line: it looks up what it can and calls as little as it can.
        """
        seen = _OBSERVATION.decode(line)
        key = (
            bytes(seen.code),
            bytes(seen.category),
            bytes(seen.subject),
            bytes(seen.device),
            bytes(seen.method),
        )
        number = self.known.get(key)
        if number is None:
            number = self.known[key] = self._group(key)
        meta = bytes(seen.meta)
        bits = self.metas.get(meta)
        if bits is None:
            bits = self.metas[meta] = meta_bits(meta)
        status = STATUS_BITS.get(seen.status, RICHER)
        if number < 0 or bits < 0 or status < 0 or seen.resourceType != "Observation":
            raise _Richer
        if seen.identifier is not UNSET and self.keep_identifiers:
            number = self._identified(index, number, bytes(seen.identifier))
        fixed = self.groups[number]
        if self.subjects is not None and fixed.subject not in self.subjects:
            raise _Refused("other-subject" if fixed.subject else "no-subject", "subject")
        period = seen.effectivePeriod
        if seen.effectiveInstant:
            start, end = _time(seen, fixed.vital)
        elif period is None and fixed.instant and seen.effectiveDateTime:
            start = end = seen.effectiveDateTime
        elif period and not fixed.instant and period.start and period.end and not seen.effectiveDateTime:
            start, end = period.start, period.end
        else:
            start, end = _time(seen, fixed.vital)
        quantity = seen.valueQuantity
        plain = seen.component is None and seen.valueCodeableConcept is UNSET
        if plain and quantity is not None and quantity.code == fixed.ucum and quantity.system == UCUM:
            value = quantity.value
            self.runs.learn(line, number, bits | status, seen.effectiveDateTime, value)
        else:
            value = self._value(seen, fixed)
        self.rows.append((index, number, start, end, bits | status, value))

    def _group(self, key: _Key) -> int:
        fixed = understand(key)
        if fixed is None:
            return RICHER
        name = fixed.channel.name if fixed.channel else ""
        same = (fixed.subject, fixed.vital.key, name, fixed.source.key)
        if same not in self.numbers:
            self.numbers[same] = len(self.groups)
            self.groups.append(fixed)
        return self.numbers[same]

    def _identified(self, index: int, number: int, identifier: bytes) -> int:
        """The group of a line with an identifier of the HL7 PHD guide, which its columns write again; another is richer."""
        fixed = self.groups[number]
        said = phd.said(identifier, fixed.subject, fixed.vital)
        if said is None:
            raise _Richer
        self.named[index] = (said.stamp, said.quarters)
        same = (fixed.subject, fixed.vital.key, "", said.form)
        if same not in self.numbers:
            self.numbers[same] = len(self.groups)
            self.groups.append(identified(fixed, said.form))
        return self.numbers[same]

    def _value(self, seen: ObservationShape, fixed: Fixed) -> float:
        channel = fixed.channel or fixed.vital.channels[0]
        several = fixed.channel is None and len(fixed.vital.channels) > 1
        coded = seen.valueCodeableConcept
        if several:
            if seen.valueQuantity is not None or coded is not UNSET:
                raise _Richer
            return self._panel(seen.component or [], fixed.vital)
        if seen.component is not None or (seen.valueQuantity is not None and coded is not UNSET):
            raise _Richer
        if seen.valueQuantity is None and coded is UNSET:
            raise _Refused("no-value", "value[x]")
        if channel.coded is None:
            if seen.valueQuantity is None:
                raise _Richer
            return _number(seen.valueQuantity, channel, "valueQuantity")
        found = None if coded is UNSET else answer(bytes(coded), channel)
        if found is None:
            raise _Richer
        return found

    def _panel(self, given: list[ComponentShape], vital: Vital) -> float:
        values = [_NAN] * len(vital.channels)
        for place, component in enumerate(given):
            code = vital.key, bytes(component.code)
            if code not in self.codes:
                self.codes[code] = component_channel(code[1], vital)
            number = self.codes[code]
            if number is None or not math.isnan(values[number]):
                raise _Richer
            quantity, channel = component.valueQuantity, vital.channels[number]
            if quantity.code == channel.ucum and quantity.system == UCUM:
                values[number] = quantity.value
            else:
                values[number] = _number(quantity, channel, f"component[{place}].valueQuantity")
        if not given:
            raise _Refused("no-value", "component")
        self.components.append(tuple(values))
        return float(len(self.components) - 1)


def _time(seen: ObservationShape, vital: Vital) -> tuple[str, str]:
    """The texts of start and end; of an instant or a day, the same text twice."""
    period = seen.effectivePeriod
    if (seen.effectiveDateTime and seen.effectiveInstant) or (
        period is not None and (seen.effectiveDateTime or seen.effectiveInstant)
    ):
        raise _Refused("bad-time", "effective[x]")
    if period is not None:
        if vital.kind != "interval" or not period.start or not period.end:
            raise _Richer
        return period.start, period.end
    instant = seen.effectiveDateTime or seen.effectiveInstant
    if not instant:
        raise _Refused("no-time", "effective[x]")
    if vital.kind == "interval":
        raise _Richer
    return instant, instant


def _failure(line: bytes, error: Exception) -> Document | Reject:
    """A line that the strict shape refuses: a document when it is richer, else why it is nothing."""
    try:
        loose = _LOOSE.decode(line)
    except msgspec.ValidationError as other:
        if "resourceType" in str(other):
            return Reject("not-fhir", "resourceType")
        return Reject("bad-type", _place(str(other)))
    except (ValueError, RecursionError):
        return Reject("bad-json", "")
    message = str(error)
    missing = _MISSING.search(message)
    if isinstance(error, msgspec.ValidationError) and loose.resourceType == "Observation":
        if "unknown field" not in message and missing is None:
            return Reject("bad-type", _place(message))
        if missing is not None:
            return Reject(
                "no-value" if missing[1] == "value" else "missing", _joined(_place(message), missing[1])
            )
    return Document(0, _subject(loose), line)


def _place(message: str) -> str:
    found = _PATH.search(message)
    return found[1] if found else ""


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _subject(loose: _Loose) -> str:
    """Whose resource it is; a Patient is its own."""
    if loose.resourceType == "Patient":
        return f"Patient/{loose.id}" if loose.id else ""
    reference = (loose.subject or loose.patient or {}).get("reference", "")
    return reference if isinstance(reference, str) else ""


def _subject_of(line: bytes) -> str:
    try:
        return _subject(_LOOSE.decode(line))
    except (ValueError, RecursionError):  # a subject of the wrong type: the document's check will tell
        return ""


def parse_lines(
    lines: bytes | list[bytes],
    zone: ZoneInfo,
    *,
    first_line: int = 1,
    subjects: frozenset[str] | None = None,
    keep_identifiers: bool = False,
) -> Parsed:
    """Observations (NDJSON, or one JSON text each) as columns; never raises for what a line holds.

    A time without zone takes ``zone`` and the bit ZONE_ASSUMED. Lines are numbered from ``first_line``; empty ones
    are passed over. With ``subjects`` an Observation of anyone else is rejected (documents are not looked into).
    ``keep_identifiers`` makes an Observation with an ``identifier`` a document, but for one of the HL7 PHD guide that
    the columns can write again; otherwise the identifier is dropped.
    """
    texts = lines.split(b"\n") if isinstance(lines, bytes) else lines
    reader = _Reader(subjects, keep_identifiers=keep_identifiers)
    parsed = Parsed()
    refuse = parsed.rejects.append
    at = 0
    while (at := reader.runs.follow(texts, at, first_line)) < len(texts):
        index, line = first_line + at, texts[at]
        at += 1
        if len(line) > MAX_LINE:
            refuse((index, Reject("too-long", f"line {index}")))
            continue
        try:
            reader.read(index, line)
        except _Richer:
            parsed.documents.append(Document(index, _subject_of(line), line))
        except _Refused as refused:
            refuse((index, Reject(refused.reason, f"line {index}: {refused.place}")))
        except (ValueError, RecursionError) as error:
            if not line.strip():
                continue
            outcome = _failure(line, error)
            if isinstance(outcome, Document):
                parsed.documents.append(outcome._replace(line=index))
            else:
                refuse((index, Reject(outcome.reason, _joined_line(index, outcome.field))))
    placed = sort_rows(reader.rows, reader.runs.found, reader.components, reader.groups, zone, reader.named)
    for number in placed.richer:
        text = texts[number - first_line]
        parsed.documents.append(Document(number, _subject_of(text), text))
    parsed.parts.extend(placed.parts)
    parsed.rejects.extend(placed.rejects)
    parsed.documents.sort()
    parsed.rejects.sort(key=lambda pair: pair[0])
    return parsed


def _joined_line(index: int, place: str) -> str:
    return f"line {index}: {place}" if place else f"line {index}"


def tally(rejects: Iterable[tuple[int, Reject]]) -> tuple[Reject, ...]:
    """One Reject for each reason and field, naming the first line it was seen in."""
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for _, reject in rejects:
        key = reject.reason, reject.field.partition(": ")[2]
        first, count = found.get(key, (reject.field, 0))
        found[key] = first, count + reject.count
    return tuple(Reject(reason, first, count) for (reason, _), (first, count) in found.items())
