"""Reads Open mHealth (and IEEE 1752.1) data points: a list, an object with ``body``, one on each line, or one alone.

A statistic over many measurements is refused: it is no measurement. A time that is a part of a day is taken as a
quarter of the day and marked; a bare date is a time only for what is counted by the day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.columns import tally, tidy
from ingest.files.offset_rows import Found, Records, numbers, series_of
from ingest.files.open_mhealth_times import Frame, Span, span_of
from ingest.files.open_mhealth_types import COVERAGE, NAMESPACES, SCHEMAS, Output
from ingest.files.parts import chosen
from ingest.files.source import opened, resumed
from ingest.series import Batch, Reject, Source

__all__ = ["COVERAGE", "read"]

POINTS: Final = 20_000
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_NAN: Final = float("nan")
_METHODS: Final = {"sensed": "passive", "self-reported": "manual"}


class _Schema(msgspec.Struct, gc=False):
    name: str
    namespace: str = "omh"


class _Provenance(msgspec.Struct, gc=False):
    source_name: str = ""
    modality: str = ""


class _Header(msgspec.Struct, gc=False):
    schema_id: _Schema
    acquisition_provenance: _Provenance = msgspec.field(default_factory=_Provenance)
    modality: str = ""
    user_id: str | None = None


class _Point(msgspec.Struct, gc=False):
    header: _Header
    body: dict[str, Any]


class _Answer(msgspec.Struct, gc=False):
    """What a server of data points answers."""

    body: list[msgspec.Raw]


_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_POINT: Final = msgspec.json.Decoder(_Point)


def read(path: Path, *, zone: ZoneInfo, mark: str = "", rows: int = POINTS) -> Iterator[Batch]:
    """All measurements, in batches of up to ``rows`` data points.

    Raises: BadPayload, when a file holds no data points, or those of several users.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    users: set[str] = set()
    with opened(path) as files:
        total = sum(file.size for file in files)
        for index, file in chosen(files, 0, (".json", ".ndjson", ".jsonl")):
            points = _points(file.read(), file.name)
            users |= {
                each.header.user_id for each in points if isinstance(each, _Point) and each.header.user_id
            }
            if len(users) > 1:
                raise BadPayload("data points of several users", field="header.user_id", file=file.name)
            for part, first in enumerate(range(0, max(len(points), 1), rows), 1):
                if (index, part) > (skip_entry, skip_part):
                    series, rejects = _decoded(points[first : first + rows], first, zone)
                    yield Batch(
                        series=tuple(series),
                        rejects=tuple(tally(rejects)),
                        mark=f"{index}:{part}",
                        done=file.before
                        + file.size * min(first + rows, len(points) or 1) // (len(points) or 1),
                        total=total,
                    )


def _points(payload: bytes, file: str) -> list[_Point | Reject]:
    """The data points of a document, and why others are none."""
    text = payload.strip()
    try:
        found = _LIST.decode(text) if text.startswith(b"[") else _ANSWER.decode(text).body
    except _WRONG as error:
        found = [msgspec.Raw(line) for line in text.split(b"\n") if line.strip()]
        if len(found) > 1 and not isinstance(_point(found[0], 0), _Point):
            found = [msgspec.Raw(text)]  # one data point, written over several lines
        points = [_point(raw, index) for index, raw in enumerate(found)]
        if text.startswith(b"[") or not any(isinstance(each, _Point) for each in points):
            raise BadPayload("no Open mHealth data points", field="document", file=file) from error
        return points
    points = [_point(raw, index) for index, raw in enumerate(found)]
    if points and not any(isinstance(each, _Point) for each in points):
        raise BadPayload("no Open mHealth data points", field="header", file=file)
    return points


def _point(raw: msgspec.Raw, index: int) -> _Point | Reject:
    try:
        return _POINT.decode(raw)
    except _WRONG:
        return Reject("bad-value", f"[{index}]")


@dataclass(slots=True)
class _Columns:
    start: list[float] = field(default_factory=list)
    end: list[float] = field(default_factory=list)
    offset: list[float] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    channels: dict[str, list[float]] = field(default_factory=dict)


