"""Samples as Observations: candidates of a search, rendered together where they share a chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from itertools import repeat
from typing import Any, Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ingest.codes import VITALS
from ingest.to_fhir import observations as render
from phr.clock import micros
from phr.domain.derived import derived
from phr.domain.documents import parse
from phr.domain.samples import Columns
from phr.domain.targets import Target
from phr.store.documents import Document
from phr.store.search import FoundChunk

LONG_AGO = -(2**62)


class Found(NamedTuple):
    """One Observation of a page: where it stands in the order, and its JSON."""

    start_us: int
    id: str
    person: UUID
    category: str
    body: bytes

    @property
    def kind(self) -> str:
        """The type of resource."""
        return "Observation"


_FOUND: Final[Callable[[Iterable[Any]], Found]] = partial(tuple.__new__, Found)
"""Makes one of its fields in order, without a function of Python between: a page has a hundred of them."""


class Part(NamedTuple):
    """Samples of one chunk and channel that match, before they are rendered: rows and starts (n), in the page's order."""

    chunk: FoundChunk
    channel: str | None
    rows: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    def take(self, which: npt.NDArray[Any]) -> Part:
        """Some of them."""
        return self._replace(rows=self.rows[which], starts=self.starts[which])


def rendered(parts: Iterable[Part], people: Mapping[UUID, str]) -> list[Found]:
    """Renders samples, those of one chunk and channel together."""
    found: list[Found] = []
    for chunk, channel, rows, starts in parts:
        ids, bodies = derived(chunk, chunk.samples.take(rows), channel, people[chunk.person_id])
        whose, what = repeat(chunk.person_id), repeat(chunk.category)
        found += map(_FOUND, zip(starts.tolist(), ids, whose, what, bodies))  # noqa: B905 - two of them have no end
    return found


def of_document(one: Document) -> Found:
    """A document as it came."""
    start = LONG_AGO if one.low is None else micros(one.low)
    return Found(start, one.id, one.person_id, one.category, one.body.encode())


@lru_cache(maxsize=512)
def example(target: Target) -> Mapping[str, Any]:
    """An Observation of a target with a value in every channel, for what does not depend on the sample."""
    code, channel = target
    vital = VITALS[code]
    columns = Columns(
        start=np.zeros(1, np.int64),
        channels={
            one.name: np.array([float(next(iter(one.coded))) if one.coded else 1.0]) for one in vital.channels
        },
        offset=np.zeros(1, np.int32),
        quality=np.zeros(1, np.uint8),
        duration=np.zeros(1, np.int64) if vital.kind == "interval" else None,
    )
    body = render(
        vital,
        ids=["x"],
        subject="Patient/x",
        start=columns.start,
        duration=columns.duration,
        channels=columns.channels if channel is None else {channel: columns.channels[channel]},
        offset=columns.offset,
        quality=columns.quality,
        last_updated="1970-01-01T00:00:00Z",
        channel=channel,
    )
    return parse(body[0])
