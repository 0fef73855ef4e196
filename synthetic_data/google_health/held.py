"""What the cloud holds for a person: points of a type in a stretch of time, raw or reconciled, with all changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from synthetic_data.google_health.dense import DENSE, day_rows
from synthetic_data.google_health.edits import Edits, moment
from synthetic_data.google_health.kinds import Kind
from synthetic_data.google_health.people import DAY, WEARABLE, Person
from synthetic_data.google_health.rows import Rows, join
from synthetic_data.google_health.sparse import window_rows


@dataclass(slots=True)
class Held:
    """The points of everybody, made when they are asked for."""

    clock: Callable[[], float]
    edits: Edits = field(default_factory=Edits)

    def blocks(self, person: Person, kind: Kind, first: int, last: int, *, merged: bool) -> Iterator[Rows]:
        """The points whose moment is from ``first`` up to before ``last``, newest first, in blocks."""
        if kind.name not in DENSE:
            yield self._seen(person, kind, window_rows(person, kind.name), first, last)
            return
        newest = min(last - 1, person.world.end) // DAY
        oldest = max(first, person.world.first) // DAY
        for day in range(newest, oldest - 1, -1):
            yield self._seen(person, kind, day_rows(person, kind.name, day, merged=merged), first, last)

    def _seen(self, person: Person, kind: Kind, rows: Rows, first: int, last: int) -> Rows:
        rows = self.edits.apply(person.number, kind, rows, self.clock())
        at = moment(kind, rows)
        return rows.take((at >= first) & (at < last))

    def rows(
        self, person: Person, kind: Kind, first: int, last: int, *, merged: bool, family: str = "all-sources"
    ) -> Rows:
        """All points of a stretch, newest first, of one family of sources."""
        found = join(list(self.blocks(person, kind, first, last, merged=merged)))
        return of_family(found, family)


def of_family(rows: Rows, family: str) -> Rows:
    """The family of wearables leaves out what was typed by hand or came from elsewhere."""
    if family != "google-wearables":
        return rows
    return rows.take(np.isin(rows.source, np.array(WEARABLE)))