def _decoded(points: list[_Point | Reject], first: int, zone: ZoneInfo) -> Found:
    """The Series of some data points."""
    reader = _Reader(zone)
    for index, point in enumerate(points, first):
        if isinstance(point, Reject):
            reader.rejects.append(point)
        else:
            reader.add(point, f"[{index}]")
    return reader.found()


class _Reader:
    """Gathers the values of data points."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._sources: list[Source] = []
        self._known: dict[tuple[str, str], int] = {}
        self._columns: dict[str, _Columns] = {}
        self.rejects: list[Reject] = []

    def add(self, point: _Point, place: str) -> None:
        """One data point."""
        schema, body = point.header.schema_id, point.body
        outputs = SCHEMAS.outputs.get(schema.name.replace("_", "-"))
        if outputs is None or schema.namespace not in NAMESPACES:
            self.rejects.append(Reject("unsupported-schema", "header.schema_id"))
            return
        if body.get("descriptive_statistic") not in (None, "count"):
            self.rejects.append(Reject("statistic", "body.descriptive_statistic"))
            return
        try:
            frame = msgspec.convert(body.get("effective_time_frame"), Frame)
        except msgspec.ValidationError:
            self.rejects.append(Reject("bad-time", f"{place}.body.effective_time_frame"))
            return
        span, owner = span_of(frame, self._zone), self._owner(point.header)
        there = [each for each in outputs if any(member in body for member in each.values.values())]
        if not there:
            self.rejects.append(Reject("no-value", f"{place}.body"))
        for output in there:
            self._output(output, body, span, owner)

    def _output(self, output: Output, body: dict[str, Any], span: Span, owner: int) -> None:
        name = body.get("activity_name")
        words = name.lower() if isinstance(name, str) and len(name) < 200 else ""
        if output.needs and not any(word in words for word in output.needs):
            self.rejects.append(Reject("other-movement", "body.activity_name"))
            return
        code = output.day if span.date and output.day else output.code
        kind = VITALS[code].kind
        if kind == "sample" and span.date:
            self.rejects.append(Reject("imprecise-time", "body.effective_time_frame"))
            return
        if kind == "interval" and span.start == span.end:
            self.rejects.append(Reject("no-interval", "body.effective_time_frame"))
            return
        values = {
            channel: _value(body.get(member), output, code) for channel, member in output.values.items()
        }
        if None in values.values():
            self.rejects.append(Reject("bad-unit", f"body.{next(iter(output.values.values()))}"))
            return
        columns = self._columns.setdefault(code, _Columns())
        columns.start.append(span.start)
        columns.end.append(span.end)
        columns.offset.append(span.offset)
        columns.owner.append(owner)
        columns.quality.append(span.quality)
        for channel, value in values.items():
            columns.channels.setdefault(channel, []).append(_NAN if value is None else value)

    def _owner(self, header: _Header) -> int:
        """The number of the source: what it is called, and whether a person or a sensor told."""
        provenance = header.acquisition_provenance
        name, method = tidy(provenance.source_name), provenance.modality or header.modality
        how = _METHODS.get(method, "unknown")
        if (name, how) not in self._known:
            self._known[name, how] = len(self._sources)
            self._sources.append(
                Source(f"open-mhealth|{name}||{how}", name or "Open mHealth", "open-mhealth", "", how)
            )
        return self._known[name, how]

    def found(self) -> Found:
        """The Series of everything gathered."""
        series, rejects = [], self.rejects
        for code, columns in self._columns.items():
            records = Records(
                code,
                columns.start,
                columns.offset,
                columns.owner,
                columns.channels,
                columns.end if VITALS[code].kind == "interval" else None,
                columns.quality,
            )
            more, refused = series_of(records, self._sources, self._zone, VITALS[code].name_en)
            series += more
            rejects += refused
        return series, rejects


def _value(given: Any, output: Output, code: str) -> float | None:
    """A value in the vital's unit; NaN when there is none, None when it is not counted in its unit."""
    if given is None:
        return _NAN
    unit, number = (given.get("unit"), given.get("value")) if isinstance(given, dict) else ("", given)
    by = output.units.get(unit) if isinstance(unit, str) else None
    if by is None:
        return None
    value = numbers([number])[0] * by[0] + by[1]
    return value if by == (1.0, 0.0) or math.isnan(value) else round(value, VITALS[code].channels[0].decimals)
