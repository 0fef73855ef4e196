"""Batches as FHIR R4 Observations with ids that are the same each time the same file is converted."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from ingest.series import Batch, Series
from ingest.to_fhir import of_series

LAST_UPDATED: Final = "1970-01-01T00:00:00Z"
"""A conversion stores nothing; a real time would make the same file give different output."""
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")


class _Kind(msgspec.Struct):
    resourceType: str  # noqa: N815 - the FHIR name


_KIND: Final = msgspec.json.Decoder(_Kind)


def subject_of(person_key: str | None) -> str:
    """A Patient reference for the person of a batch; a key that is no FHIR id is hashed."""
    key = (person_key or "unknown").removeprefix("Patient/")
    if not _ID.fullmatch(key):
        key = hashlib.sha256(key.encode()).hexdigest()[:32]
    return f"Patient/{key}"


def _ids(subject: str) -> Callable[[Series, str | None], Sequence[str]]:
    """Ids of rows: whose, what and from where as a hash, then the start and, for intervals, the duration."""

    def make(series: Series, channel: str | None) -> list[str]:
        what = "\n".join((subject, series.code, channel or "", series.source.key))
        head = hashlib.sha256(what.encode()).hexdigest()[:20]
        if series.duration is None:
            return [f"{head}-{start}" for start in series.start.tolist()]
        spans = zip(series.start.tolist(), series.duration.tolist(), strict=True)
        return [f"{head}-{start}-{duration}" for start, duration in spans]

    return make


def observation_lines(batch: Batch, left_out: Counter[str]) -> Iterator[list[bytes]]:
    """The Observations of a batch as lists of lines; documents of other types are counted in ``left_out``."""
    subject = subject_of(batch.person_key)
    for series in batch.series:
        make = _ids(subject)
        yield from filter(None, of_series(series, subject=subject, last_updated=LAST_UPDATED, make_ids=make))
    kept = [line.strip() for line in batch.documents if _KIND.decode(line).resourceType == "Observation"]
    left_out["no-observation"] += len(batch.documents) - len(kept)
    if not left_out["no-observation"]:
        del left_out["no-observation"]
    if kept:
        yield kept
