"""Writes everything about a person as one ZIP: FHIR NDJSON, a table for each vital, other rows, and a summary to read."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import orjson

from ingest.codes import VITALS, Channel, Vital
from phr.domain.access import Access
from phr.domain.balp import Whose, render
from phr.domain.derived import derived
from phr.domain.documents import instant, parse
from phr.store.everything import Held
from phr.store.search import FoundChunk
from phr.store.tables import Person
from phr.store.uow import Store

_AT_ONCE: Final = 50_000  # samples read in one transaction, as far as whole days allow
_SLICE: Final = 10_000  # Observations rendered at a time
_ALL: Final = 1 << 62
README: Final = """このファイルには、あなたについて保存されているものが、すべて入っています。
This file holds everything that is stored about you.

summary.pdf   読むためのまとめ / a summary to read
fhir/         FHIR R4 (NDJSON)
csv/          はかった値の表、1種類に1つ / one table for each kind of measurement
tables/       その他の記録 (NDJSON) / other rows

ほかのサービスやこの手帳に、fhir/ のファイルを取りこめます：phr import fhir-ndjson fhir/Observation.ndjson
"""

Typeset = Callable[[dict[str, Any], datetime], bytes]
"""Sets the summary as PDF."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Latest:
    """The last value of a vital."""

    at: datetime
    values: dict[str, float]


@dataclass
class Copy:
    """What went into a copy: numbers for the summary and the receipt."""

    vitals: list[Held] = field(default_factory=list)
    latest: dict[str, Latest] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)
    observations: int = 0
    events: int = 0
    other: dict[str, int] = field(default_factory=dict)
    done: int = 0
    total: int = 0


