"""Reads Google Health v4 data points: API pages, lists of pages or points, and NDJSON of either."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.columns import tally
from ingest.files.google_bodies import Wire
from ingest.files.google_columns import Points, points_to_series
from ingest.files.google_points import KINDS, NOT_CARRIED, Kind
from ingest.files.google_rollup import rollups_to_series
from ingest.files.parts import Part, chosen, fitting, forgiven, whole
from ingest.files.source import Entry, opened, resumed
from ingest.series import Batch, Reject, Series

COVERAGE: Final = frozenset(
    {output.code for kind in KINDS.values() for output in kind.outputs} | {"41950-7", "41979-6"}
)
"""The vital keys that this reader delivers."""

CHUNK: Final = 50_000
"""Points of a file of single points that make one batch."""

Found = tuple[list[Series], list[Reject]]

_ENVELOPE: Final = frozenset({"dataPointName", "dataSource"})
_PAGE_MEMBERS: Final = frozenset({"dataPoints", "rollupDataPoints", "nextPageToken"})
_PEEK: Final = 4096
_SUFFIXES: Final = (".json", ".ndjson", ".jsonl")
_MEMBER: Final = re.compile(rb'"(' + "|".join(KINDS).encode() + rb')"\s*:\s*\{')
_PLACE: Final = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _Page(Wire):
    """A page whose points are kept raw; everything that is not a page at all fails here."""

    data_points: list[msgspec.Raw] = msgspec.field(default_factory=list)
    rollup_data_points: list[msgspec.Raw] = msgspec.field(default_factory=list)
    next_page_token: str = ""


_DECODE_PAGE: Final = msgspec.json.Decoder(_Page)
_DECODE_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_DECODE_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


@cache
def _page_decoder(member: str) -> msgspec.json.Decoder[Any]:
    """Decodes a page of points of one type; any other member of a point sends it to the slow path."""
    point = msgspec.defstruct(
        "Point",
        [
            ("body", KINDS[member].body),
            ("source", msgspec.Raw, msgspec.Raw()),
            ("name", msgspec.Raw, msgspec.Raw()),
            ("data_point_name", msgspec.Raw, msgspec.Raw()),
        ],
        rename={"body": member, "source": "dataSource", "data_point_name": "dataPointName"},
        forbid_unknown_fields=True,
        gc=False,
    )
    page = msgspec.defstruct(
        "Page",
        [
            ("data_points", list[point]),  # type: ignore[valid-type]  # made one line above
            ("rollup_data_points", msgspec.Raw, msgspec.Raw()),
            ("next_page_token", str, ""),
        ],
        rename="camel",
        gc=False,
    )
    return msgspec.json.Decoder(page, strict=False)


@cache
def _body_decoder(body: type[Wire]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(body, strict=False)


def place_of(error: Exception) -> str:
    """Where in the document a msgspec error arose; member names of our structs only.

    >>> place_of(ValueError("Expected `int`, got `str` - at `$.dataPoints[3].count`"))
    'dataPoints[3].count'
    """
    found = _PLACE.search(str(error))
    return found[1] if found else ""


def _refusal(error: Exception, prefix: str, file: str) -> BadPayload:
    """One clear error for bytes that are no page."""
    place = place_of(error)
    field = ".".join(part for part in (prefix.rstrip("."), place) if part) or "document"
    broken = not isinstance(error, msgspec.ValidationError)
    return BadPayload("not valid JSON" if broken else "of the wrong type", field=field, file=file)


def decode(payload: bytes, *, zone: ZoneInfo, file: str = "") -> Found:
    """A page, or a list of pages or points, to Series and what was refused.

    A point that cannot be read is refused alone, with its place; the others are kept.

    Raises: BadPayload, when the bytes are no such document at all.
    """
    series: list[Series] = []
    rejects: list[Reject] = []
    for prefix, page in _pages(payload, file):
        found, refused = _page(page, zone, file, prefix)
        series += found
        rejects += refused
    return series, tally(rejects)


def _pages(payload: bytes, file: str) -> Iterator[tuple[str, bytes | msgspec.Raw]]:
    """The pages of a document with the prefix of their places."""
    if payload.lstrip()[:1] != b"[":
        yield "", payload
        return
    try:
        parts = _DECODE_LIST.decode(payload)
    except _WRONG as error:
        raise _refusal(error, "", file) from error
    if parts and _is_point(parts[0]):
        yield "", b'{"dataPoints":' + payload + b"}"
        return
    for index, part in enumerate(parts):
        yield f"[{index}].", part


def _is_point(raw: bytes | msgspec.Raw) -> bool:
    try:
        members = _DECODE_MEMBERS.decode(raw).keys()
    except _WRONG:
        return False
    return bool(members) and not members & _PAGE_MEMBERS and bool(members & (_ENVELOPE | KINDS.keys()))


def _page(page: bytes | msgspec.Raw, zone: ZoneInfo, file: str, prefix: str) -> Found:
    """One page, by the quick way when it holds one type and no mistake."""
    hint = _MEMBER.search(memoryview(page)[:_PEEK])
    if hint is not None:
        member = hint[1].decode()
        try:
            found = _page_decoder(member).decode(page)
        except _WRONG:
            found = None
        if found is not None and not bytes(found.rollup_data_points):
            points = found.data_points
            bodies = list(map(attrgetter("body"), points))
            sources = list(map(attrgetter("source"), points))
            return points_to_series(Points(KINDS[member], bodies, sources, _places(prefix)), zone)
    return _salvage(page, zone, file, prefix)


def _places(prefix: str, rows: list[int] | None = None) -> Callable[[int], str]:
    """Names the place of each point."""
    if rows is None:
        return lambda row: f"{prefix}dataPoints[{row}]"
    return lambda row: f"{prefix}dataPoints[{rows[row]}]"


def _salvage(page: bytes | msgspec.Raw, zone: ZoneInfo, file: str, prefix: str) -> Found:
    """One page point by point: types may be mixed, and a bad point is refused alone."""
    if _is_point(page):
        page = b'{"dataPoints":[' + bytes(page) + b"]}"
    try:
        found = _DECODE_PAGE.decode(page)
        members = {} if found.data_points or found.rollup_data_points else _DECODE_MEMBERS.decode(page)
    except _WRONG as error:
        raise _refusal(error, prefix, file) from error
    if members and not members.keys() & _PAGE_MEMBERS:
        raise NotOfThisFormat("no page of data points", field=f"{prefix}dataPoints", file=file)
    groups: dict[str, tuple[list[Any], list[msgspec.Raw], list[int]]] = {}
    rejects: list[Reject] = []
    unknown: dict[str, list[int]] = {}
    for row, raw in enumerate(found.data_points):
        place = f"{prefix}dataPoints[{row}]"
        try:
            point = _DECODE_MEMBERS.decode(raw)
        except _WRONG:
            rejects.append(Reject("bad-value", place))
            continue
        kinds = [KINDS[member] for member in point if member in KINDS]
        if not kinds:
            reason = "unsupported-type" if point.keys() & NOT_CARRIED else "unknown-type"
            unknown.setdefault(reason, []).append(row)
        for kind in kinds:
            body = _body(point[kind.member], kind, place, rejects)
            if body is not None:
                bodies, sources, rows = groups.setdefault(kind.member, ([], [], []))
                bodies.append(body)
                sources.append(point.get("dataSource", msgspec.Raw()))
                rows.append(row)
    rejects += [
        Reject(reason, f"{prefix}dataPoints[{rows[0]}]", len(rows)) for reason, rows in unknown.items()
    ]
    series, refused = rollups_to_series(
        found.rollup_data_points, zone, lambda row: f"{prefix}rollupDataPoints[{row}]"
    )
    rejects += refused
    for member, (bodies, sources, rows) in groups.items():
        more, refused = points_to_series(Points(KINDS[member], bodies, sources, _places(prefix, rows)), zone)
        series += more
        rejects += refused
    return series, rejects


def _body(raw: msgspec.Raw, kind: Kind, place: str, rejects: list[Reject]) -> Any:
    """A typed body, or None and a refusal that names the member."""
    try:
        return _body_decoder(kind.body).decode(raw)
    except _WRONG as error:
        field = ".".join(part for part in (place, kind.member, place_of(error)) if part)
        rejects.append(Reject("bad-value", field))
        return None


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """All pages of a file, folder or zip, one batch each; files of other formats are counted.

    Raises: BadPayload, naming the file and the place in it.
    """
    parts = payloads(path, mark=mark)
    yield from fitting((batch for part in parts for batch in decode_payload(part, zone)), path, mark)


def payloads(path: Path, *, mark: str = "") -> Iterator[Part]:
    """The parts that can be decoded apart: whole files, or the pages of large and archived ones."""
    skip_entry, skip_part = resumed(mark, path.name)
    with opened(path) as entries:
        total = sum(entry.size for entry in entries)
        for index, entry in chosen(entries, skip_entry, _SUFFIXES):
            skip = skip_part if index == skip_entry else -1
            alone = len(entries) == 1
            file = whole(entry, index, total, skip, alone=alone)
            if file is not None:
                yield file
                continue
            number = -1
            for number, (prefix, page, done) in enumerate(_entry_pages(entry)):
                if number > skip:
                    data = bytes(page)
                    yield Part(index, entry.name, total, done, number, prefix=prefix, data=data, alone=alone)
            if number < 0:
                raise BadPayload("empty", field="document", file=entry.name)


def decode_payload(part: Part, zone: ZoneInfo) -> Iterator[Batch]:
    """The batches of a part, one for each page."""
    yield from forgiven(part, _batches(part, zone), f"{part.index}:{max(part.part, 0)}")


def _batches(part: Part, zone: ZoneInfo) -> Iterator[Batch]:
    if part.part >= 0:
        yield _batch(part, part.part, (part.prefix, part.data, part.done), zone)
        return
    number = -1
    for number, page in enumerate(_entry_pages(part.entry())):
        if number > part.skip:
            yield _batch(part, number, page, zone)
    if number < 0:
        raise BadPayload("empty", field="document", file=part.name)


def _batch(part: Part, number: int, found: tuple[str, bytes | msgspec.Raw, int], zone: ZoneInfo) -> Batch:
    prefix, page, done = found
    series, rejects = _page(page, zone, part.name, prefix)
    return Batch(
        series=tuple(series),
        rejects=tuple(tally(rejects)),
        mark=f"{part.index}:{number}",
        done=done,
        total=part.total,
    )


def _entry_pages(entry: Entry) -> Iterator[tuple[str, bytes | msgspec.Raw, int]]:
    """The pages of a file; lines that each hold a document are read as a stream."""
    if _has_lines(entry):
        yield from _line_pages(entry)
        return
    payload = entry.read()
    if not payload.strip():
        return
    end = entry.before + entry.size
    pages = list(_pages(payload, entry.name))
    for number, (prefix, page) in enumerate(pages, 1):
        yield prefix, page, entry.before + (end - entry.before) * number // len(pages)


def _has_lines(entry: Entry) -> bool:
    """Whether the first line is a whole JSON object and more lines follow."""
    if entry.name.lower().endswith((".ndjson", ".jsonl")):
        return True
    for block, _ in entry.blocks():
        first, newline, rest = block.lstrip().partition(b"\n")
        if not newline or not rest.strip() or not first.rstrip().endswith(b"}"):
            return False
        try:
            _DECODE_MEMBERS.decode(first)
        except _WRONG:
            return False
        return True
    return False


def _line_pages(entry: Entry) -> Iterator[tuple[str, bytes | msgspec.Raw, int]]:
    """Pages of an NDJSON file: a line may be a page, or a point among many."""
    number = 1
    for block, done in entry.blocks():
        lines = [line for line in block.split(b"\n") if line.strip()]
        if lines and _is_point(lines[0]):
            source = iter(lines)
            while some := list(islice(source, CHUNK)):
                yield f"line {number}: ", b'{"dataPoints":[' + b",".join(some) + b"]}", done
                number += len(some)
            continue
        for line in lines:
            yield f"line {number}: ", line, done
            number += 1
