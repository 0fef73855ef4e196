"""Reads Android Health Connect: the zip or database that a phone exports, or records that an app dumps as JSON."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ingest.errors import BadPayload
from ingest.files.columns import tally
from ingest.files.health_connect_db import MAGIC, ROWS, Database
from ingest.files.health_connect_json import batches as json_batches
from ingest.files.health_connect_types import COVERAGE, TYPES
from ingest.files.offset_rows import Found
from ingest.files.source import MEGABYTE, Entry, opened, resumed
from ingest.series import Batch, Reject

__all__ = ["COVERAGE", "read"]

LARGEST: Final = 8 << 30
"""An exported database beyond this is none of a person's."""
_JSON: Final = (".json", ".ndjson", ".jsonl")


def read(path: Path, *, zone: ZoneInfo, mark: str = "", rows: int = ROWS) -> Iterator[Batch]:
    """All measurements, in batches of about ``rows`` records; a mark counts the batches of a file.

    Raises: BadPayload, naming the file.
    """
    skip_entry, skip_part = resumed(mark, path.name)
    with opened(path) as entries:
        known = [(entry, _is_database(entry)) for entry in entries]
        chosen = [(entry, db) for entry, db in known if db or _is_json(entry, alone=len(entries) == 1)]
        if not chosen:
            raise BadPayload("no Health Connect export", field="file", file=path.name)
        total = sum(entry.size for entry, _ in chosen)
        others = len(entries) - len(chosen)
        if others and not mark:
            yield Batch(rejects=(Reject("unsupported-file", "file", others),), mark="0:0", total=total)
        done = 0
        for index, (entry, database) in enumerate(chosen):
            if index >= skip_entry:
                found = _database(entry, zone, rows) if database else _json(entry, zone, rows)
                for part, ((series, rejects), share) in enumerate(found, 1):
                    if index > skip_entry or part > skip_part:
                        yield Batch(
                            series=tuple(series),
                            rejects=tuple(tally(rejects)),
                            mark=f"{index}:{part}",
                            done=done + int(entry.size * share),
                            total=total,
                        )
            done += entry.size


def _is_database(entry: Entry) -> bool:
    with entry.stream() as stream:
        return stream.piece(len(MAGIC)) == MAGIC


def _is_json(entry: Entry, *, alone: bool) -> bool:
    return alone or entry.name.lower().endswith(_JSON)


def _json(entry: Entry, zone: ZoneInfo, rows: int) -> Iterator[tuple[Found, float]]:
    """A file of JSON, which is held in memory as a whole and so has a maximum."""
    for found in json_batches(entry.read(), entry.name, zone, rows):
        yield found, 1.0


def _database(entry: Entry, zone: ZoneInfo, rows: int) -> Iterator[tuple[Found, float]]:
    """A database, copied to a place of its own: nothing beside it (a journal, a link) is looked at."""
    with tempfile.TemporaryDirectory(prefix="health-connect-") as folder:
        copy = Path(folder) / "export.db"
        _copy(entry, copy)
        with closing(Database(copy, entry.name)) as database:
            yield ([], database.unread()), 0.0
            for place, record in enumerate(TYPES.records.values(), 1):
                for found in database.batches(record, zone, rows):
                    yield found, place / len(TYPES.records)


def _copy(entry: Entry, to: Path) -> None:
    size = 0
    with entry.stream() as stream, to.open("wb") as out:
        while piece := stream.piece(MEGABYTE):
            size += len(piece)
            if size > LARGEST:
                raise BadPayload("too large", field="file", file=entry.name)
            out.write(piece)