class Writer:
    """Writes the copy of one person. ``access`` is the person's own: the door decides what there is."""

    def __init__(
        self, store: Store, zone: ZoneInfo, recipient: str, base: str, typeset: Typeset, city: str
    ) -> None:
        self._store = store
        self._zone = zone
        self._recipient = recipient
        self._base = base
        self._typeset = typeset
        self._city = city

    def __call__(
        self, stream: IO[bytes], person: Person, access: Access, now: datetime, progress: Progress
    ) -> Copy:
        """Writes the ZIP to a stream that need not be able to go back."""
        copy = self._begun(person.person_id, access)
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as packed:
            packed.writestr("README.txt", README)
            self._observations(packed, person, access, copy, progress)
            for kind in copy.documents:
                if kind != "Observation":
                    self._documents(packed, person.person_id, kind, access)
            copy.events = self._trail(packed, person, access)
            for held in copy.vitals:
                self._table(packed, person.person_id, held, access, copy, progress)
            self._others(packed, person.person_id, access, copy)
            packed.writestr("summary.pdf", self._typeset(self._summary(person, access, copy, now), now))
            facts = {"made_at": instant(now), "observations": copy.observations, "documents": copy.documents,
                     "audit_events": copy.events, "tables": copy.other}  # fmt: skip
            packed.writestr("contents.json", orjson.dumps(facts, option=orjson.OPT_INDENT_2))
        return copy

    def _begun(self, person: UUID, access: Access) -> Copy:
        with self._store.begin(access) as uow:
            copy = Copy(uow.everything.vitals(person), documents=uow.everything.documents(person))
            uow.commit()
        copy.total = 2 * sum(held.samples for held in copy.vitals)  # each is written twice
        return copy

    def _windows(self, person: UUID, held: Held, access: Access) -> Iterator[FoundChunk]:
        """The chunks of a vital, a few days in one short transaction each, so that a withdrawal or an end counts."""
        since = held.first
        days = (held.last - held.first).days + 1
        window = timedelta(days=min(366, _AT_ONCE * days // held.samples))
        width = {held.code: len(VITALS[held.code].channels)} if VITALS[held.code].split else {}
        while since <= held.last:
            until = min(since + window, held.last)
            with self._store.begin(access) as uow:
                chunks = uow.search.chunks(
                    [person], [held.code], since, until, descending=False, need=_ALL, split_width=width
                )
                uow.commit()
            yield from chunks
            since = until + timedelta(days=1)

    def _observations(
        self, packed: zipfile.ZipFile, person: Person, access: Access, copy: Copy, progress: Progress
    ) -> None:
        with packed.open("fhir/Observation.ndjson", "w", force_zip64=True) as out:
            for held in copy.vitals:
                for chunk in self._windows(person.person_id, held, access):
                    for bodies in _rendered(chunk, person.patient_id):
                        out.write(b"\n".join(bodies) + b"\n" if bodies else b"")
                        copy.observations += len(bodies)
                    _note_latest(copy, chunk, self._zone)
                    copy.done += len(chunk.columns)
                    progress(copy.done, copy.total)
            for body in self._bodies(person.person_id, "Observation", access):
                out.write(_line(body))
                copy.observations += 1

    def _bodies(self, person: UUID, kind: str, access: Access) -> Iterator[str]:
        after = ""
        while True:
            with self._store.begin(access) as uow:
                page = uow.everything.bodies(person, kind, after)
                uow.commit()
            yield from (body for _id, body in page)
            if not page:
                return
            after = page[-1][0]

    def _documents(self, packed: zipfile.ZipFile, person: UUID, kind: str, access: Access) -> None:
        with packed.open(f"fhir/{kind}.ndjson", "w", force_zip64=True) as out:
            for body in self._bodies(person, kind, access):
                out.write(_line(body))

    def _trail(self, packed: zipfile.ZipFile, person: Person, access: Access) -> int:
        whose, after, count = Whose(person.patient_id), (-1, 0), 0
        with packed.open("fhir/AuditEvent.ndjson", "w", force_zip64=True) as out:
            while True:
                with self._store.begin(access) as uow:
                    rows = uow.everything.trail(person.person_id, after)
                    uow.commit()
                for row in rows:
                    out.write(orjson.dumps(render(row, whose, self._recipient, self._base)) + b"\n")
                count += len(rows)
                if not rows:
                    return count
                after = (rows[-1].chain, rows[-1].seq)

    def _table(
        self,
        packed: zipfile.ZipFile,
        person: UUID,
        held: Held,
        access: Access,
        copy: Copy,
        progress: Progress,
    ) -> None:
        vital = VITALS[held.code]
        with packed.open(f"csv/{held.category}-{held.code}.csv", "w", force_zip64=True) as raw:
            raw.write(b"\xef\xbb\xbf")  # so that spreadsheets read Japanese
            with io.TextIOWrapper(raw, "utf-8", newline="", write_through=False) as text:
                writer = csv.writer(text)
                names = [f"{one.name} ({one.unit})" for one in vital.channels]
                writer.writerow(["start", "seconds", *names, "source", "quality"])
                for chunk in self._windows(person, held, access):
                    writer.writerows(_rows(chunk, vital))
                    copy.done += len(chunk.columns)
                    progress(copy.done, copy.total)

    def _others(self, packed: zipfile.ZipFile, person: UUID, access: Access, copy: Copy) -> None:
        with self._store.begin(access) as uow:
            names = uow.everything.other_tables(person)
            for name in names:
                count = 0
                with packed.open(f"tables/{name}.ndjson", "w", force_zip64=True) as out:
                    for row in uow.everything.rows(person, name):
                        out.write(row.encode() + b"\n")
                        count += 1
                copy.other[name] = count
            uow.commit()

    def _summary(self, person: Person, access: Access, copy: Copy, now: datetime) -> dict[str, Any]:
        """What the readable page shows."""
        with self._store.begin(access) as uow:
            looked = uow.everything.looked(person.person_id)
            consents = [
                parse(one.body.encode()) for one in uow.documents.of_person(person.person_id, "Consent")
            ]
            uow.commit()
        return {
            "title": "わたしの記録のまとめ",
            "city": self._city,
            "day": _day(now, self._zone),
            "name": person.name,
            "born": "" if person.birth_date is None else person.birth_date.isoformat(),
            "number": person.patient_id,
            "vitals": [_vital_line(one, copy.latest.get(one.code), self._zone) for one in copy.vitals],
            "documents": [[kind, str(count)] for kind, count in sorted(copy.documents.items())],
            "checkup": _checkup(copy.latest),
            "consents": [_consent_line(one) for one in consents],
            "looked": [
                [role, recipient, purpose, str(count), _day(first, self._zone), _day(last, self._zone)]
                for role, recipient, purpose, count, first, last in looked
            ],
            "events": copy.events,
            "other": [[name, str(count)] for name, count in sorted(copy.other.items())],
        }


def _line(body: str) -> bytes:
    return body.replace("\n", " ").encode() + b"\n"


def _rendered(chunk: FoundChunk, patient: str) -> Iterator[list[bytes]]:
    """The Observations of a chunk; a panel gives one for each channel with a value."""
    vital, columns = VITALS[chunk.code], chunk.columns
    for channel in columns.channels if vital.split else [None]:
        part = columns
        if channel is not None:
            part = columns.take(np.flatnonzero(~np.isnan(columns.channels[channel])))
        for begin in range(0, len(part), _SLICE):
            some = part.take(np.arange(begin, min(begin + _SLICE, len(part))))
            yield derived(chunk, some, channel, patient)[1]


def _rows(chunk: FoundChunk, vital: Vital) -> Iterator[list[Any]]:
    """The samples of a chunk as rows of a table; what was not measured is empty."""
    columns = chunk.columns
    n = len(columns)
    starts = np.datetime_as_string(
        (columns.start + columns.offset.astype(np.int64) * 1_000_000).astype("datetime64[us]"), unit="ms"
    )
    offsets = [_offset(int(one)) for one in np.unique(columns.offset)]
    zones = dict(zip(np.unique(columns.offset).tolist(), offsets, strict=True))
    seconds = [""] * n if columns.duration is None else (columns.duration / 1e6).tolist()
    filled = [_texts(columns.channels.get(one.name), one, n) for one in vital.channels]
    for row in range(n):
        yield [
            f"{starts[row]}{zones[int(columns.offset[row])]}",
            seconds[row],
            *(column[row] for column in filled),
            chunk.label,
            int(columns.quality[row]),
        ]


def _texts(column: Any, channel: Channel, n: int) -> list[str]:
    if column is None:
        return [""] * n
    return ["" if value != value else f"{value:.{channel.decimals}f}" for value in column.tolist()]  # noqa: PLR0124 - NaN


def _offset(seconds: int) -> str:
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def _note_latest(copy: Copy, chunk: FoundChunk, zone: ZoneInfo) -> None:
    columns = chunk.columns
    if not len(columns):
        return
    at = datetime.fromtimestamp(int(columns.start[-1]) / 1e6, zone)
    values = {
        name: float(column[-1]) for name, column in columns.channels.items() if not np.isnan(column[-1])
    }
    known = copy.latest.get(chunk.code)
    if known is None or known.at <= at:
        copy.latest[chunk.code] = Latest(at, values)


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).date().isoformat()


def _vital_line(held: Held, latest: Latest | None, zone: ZoneInfo) -> list[str]:
    vital = VITALS[held.code]
    shown = "" if latest is None or vital.split else _shown(vital, latest)
    days = [held.first.isoformat(), held.last.isoformat()]
    return [vital.name_ja, f"{held.samples:,}", *days, shown, "" if latest is None else _day(latest.at, zone)]


def _shown(vital: Vital, latest: Latest) -> str:
    parts: list[str] = []
    for one in vital.channels:
        if one.name in latest.values and len(parts) < 3:
            parts.append(f"{latest.values[one.name]:.{one.decimals}f} {one.unit}")
    return "、".join(parts)


def _checkup(latest: dict[str, Latest]) -> dict[str, Any]:
    """The newest check-up: its day and its values."""
    for code, one in latest.items():
        vital = VITALS[code]
        if vital.split:
            rows = [
                [channel.name_ja, f"{one.values[channel.name]:.{channel.decimals}f}", channel.unit]
                for channel in vital.channels
                if channel.name in one.values and channel.coded is None
            ]
            return {"day": one.at.date().isoformat(), "rows": rows}
    return {"day": "", "rows": []}


def _consent_line(resource: dict[str, Any]) -> list[str]:
    provision = resource.get("provision", {})
    inner = [one for one in provision.get("provision", []) if isinstance(one, dict)]
    purposes = sorted({str(each.get("code", "")) for one in inner for each in one.get("purpose", [])})
    actors = sorted(
        {
            str(each.get("reference", {}).get("reference", ""))
            for one in inner
            for each in one.get("actor", [])
        }
    )
    return [
        str(resource.get("dateTime", ""))[:10],
        "有効" if resource.get("status") == "active" else "終了",
        "、".join(purposes) or "すべて",
        "、".join(actors) or "すべて",
    ]
