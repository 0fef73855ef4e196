"""Lines of a bulk file: chunks and documents as NDJSON, in parts that say whose they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from ingest.codes import VITALS
from phr.domain.bulk.frames import Part
from phr.domain.bulk.sieve import Sieve
from phr.domain.derived import derived
from phr.store.bulk_reads import FoundDocument
from phr.store.search import FoundChunk

_ROWS: Final = 8192  # rendered at a time: a day of seconds would be a hundred megabytes
Lines = tuple[Part, bytes]


def of_chunk(chunk: FoundChunk, patient: str, sieve: Sieve) -> Iterator[Lines]:
    """The Observations of a chunk."""
    channels = tuple(chunk.columns.channels) if VITALS[chunk.code].split else (None,)
    for channel in channels:
        columns = chunk.columns
        if channel is not None:
            columns = columns.take(~np.isnan(columns.channels[channel]))
        for start in range(0, len(columns), _ROWS):
            some = (
                columns
                if len(columns) <= _ROWS
                else columns.take(np.arange(start, min(start + _ROWS, len(columns))))
            )
            bodies = sieve(derived(chunk, some, channel, patient)[1])
            if bodies:
                yield _part(chunk, bodies)


def _part(chunk: FoundChunk, bodies: list[bytes]) -> Lines:
    body = b"\n".join(bodies) + b"\n"
    place = f"{chunk.day.isoformat()}/{chunk.source_id}"
    return (
        Part(
            "chunk", chunk.person_id, chunk.category, "Observation", chunk.code, place, len(body), len(bodies)
        ),
        body,
    )


def of_document(one: FoundDocument, sieve: Sieve) -> Iterator[Lines]:
    """A document as one line."""
    for body in sieve(
        [one.body.replace("\n", " ").encode()]
    ):  # JSON texts escape their line ends; the rest is layout
        line = body + b"\n"
        yield (
            Part(
                "document", one.person_id, one.category, one.type, one.id, one.day.isoformat(), len(line), 1
            ),
            line,
        )
