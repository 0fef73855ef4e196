"""Renders columns of a vital as FHIR R4 Observations: one byte template for each vital, filled row by row.

What a column can hold and where it goes:

- ``effectiveDateTime`` in the row's own offset (seconds of an offset cannot be written in FHIR: the offset is cut to
  whole minutes and the instant stays exact), ``effectivePeriod`` for intervals, a bare date for days;
- ``status`` is ``final``, or ``preliminary`` where SOFT_LIMIT is set; the other quality bits are ``meta.tag`` codings of
  the system ``urn:phr:quality`` (so a typed value is found with ``_tag=urn:phr:quality|manual``);
- how the source gets its values is ``method`` (system ``urn:phr:method``), its name is ``device.display``;
- values keep at most the decimals of their channel, without trailing zeros: 36.7, never 36.70000001 or 36.70.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
import numpy as np

from ingest import series as columns
from ingest.codes import HL7_CATEGORY, JP_CATEGORY, UCUM, VITALS, Channel, Coding, Vital
from ingest.phd import identifiers
from ingest.series import Flags, Micros, Seconds, Series, Values

QUALITY_SYSTEM: Final = "urn:phr:quality"
METHOD_SYSTEM: Final = "urn:phr:method"
ABSENT_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
QUALITY_TAGS: Final[Mapping[int, str]] = {
    columns.MANUAL: "manual",
    columns.ZONE_ASSUMED: "zone-assumed",
    columns.LOW_CONFIDENCE: "low-confidence",
    columns.WRIST: "wrist",
}
_REFERENCES: Final = ("Device/", "http://", "https://", "urn:")
_DAY: Final = 86_400_000_000
_ABSENT: Final = (
    b'"dataAbsentReason":{"coding":[{"system":"' + ABSENT_SYSTEM.encode() + b'","code":"unknown"}]}}'
)


class _Template(NamedTuple):
    """The parts of an Observation that do not change from row to row."""

    profile: bytes
    category_and_code: bytes
    channels: tuple[tuple[str, Callable[[float], bytes]], ...]


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _coding(coding: Coding) -> dict[str, str]:
    shown = {"display": coding.display} if coding.display else {}
    return {"system": coding.system, "code": coding.code, **shown}


def _category(hl7: str, japan: str) -> list[dict[str, list[dict[str, str]]]]:
    return [
        {"coding": [{"system": JP_CATEGORY, "code": japan}]},
        {"coding": [{"system": HL7_CATEGORY, "code": hl7}]},
    ]


def number(value: float, decimals: int) -> bytes:
    """A FHIR decimal with at most the given decimals and no trailing zeros.

    >>> number(36.70000001, 3), number(72.0, 1)
    (b'36.7', b'72')
    """
    rounded = round(value, decimals)
    exact = abs(rounded) < 2**53 and rounded == int(rounded)
    return b"%d" % rounded if exact else repr(rounded).encode()


def _quantity(channel: Channel) -> Callable[[float], bytes]:
    after = _json({"unit": channel.unit, "system": UCUM, "code": channel.ucum})[1:]

    def render(value: float) -> bytes:
        return b'"valueQuantity":{"value":' + number(value, channel.decimals) + b"," + after

    return render


def _answer(channel: Channel) -> Callable[[float], bytes]:
    coded = channel.coded or {}

    def render(value: float) -> bytes:
        answer = coded.get(int(value)) if value == int(value) else None
        if answer is None:
            return _ABSENT[:-1]
        coding = {"system": channel.answer_system, "code": answer[0], "display": answer[1]}
        return b'"valueCodeableConcept":' + _json({"coding": [coding]})

    return render


def _component(channel: Channel) -> Callable[[float], bytes]:
    code = _json({"coding": [_coding(c) for c in channel.codings], "text": channel.name_ja})
    quantity = _quantity(channel)

    def render(value: float) -> bytes:
        return b'{"code":' + code + b"," + quantity(value) + b"}"

    return render


@lru_cache(maxsize=256)
def _template(key: str, channel_name: str | None) -> _Template:
    """The template of a vital, or of one channel of a split panel."""
    vital = VITALS[key]
    if vital.split is not (channel_name is not None):
        raise ValueError(f"{key}: a split panel is rendered channel by channel, any other vital as a whole")
    if channel_name is None:
        of: Vital | Channel = vital
        shown: tuple[Channel, ...] = vital.channels
    else:
        of = vital.channel(channel_name)
        shown = (of,)
    profile = b',"profile":' + _json(list(of.profiles)) if of.profiles else b""
    category = _category(of.fhir_category, of.category_ja_code)
    code = {"coding": [_coding(c) for c in of.codings], "text": of.name_ja}
    if len(shown) > 1:
        channels = tuple((c.name, _component(c)) for c in shown)
    else:
        channels = tuple((c.name, _quantity(c) if c.coded is None else _answer(c)) for c in shown)
    return _Template(profile, b',"category":' + _json(category) + b',"code":' + _json(code), channels)


def _zone_text(minutes: int) -> bytes:
    sign = b"-" if minutes < 0 else b"+"
    return sign + b"%02d:%02d" % divmod(abs(minutes), 60)


def _local_texts(instants: Micros, offset: Seconds) -> list[bytes]:
    """``2026-06-10T06:42:00+09:00`` for each instant, with a fraction only where it is not zero."""
    minutes = offset.astype(np.int64) // 60
    local = instants + minutes * 60_000_000
    texts = np.datetime_as_string(local.view("datetime64[us]"), unit="s").astype("S19").tolist()
    fraction = local % 1_000_000
    for row in np.flatnonzero(fraction).tolist():
        texts[row] += b".%06d" % fraction[row] if fraction[row] % 1000 else b".%03d" % (fraction[row] // 1000)
    first = int(minutes[0])
    if (minutes == first).all():
        zone = _zone_text(first)
        return [text + zone for text in texts]
    zones = {m: _zone_text(m) for m in np.unique(minutes).tolist()}
    return [text + zones[m] for text, m in zip(texts, minutes.tolist(), strict=True)]


def _effective(vital: Vital, start: Micros, duration: Micros | None, offset: Seconds) -> list[bytes]:
    """The effective[x] member of each row, with the comma that follows it."""
    if vital.kind == "day":
        days = (start + offset.astype(np.int64) * 1_000_000) // _DAY
        texts = np.datetime_as_string(days.view("datetime64[D]"), unit="D").astype("S10").tolist()
        return [b'"effectiveDateTime":"' + text + b'",' for text in texts]
    starts = _local_texts(start, offset)
    if duration is None:
        return [b'"effectiveDateTime":"' + text + b'",' for text in starts]
    ends = _local_texts(start + duration, offset)
    return [b'"effectivePeriod":{"start":"%b","end":"%b"},' % pair for pair in zip(starts, ends, strict=True)]


@lru_cache(maxsize=256)
def _quality(bits: int) -> bytes:
    """The end of meta and the status for the quality bits of a row."""
    tags = [{"system": QUALITY_SYSTEM, "code": code} for bit, code in QUALITY_TAGS.items() if bits & bit]
    status = b"preliminary" if bits & columns.SOFT_LIMIT else b"final"
    return (b',"tag":' + _json(tags) if tags else b"") + b'},"status":"' + status + b'"'


def _fragments(column: Values, render: Callable[[float], bytes], absent: bytes) -> list[bytes]:
    """The value member of each row; each distinct value is rendered once."""
    values = column.tolist()
    known = {value: render(value) for value in set(column[np.isfinite(column)].tolist())}
    return [known.get(value, absent) for value in values]


def _values(template: _Template, channels: Mapping[str, Values]) -> list[bytes]:
    """The end of each Observation: its value, its components, or why there is none."""
    if len(template.channels) == 1:
        name, render = template.channels[0]
        return _fragments(channels[name], lambda value: render(value) + b"}", _ABSENT)
    parts = [
        _fragments(channels[name], render, b"") for name, render in template.channels if name in channels
    ]
    rows = [b",".join(filter(None, row)) for row in zip(*parts, strict=True)]
    return [b'"component":[' + row + b"]}" if row else _ABSENT for row in rows]


def observations(
    vital: Vital,
    *,
    ids: Sequence[str],
    subject: str,
    start: Micros,
    channels: Mapping[str, Values],
    offset: Seconds,
    quality: Flags,
    last_updated: str,
    duration: Micros | None = None,
    device: str = "",
    device_reference: str = "",
    method: str = "unknown",
    version: str = "1",
    channel: str | None = None,
    phd: str = "",
) -> list[bytes]:
    """One FHIR R4 Observation (JSON) for each row; ``ids`` and the columns have equal length.

    For a split panel (the check-up) ``channel`` names the one item to render and ``channels`` needs only that;
    the caller picks the rows that have a value (:func:`of_series` does). A value that is not finite is absent: a
    component is left out, and a row without any value says ``dataAbsentReason`` unknown. ``ids`` must be FHIR ids;
    all other text is escaped. ``device`` is the name to show, ``device_reference`` a ``Device/...`` where there is
    one, ``method`` and ``phd`` those of the Source.
    """
    if not len(ids):
        return []
    template = _template(vital.key, channel)
    meta = _json({"versionId": version, "lastUpdated": last_updated})[:-1] + template.profile
    head, second = b'{"resourceType":"Observation","id":"', b'","meta":' + meta
    third = template.category_and_code + b',"subject":' + _json({"reference": subject}) + b","
    by = {"reference": device_reference, "display": device}
    if device or device_reference:
        third += b'"device":' + _json({name: text for name, text in by.items() if text}) + b","
    if method != "unknown":
        third += b'"method":' + _json({"coding": [{"system": METHOD_SYSTEM, "code": method}]}) + b","
    names = "\n".join(ids).encode("ascii").split(b"\n")
    marks = [second + _quality(bits) + third for bits in range(32)]
    rows = zip(
        names,
        map(marks.__getitem__, (quality & 31).tolist()),
        *([identifiers(phd, subject, vital, start, offset)] if phd else []),
        _effective(vital, start, duration, offset),
        _values(template, channels),
        strict=True,
    )
    return [b"".join((head, *row)) for row in rows]


def reference_of(device: str) -> str:
    """The reference in a Source's device: some name their device by one, others by its model."""
    return device if device.startswith(_REFERENCES) else ""


def of_series(
    series: Series,
    *,
    subject: str,
    last_updated: str,
    make_ids: Callable[[Series, str | None], Sequence[str]],
) -> Iterator[list[bytes]]:
    """The Observations of a series; of a split panel, one list for each channel, rows without a value left out.

    ``make_ids(rows, channel)`` gives the ids of the rows; the channel is None except for a split panel.
    """
    vital = VITALS[series.code]
    names: tuple[str | None, ...] = tuple(series.channels) if vital.split else (None,)
    for name in names:
        part = series if name is None else series.take(~np.isnan(series.channels[name]))
        yield observations(
            vital,
            ids=make_ids(part, name),
            subject=subject,
            start=part.start,
            duration=part.duration,
            channels=part.channels,
            offset=part.offset,
            quality=part.quality,
            last_updated=last_updated,
            device=part.source.label,
            device_reference=reference_of(part.source.device),
            phd=part.source.phd,
            method=part.source.method,
            channel=name,
        )
