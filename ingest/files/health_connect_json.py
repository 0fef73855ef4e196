"""Reads Health Connect records as an app dumps them: a JSON list, an object with ``records``, or one on each line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.clock_text import instants
from ingest.files.health_connect_rows import MILLISECOND, Origins, Sessions, wrists
from ingest.files.health_connect_types import TYPES, RecordType
from ingest.files.offset_rows import Found, Records, numbers, series_of
from ingest.series import Reject

_NAN: Final = float("nan")
_OFFSET: Final = re.compile(r"([+-])(\d{2}):?(\d{2})(?::?(\d{2}))?")
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_METHODS: Final = {
    "RECORDING_METHOD_ACTIVELY_RECORDED": 1,
    "RECORDING_METHOD_AUTOMATICALLY_RECORDED": 2,
    "RECORDING_METHOD_MANUAL_ENTRY": 3,
}
_PLACES: Final = {"left_wrist": 1, "right_wrist": 2}
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


class _Dump(msgspec.Struct, gc=False):
    """An object that holds the records."""

    records: list[msgspec.Raw]


_DUMP: Final = msgspec.json.Decoder(_Dump)


class _Device(msgspec.Struct, gc=False):
    manufacturer: Any = None
    model: Any = None


class _Meta(msgspec.Struct, gc=False, rename="camel"):
    id: str | None = None
    data_origin: Any = None
    last_modified_time: Any = None
    client_record_id: str | None = None
    client_record_version: int | float | None = None
    device: _Device | None = None
    recording_method: Any = None


class _Head(msgspec.Struct, gc=False, rename="camel"):
    """What every record says; its values are read from the whole."""

    record_type: str
    metadata: _Meta = msgspec.field(default_factory=_Meta)


_HEAD: Final = msgspec.json.Decoder(_Head, strict=False)
_BODY: Final = msgspec.json.Decoder(dict[str, Any])


_Found = tuple[int, _Head, msgspec.Raw]
"""A record's place in the document, what it says of itself, and the whole of it."""


def elements(payload: bytes, file: str) -> list[msgspec.Raw]:
    """The records of a document.

    Raises: BadPayload, when the bytes are neither a list, nor an object with records, nor lines of them.
    """
    text = payload.strip()
    try:
        return _LIST.decode(text) if text.startswith(b"[") else _DUMP.decode(text).records
    except _WRONG as error:
        lines = [msgspec.Raw(line) for line in text.split(b"\n") if line.strip()]
        if text.startswith(b"[") or not any(map(_is_record, lines)):
            raise BadPayload("no Health Connect records as JSON", field="records", file=file) from error
        return lines


def _is_record(line: msgspec.Raw) -> bool:
    try:
        _HEAD.decode(line)
    except _WRONG:
        return False
    return True


@dataclass(slots=True)
class _Columns:
    """Values of one record type as they are gathered."""

    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    offset: list[float] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    wrist: list[Any] = field(default_factory=list)
    channels: dict[str, list[float]] = field(default_factory=dict)


def _newest(found: list[_Found]) -> tuple[list[_Found], int]:
    """Of records with one identity those of the highest version, and how many others there were."""
    best: dict[tuple[str, str, str], tuple[float, float]] = {}
    ranks = []
    for _, head, _ in found:
        meta = head.metadata
        name = meta.client_record_id or meta.id
        changed = _instant(meta.last_modified_time)
        rank = float(meta.client_record_version or 0), 0.0 if math.isnan(changed) else changed
        key = (head.record_type, _package(meta), name) if name else None
        if key is not None:
            best[key] = max(best.get(key, rank), rank)
        ranks.append((key, rank))
    kept = [each for each, (key, rank) in zip(found, ranks, strict=True) if key is None or best[key] == rank]
    return kept, len(found) - len(kept)


def batches(payload: bytes, file: str, zone: ZoneInfo, rows: int) -> Iterator[Found]:
    """The records of a document, some at a time.

    Raises: BadPayload, when the document is no list of records.
    """
    found: list[_Found] = []
    rejects: list[Reject] = []
    for index, raw in enumerate(elements(payload, file)):
        try:
            found.append((index, _HEAD.decode(raw), raw))
        except _WRONG:
            rejects.append(Reject("bad-value", f"records[{index}]"))
    kept, older = _newest(found)
    if older:
        rejects.append(Reject("superseded", "metadata.clientRecordVersion", older))
    for first in range(0, max(len(kept), 1), rows):
        reader = _Reader(zone)
        reader.rejects += rejects
        rejects = []
        for index, head, raw in kept[first : first + rows]:
            try:
                reader.add(head, _BODY.decode(raw))
            except _WRONG:  # a number that no float holds, in a member that only the whole shows
                reader.rejects.append(Reject("bad-value", f"records[{index}]"))
        yield reader.found()


