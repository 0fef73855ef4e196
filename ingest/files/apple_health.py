"""Reads an Apple Health export, the zip or its export.xml, streamed: gigabytes in a few dozen megabytes of memory.

An export says who the person is, and holds workouts, routes, electrocardiograms and clinical records: these are
counted and never kept. A mark is "file:elements", the elements below the root that were handed over; a resumed read
parses what comes before again, because a blood pressure can have its other half anywhere, but hands nothing over twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from ingest.errors import BadPayload
from ingest.files.apple_columns import Places
from ingest.files.apple_records import Collector
from ingest.files.apple_types import COVERAGE
from ingest.files.apple_xml import is_export, pieces
from ingest.files.source import Entry, opened, resumed
from ingest.series import Batch, Reject, Series

__all__ = ["COVERAGE", "read"]

ROWS: Final = 30_000
"""Records in a batch, give or take a piece of the file."""


def read(path: Path, *, zone: ZoneInfo, mark: str = "", rows: int = ROWS) -> Iterator[Batch]:
    """All measurements of an export in batches of about ``rows`` records.

    Raises: BadPayload, naming the file, for what is no export, is cut off, or declares entities.
    """
    skip_entry, skip = resumed(mark, path.name)
    with opened(path) as entries:
        exports = [entry for entry in entries if _may_be(entry) and is_export(entry)]
        if not exports:
            raise BadPayload("no Apple Health export", field="file", file=path.name)
        total = sum(entry.size for entry in exports)
        others = len(entries) - len(exports)
        if others and not mark:
            yield Batch(rejects=(Reject("unsupported-file", "file", others),), mark="0:0", total=total)
        before = 0
        for index, entry in enumerate(exports):
            if index >= skip_entry:
                handed = max(skip, 0) if index == skip_entry else 0
                for batch, elements, done in _batches(entry, Places(zone), handed, rows):
                    yield Batch(*batch, mark=f"{index}:{elements}", done=before + done, total=total)
            before += entry.size


def _may_be(entry: Entry) -> bool:
    """An .xml file; a file of another name is opened only when it is all there is."""
    return entry.name.lower().endswith(".xml") or (entry.path is not None and entry.before == 0)


def _batches(
    entry: Entry, places: Places, skip: int, rows: int
) -> Iterator[tuple[tuple[tuple[Series, ...], tuple[Reject, ...]], int, int]]:
    """The batches of one file: what is in them, the elements handed over with them, the bytes read."""
    collector = Collector(places, entry.name, skip)
    for piece, done in pieces(entry):
        collector.feeder.feed(piece)
        if collector.waiting >= rows and collector.between:
            series, rejects = collector.take()
            yield (tuple(series), tuple(rejects)), collector.mark, done
    collector.feeder.feed(b"", last=True)
    series, rejects = collector.take(last=True)
    if collector.seen >= skip:
        # One more than there are: a read that goes on from here has nothing left to do.
        yield (tuple(series), tuple(rejects)), collector.seen + 1, entry.size
