"""Reads answers of the legacy Fitbit Web API: naive local times of one account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from ingest.errors import BadPayload, NotOfThisFormat
from ingest.files.clock_text import DAY, SECOND, dates, times_of_day, to_utc
from ingest.files.columns import Rows, quality_of, tally
from ingest.files.fitbit_body import (
    BODIES,
    DAYS,
    INTRADAY,
    NOT_DATA,
    Intraday,
    Spo2,
    Tick,
    add_spo2,
)
from ingest.files.gather import Gathering
from ingest.files.parts import Part, chosen, fitting, forgiven, whole
from ingest.files.source import opened, resumed
from ingest.series import Batch, Reject, Series, Source

COVERAGE: Final = frozenset(
    {code for code, _ in INTRADAY.values() if code}
    | {code for code, _ in DAYS.values()}
    | {code for body in BODIES.values() for code in body.codes}
    | {"59408-5", "spo2-day"}
)
"""The vital keys that this reader delivers."""

Found = tuple[list[Series], list[Reject]]

SENSOR: Final = Source("fitbit|web-api||passive", "Fitbit", "fitbit", "", "passive")
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600}
_MEMBERS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _attribute(member: str) -> str:
    return member.replace("-", "_")


# Only the intraday sets are large, so only they are typed here; all else waits as raw JSON.
_DOCUMENT: Final = msgspec.json.Decoder(
    msgspec.defstruct(
        "Document",
        [
            *((_attribute(member), Intraday | None, None) for member in INTRADAY),
            *((_attribute(member), msgspec.Raw, msgspec.Raw()) for member in (*DAYS, *BODIES, *NOT_DATA)),
        ],
        rename={_attribute(member): member for member in (*INTRADAY, *DAYS, *BODIES, *NOT_DATA)},
        forbid_unknown_fields=True,
        gc=False,
    )
)


class _RawTicks(msgspec.Struct, gc=False, rename="camel"):
    """An intraday set whose ticks are looked at one by one, because one of them is wrong."""

    dataset: list[msgspec.Raw] = msgspec.field(default_factory=list)
    dataset_interval: int = 1
    dataset_type: str = "minute"


_RAW_TICKS: Final = msgspec.json.Decoder(_RawTicks)
_TICK: Final = msgspec.json.Decoder(Tick, strict=False)


def decode(payload: bytes, *, zone: ZoneInfo, day: dt.date | None = None, file: str = "") -> Found:
    """One answer, or a list of them, to Series and what was refused.

    day: the civil day asked for, when an intraday answer does not name it.

    Raises: BadPayload, when the bytes are no such answer.
    """
    if payload.lstrip()[:1] != b"[":
        return _document(payload, zone, day, file, "")
    try:
        parts = _LIST.decode(payload)
    except _WRONG as error:
        raise BadPayload("not valid JSON", field="document", file=file) from error
    series: list[Series] = []
    rejects: list[Reject] = []
    for index, part in enumerate(parts):
        found, refused = _document(part, zone, day, file, f"[{index}].")
        series += found
        rejects += refused
    return series, rejects


def _document(
    payload: bytes | msgspec.Raw, zone: ZoneInfo, day: dt.date | None, file: str, prefix: str
) -> Found:
    """One answer."""
    gathering = Gathering(zone)
    intraday: dict[str, Intraday] = {}
    try:
        document = _DOCUMENT.decode(payload)
    except _WRONG:
        members = _loose(payload, file, prefix)
        for member in INTRADAY.keys() & members.keys():
            salvaged = _salvage(members[member], prefix + member, gathering)
            if salvaged is not None:
                intraday[member] = salvaged
    else:
        members = {
            member: raw
            for member in (*DAYS, *BODIES, *NOT_DATA)
            if bytes(raw := getattr(document, _attribute(member)))
        }
        for member in INTRADAY:
            ticks = getattr(document, _attribute(member))
            if ticks is not None:
                intraday[member] = ticks
        if not members and not intraday:
            raise NotOfThisFormat("no Fitbit answer", field=prefix.rstrip(".") or "document", file=file)
    series = _bodies(members, gathering, prefix)
    rejects = gathering.rejects
    for member, ticks in intraday.items():
        found, refused = _ticks(ticks, member, _day_of(members, member) or day, zone, prefix)
        series += found
        rejects += refused
    return series, tally(rejects)


def _loose(payload: bytes | msgspec.Raw, file: str, prefix: str) -> dict[str, msgspec.Raw]:
    """The members of an answer that has something odd in it."""
    try:
        members = _MEMBERS.decode(payload)
    except _WRONG as error:
        broken = not isinstance(error, msgspec.ValidationError)
        problem = "not valid JSON" if broken else "of the wrong type"
        raise BadPayload(problem, field=prefix.rstrip(".") or "document", file=file) from error
    if "errors" in members:
        raise BadPayload("an error answer, not data", field=f"{prefix}errors", file=file)
    if not members.keys() & {*INTRADAY, *DAYS, *BODIES, *NOT_DATA, "dateTime"}:
        raise NotOfThisFormat("no Fitbit answer", field=prefix.rstrip(".") or "document", file=file)
    return members


def _bodies(members: dict[str, msgspec.Raw], gathering: Gathering, prefix: str) -> list[Series]:
    """All small members, element by element, so that a bad element is refused alone."""
    for member, raw in members.items():
        place = prefix + member
        if member in BODIES:
            _elements(raw, place, BODIES[member].element, BODIES[member].add, gathering)
        elif member in DAYS:
            code, source = DAYS[member]
            _elements(raw, place, _DayValue, _add_day(code, source), gathering)
        elif member == "activities":
            gathering.refuse("unsupported-type", place)
        elif member not in INTRADAY and member not in NOT_DATA and "dateTime" not in members:
            gathering.refuse("unknown-type", prefix.rstrip(".") or "document")
    if "dateTime" in members:
        try:
            spo2 = msgspec.convert({name: msgspec.json.decode(raw) for name, raw in members.items()}, Spo2)
        except _WRONG:
            gathering.refuse("bad-value", prefix.rstrip(".") or "document")
        else:
            add_spo2(spo2, gathering, prefix)
    return gathering.series()


class _DayValue(msgspec.Struct, gc=False, rename="camel"):
    """A day of an activity time series; its value is a string."""

    date_time: str
    value: float


def _add_day(code: str, source: Source) -> Callable[[Any, Gathering, str], None]:
    per_day = code in {"41950-7", "41979-6"}
    scale = 1000.0 if code == "55430-3" else 1.0  # kilometres
    lasting = None if per_day else DAY

    def add(element: _DayValue, into: Gathering, place: str) -> None:
        value = element.value * scale
        into.add(code, source, "day", element.date_time, value, place=place, duration=lasting)

    return add


def _elements(
    raw: msgspec.Raw,
    place: str,
    element: type[msgspec.Struct],
    add: Callable[[Any, Gathering, str], None],
    into: Gathering,
) -> None:
    try:
        parts = _LIST.decode(raw)
    except _WRONG:
        into.refuse("bad-value", place)
        return
    for index, part in enumerate(parts):
        where = f"{place}[{index}]"
        try:
            found = msgspec.json.decode(part, type=element, strict=False)
        except _WRONG:
            into.refuse("bad-value", where)
        else:
            add(found, into, where)


def _day_of(members: dict[str, msgspec.Raw], member: str) -> dt.date | None:
    """The day that stands beside an intraday set, when it is the only one."""
    raw = members.get(member.removesuffix("-intraday"))
    try:
        days = [] if raw is None else msgspec.json.decode(raw, type=list[_Day])
        return dt.date.fromisoformat(days[0].date_time) if len(days) == 1 else None
    except (*_WRONG, ValueError):
        return None


class _Day(msgspec.Struct, gc=False, rename="camel"):
    date_time: str


def _salvage(raw: msgspec.Raw, place: str, gathering: Gathering) -> Intraday | None:
    """An intraday set without its bad ticks."""
    try:
        found = _RAW_TICKS.decode(raw)
    except _WRONG:
        gathering.refuse("bad-value", place)
        return None
    ticks: list[Tick] = []
    for index, each in enumerate(found.dataset):
        try:
            ticks.append(_TICK.decode(each))
        except _WRONG:
            gathering.refuse("bad-value", f"{place}.dataset[{index}]")
    return Intraday(ticks, found.dataset_interval, found.dataset_type)


def _ticks(found: Intraday, member: str, day: dt.date | None, zone: ZoneInfo, prefix: str) -> Found:
    """An intraday set as columns."""
    code, scale = INTRADAY[member]
    ticks, place = found.dataset, f"{prefix}{member}"
    n = len(ticks)
    if not n:
        return [], []
    if not code:
        return [], [Reject("unsupported-type", place, n)]
    if day is None:
        return [], [Reject("no-day", place, n)]
    width = _UNITS.get(found.dataset_type, 0) * found.dataset_interval
    if not 0 < width <= 86_400:
        return [], [Reject("bad-value", f"{place}.datasetInterval", n)]
    first, known = dates([day.isoformat()])
    times, good = times_of_day(list(map(attrgetter("time"), ticks)))
    good &= known[0]
    start, offset = to_utc(first[0] * DAY + times, zone)
    values = np.fromiter(map(attrgetter("value"), ticks), np.float64, n) * scale
    present = np.isfinite(values)
    duration = None if code == "8867-4" else np.full(n, width * SECOND, np.int64)
    rows = Rows(start, offset, quality_of(SENSOR, n, zone_assumed=True), [SENSOR], None, duration)
    rejects = [Reject("bad-time", f"{place}.dataset[{row}].time") for row in np.flatnonzero(~good).tolist()]
    missing = np.flatnonzero(good & ~present).tolist()
    rejects += [Reject("no-value", f"{place}.dataset[{row}].value") for row in missing]
    return rows.series(code, {"value": values}, good & present), rejects


def read(path: Path, *, zone: ZoneInfo, mark: str = "") -> Iterator[Batch]:
    """All answers of a file, folder or zip, one batch per file; files of other formats are counted.

    Raises: BadPayload, naming the file and the place in it.
    """
    parts = payloads(path, mark=mark)
    yield from fitting((batch for part in parts for batch in decode_payload(part, zone)), path, mark)


def payloads(path: Path, *, mark: str = "") -> Iterator[Part]:
    """The files, which can be decoded apart."""
    skip, number = resumed(mark, path.name)
    with opened(path) as entries:
        total = sum(entry.size for entry in entries)
        for index, entry in chosen(entries, skip + (number >= 0), (".json",)):
            done = entry.before + entry.size
            alone = len(entries) == 1
            file = whole(entry, index, total, alone=alone)
            yield file or Part(index, entry.name, total, done, 0, data=entry.read(), alone=alone)


def decode_payload(part: Part, zone: ZoneInfo) -> Iterator[Batch]:
    """The batch of a file."""
    yield from forgiven(part, _batch(part, zone), f"{part.index}:0")


def _batch(part: Part, zone: ZoneInfo) -> Iterator[Batch]:
    text = part.data if part.part >= 0 else part.entry().read()
    series, rejects = decode(text, zone=zone, file=part.name)
    mark = f"{part.index}:0"
    yield Batch(tuple(series), tuple(rejects), mark=mark, done=part.done, total=part.total)