class _Reader:
    """Gathers records of many types."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._origins = Origins()
        self._columns: dict[str, _Columns] = {}
        self._nights: list[tuple[float, float, float, int]] = []
        self._stages: list[tuple[int, float, float, Any]] = []
        self.rejects: list[Reject] = []

    def add(self, head: _Head, body: dict[str, Any]) -> None:
        """One record."""
        name = head.record_type.rpartition(".")[2].removesuffix("Record")
        record = TYPES.records.get(name)
        if record is None:
            self.rejects.append(Reject("unsupported-type", name if name in TYPES.named else "recordType"))
            return
        owner = self._owner(head.metadata)
        if record.clock == "sleep":
            self._night(body, owner)
        elif record.clock == "series":
            samples = body.get("samples")
            offset = _offset(body.get("startZoneOffset"))
            for sample in samples if isinstance(samples, list) else [{}]:
                inside = sample if isinstance(sample, dict) else {}
                self._row(record, inside, owner, (_instant(inside.get("time")), _NAN, offset))
        else:
            lasts = record.clock == "interval"
            start = _instant(body.get("startTime" if lasts else "time"))
            offset = _offset(body.get("startZoneOffset" if lasts else "zoneOffset"))
            self._row(record, body, owner, (start, _instant(body.get("endTime")), offset))

    def _owner(self, meta: _Meta) -> int:
        device = meta.device or _Device()
        made_by = [part for part in (device.manufacturer, device.model) if isinstance(part, str)]
        method = meta.recording_method
        if isinstance(method, str):
            method = _METHODS.get(method, 0)
        return self._origins.number(_package(meta), " ".join(made_by), method)

    def _row(
        self, record: RecordType, body: dict[str, Any], owner: int, times: tuple[float, float, float]
    ) -> None:
        values = {
            channel: _value(body.get(member), record, unit, channel)
            for channel, (member, unit) in record.fields.items()
        }
        if None in values.values():
            self.rejects.append(Reject("bad-unit", record.name))
            return
        columns = self._columns.setdefault(record.name, _Columns())
        for column, each in zip((columns.start, columns.end, columns.offset), times, strict=True):
            column.append(each)
        columns.owner.append(owner)
        place = body.get("measurementLocation")
        columns.wrist.append(_PLACES.get(place, 0) if isinstance(place, str) else place)
        for channel, value in values.items():
            columns.channels.setdefault(channel, []).append(_NAN if value is None else value)

    def _night(self, body: dict[str, Any], owner: int) -> None:
        start, end = _instant(body.get("startTime")), _instant(body.get("endTime"))
        stages = body.get("stages")
        for each in stages if isinstance(stages, list) else []:
            inside = each if isinstance(each, dict) else {}
            stage = inside.get("stage")
            if isinstance(stage, str):
                stage = TYPES.stages.get(stage.removeprefix("STAGE_TYPE_").lower())
            times = _instant(inside.get("startTime")), _instant(inside.get("endTime"))
            self._stages.append((len(self._nights), *times, stage))
        self._nights.append((start, end, _offset(body.get("startZoneOffset")), owner))

    def found(self) -> Found:
        """The Series of everything gathered."""
        series, rejects = [], self.rejects
        for name, columns in self._columns.items():
            record = TYPES.records[name]
            records = Records(
                record.code,
                columns.start,
                columns.offset,
                columns.owner,
                columns.channels,
                columns.end if record.clock == "interval" else None,
                wrists(columns.wrist) if record.wrist else None,
            )
            more, refused = series_of(records, self._origins.sources, self._zone, name)
            series += more
            rejects += refused
        if self._nights:
            starts, ends, offsets, owners = map(list, zip(*self._nights, strict=True))
            nights = Sessions(starts, ends, offsets, [int(owner) for owner in owners])
            for stage in self._stages:
                nights.stage(*stage)
            more, refused = nights.series(self._origins, self._zone)
            series += more
            rejects += refused
        return series, rejects


def _package(meta: _Meta) -> str:
    """The app: plain text, or an object with its name."""
    origin = meta.data_origin
    if isinstance(origin, dict):
        origin = origin.get("packageName")
    return origin if isinstance(origin, str) else ""


def _instant(value: Any) -> float:
    """Microseconds of an RFC 3339 text or of epoch milliseconds; NaN for anything else."""
    if isinstance(value, str):
        found, good = instants([value])
        return float(found[0]) if good[0] else _NAN
    return numbers([value])[0] * MILLISECOND


def _offset(value: Any) -> float:
    """Seconds of an offset: ``+09:00``, ``Z``, a number, or an object with one of them; NaN when there is none."""
    if isinstance(value, dict):
        value = value.get("totalSeconds", value.get("id"))
    if isinstance(value, str):
        if value == "Z":
            return 0.0
        found = _OFFSET.fullmatch(value) if len(value) < 12 else None
        if found is None:
            return _NAN
        seconds = int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4] or 0)
        return float(-seconds if found[1] == "-" else seconds)
    return numbers([value])[0]


def _value(given: Any, record: RecordType, unit: str, channel: str) -> float | None:
    """A value in the vital's unit; NaN when there is none, None when its unit is not told or not known."""
    if not isinstance(given, dict):
        value = numbers([given])[0]
        return value if unit or given is None else None
    decimals = VITALS[record.code].channel(channel).decimals
    told = given.get("unit")
    if isinstance(told, str):
        by, value = record.units.get(told), numbers([given.get("value")])[0]
        return None if by is None else round(value * by[0] + by[1], decimals)
    for name, (factor, shift) in record.units.items():
        if name in given:
            value = numbers([given[name]])[0]
            return value if (factor, shift) == (1.0, 0.0) else round(value * factor + shift, decimals)
    return None
