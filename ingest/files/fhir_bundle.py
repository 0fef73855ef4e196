"""Reads FHIR R4 Bundles: known Observations as columns, the rest as documents, of however many people.

A Bundle is one JSON text, so it is held in memory and has a maximum. A reference to another entry by its ``fullUrl``
(``urn:uuid:...`` in what was never on a server) becomes the reference to that resource, as a server would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ingest.codes import VITALS
from ingest.errors import BadPayload
from ingest.files.by_person import batches
from ingest.files.parts import chosen
from ingest.files.source import opened, resumed
from ingest.from_fhir import Parsed, parse_lines, tally
from ingest.series import Batch, Reject

COVERAGE: Final = frozenset(VITALS)
ENTRIES: Final = 20_000
_KINDS: Final = frozenset({"collection", "transaction", "batch", "searchset", "history"})
_WRONG: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_URL: Final = re.compile(rb'"((?:urn:uuid:|urn:oid:|https?://)[^"\\]{1,500})"')
_ID: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}")
_LINE: Final = re.compile(r"line (\d+)")


class _Request(msgspec.Struct, gc=False):
    method: str = ""


class _Search(msgspec.Struct, gc=False):
    mode: str = ""


class _Entry(msgspec.Struct, gc=False, rename={"full_url": "fullUrl"}):
    full_url: str = ""
    resource: msgspec.Raw = msgspec.Raw()
    request: _Request | None = None
    search: _Search | None = None


class _Bundle(msgspec.Struct, gc=False, rename={"resource_type": "resourceType"}):
    resource_type: str
    type: str
    entry: list[msgspec.Raw] = msgspec.field(default_factory=list)


class _Named(msgspec.Struct, gc=False, rename={"resource_type": "resourceType"}):
    resource_type: str
    id: str = ""


_BUNDLE: Final = msgspec.json.Decoder(_Bundle)
_ENTRY: Final = msgspec.json.Decoder(_Entry)
_NAMED: Final = msgspec.json.Decoder(_Named)


def read(path: Path, *, zone: ZoneInfo, mark: str = "", rows: int = ENTRIES) -> Iterator[Batch]:
    """Batches of up to ``rows`` entries, one for each subject in them; ``person_key`` is the subject's reference.

    Several people of one part share the mark before it until the last one, so a part that was cut short is read
    again as a whole; receiving is idempotent.

    Raises: BadPayload, when a file is no Bundle that holds resources, or the mark is not of this reader.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    with opened(path) as files:
        total = sum(file.size for file in files)
        for index, file in chosen(files, skip_entry, (".json",)):
            entries = _entries(file.read(), file.name)
            for part, first in enumerate(range(0, max(len(entries), 1), rows), 1):
                if index > skip_entry or part > skip_part:
                    marks = f"{index}:{part - 1}", f"{index}:{part}"
                    parsed, refused = _parsed(entries, range(first, min(first + rows, len(entries))), zone)
                    done = file.before + file.size * min(first + rows, len(entries) or 1) // (
                        len(entries) or 1
                    )
                    yield from batches(parsed, tuple(refused), marks, (min(done, total), total))


def _entries(payload: bytes, file: str) -> list[_Entry | Reject]:
    """The entries of a Bundle; references between them made plain."""
    try:
        bundle = _BUNDLE.decode(payload)
    except _WRONG as error:
        raise BadPayload("not a FHIR Bundle", field="document", file=file) from error
    if bundle.resource_type != "Bundle":
        raise BadPayload("not a FHIR Bundle", field="resourceType", file=file)
    if bundle.type not in _KINDS:
        raise BadPayload("not a Bundle that holds resources", field="type", file=file)
    found = [_entry(raw, f"entry[{index}]") for index, raw in enumerate(bundle.entry)]
    names = _names(found)
    for each in found:
        if isinstance(each, _Entry):
            each.resource = msgspec.Raw(_plain(bytes(each.resource), names))
    return found


def _entry(raw: msgspec.Raw, place: str) -> _Entry | Reject:
    """An entry, or why nothing can become of it."""
    try:
        entry = _ENTRY.decode(raw)
    except _WRONG:
        return Reject("bad-type", place)
    if entry.request is not None and entry.request.method == "DELETE":
        return Reject("deletion", place)
    if entry.search is not None and entry.search.mode == "outcome":
        return Reject("outcome", place)
    return entry if bytes(entry.resource) else Reject("no-resource", place)


def _names(entries: list[_Entry | Reject]) -> Mapping[bytes, bytes]:
    """``fullUrl`` -> ``Type/id``. A Patient without an id takes that of its ``urn:uuid``, which names it as well."""
    names: dict[bytes, bytes] = {}
    for entry in entries:
        if isinstance(entry, Reject) or not entry.full_url:
            continue
        try:
            named = _NAMED.decode(entry.resource)
        except _WRONG:
            continue
        name = named.id
        if not name and named.resource_type == "Patient":
            name = entry.full_url.removeprefix("urn:uuid:")
        if _ID.fullmatch(name) and _ID.fullmatch(named.resource_type):
            names[entry.full_url.encode()] = f"{named.resource_type}/{name}".encode()
    return names


def _plain(resource: bytes, names: Mapping[bytes, bytes]) -> bytes:
    """A resource with the references to other entries replaced; numbers stay as they are written."""
    if not names or not (b"urn:" in resource or b"http" in resource):
        return resource

    def named(found: re.Match[bytes]) -> bytes:
        name = names.get(found[1])
        return found[0] if name is None else b'"' + name + b'"'

    return _URL.sub(named, resource)


def _parsed(entries: list[_Entry | Reject], places: range, zone: ZoneInfo) -> tuple[Parsed, list[Reject]]:
    """What becomes of some entries; places in refusals are those of the Bundle."""
    kept = [entries[place] for place in places]
    texts = [b"" if isinstance(each, Reject) else bytes(each.resource) for each in kept]
    parsed = parse_lines(texts, zone, first_line=places.start)
    refused = [each for each in kept if isinstance(each, Reject)]
    refused += [
        Reject(each.reason, _LINE.sub(r"entry[\1]", each.field, count=1), each.count)
        for each in tally(parsed.rejects)
    ]
    return parsed, refused
