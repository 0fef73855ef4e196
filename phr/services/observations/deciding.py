"""Conditions on samples: what does not vary in a chunk is decided once, what varies once for each distinct value.

Every decision is made by the same rule over the same JSON that the sample is rendered as, so that samples and
documents cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from ingest.phd import named
from phr.domain.derived import derived
from phr.domain.documents import parse
from phr.domain.fhirsearch.escapes import cut
from phr.domain.fhirsearch.texts import token
from phr.domain.query import Condition, ObservationQuery
from phr.domain.samples import Columns
from phr.domain.targets import Target
from phr.services.observations.rendering import example
from phr.store.search import FoundChunk

Bools = npt.NDArray[np.bool_]
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a device's own clock has no zone
_AROUND: Final = timedelta(days=2)  # no zone is further from another, and the civil day is the city's
_PLAIN: Final = frozenset({"code", "category", "date", "status", "_id"})
"""What the fields of a query hold, without a modifier."""
_BY_VALUE: Final = frozenset(
    {"status", "meta.tag", "dataAbsentReason", "component", "valueQuantity", "valueCodeableConcept"}
)
_BY_SOURCE: Final = frozenset({"subject", "device", "method", "meta.lastUpdated"})
_BY_ROW: Final = frozenset({"id", "identifier"})
_NAMED: Final = frozenset({"identifier"})


class Deciding:
    """Decides the conditions of one search that its fields do not hold."""

    def __init__(self, query: ObservationQuery, people: Mapping[UUID, str]) -> None:
        self._people = people
        left = [one for one in query.criteria if one.modifier or one.name not in _PLAIN]
        self._by_row = [one for one in left if one.tops & _BY_ROW]
        self._named = [one for one in self._by_row if one.tops == _NAMED]
        rest = [one for one in left if not one.tops & _BY_ROW]
        self._by_value = [one for one in rest if one.tops & _BY_VALUE]
        rest = [one for one in rest if not one.tops & _BY_VALUE]
        self._by_source = [one for one in rest if one.tops & _BY_SOURCE]
        self._by_code = [one for one in rest if not one.tops & _BY_SOURCE]
        self._sources: dict[tuple[Any, ...], bool] = {}
        self._values: dict[tuple[Any, ...], bool] = {}

    @property
    def needed(self) -> bool:
        """Whether anything is left to decide."""
        return bool(self._by_row or self._by_value or self._by_source)

    def possible(self, targets: AbstractSet[Target]) -> set[Target]:
        """The targets of which samples can fit at all, so that no chunk of the others is read."""
        sure = [*self._by_code, *(one for one in self._by_value if _about_codes(one))]
        for one in self._named:
            if (places := places_of(one)) is not None:
                targets = {target for target in targets if target[0] in {key for key, _at in places}}
        return {target for target in targets if all(one.fits(example(target)) for one in sure)}

    def days(self) -> list[tuple[date, date]]:
        """The days, both included, between which the samples lie that identifiers can mean."""
        found = []
        for one in self._named:
            if places := places_of(one):
                at = [_EPOCH + timedelta(microseconds=instant) for _key, instant in places]
                found.append((min(at).date() - _AROUND, max(at).date() + _AROUND))
        return found

    def mask(self, chunk: FoundChunk, part: Columns, channel: str | None, ok: Bools) -> Bools:
        """Which rows of a part of a chunk fulfil the rest; ok: which of them are in question."""
        if not self._source_fits(chunk, part, channel):
            return np.zeros(len(ok), bool)
        found = ok
        if self._by_value and found.any():
            found = self._of_values(chunk, part, channel, found)
        rows = self._by_row if chunk.phd else [one for one in self._by_row if one not in self._named]
        if rows and found.any():
            found = self._of_rows(rows, chunk, part, channel, found)
        return found

    def _source_fits(self, chunk: FoundChunk, part: Columns, channel: str | None) -> bool:
        asked = self._by_source if chunk.phd else [*self._by_source, *self._named]
        if not asked:
            return True
        source = (chunk.label, chunk.method, chunk.device, chunk.phd)
        key = (chunk.person_id, chunk.code, channel, *source, chunk.updated_at)
        if key not in self._sources:
            self._sources[key] = self._fit(asked, chunk, part.take(slice(0, 1)), channel)[0]
        return self._sources[key]

    def _of_values(self, chunk: FoundChunk, part: Columns, channel: str | None, ok: Bools) -> Bools:
        rows = np.flatnonzero(ok)
        shown = part.channels if channel is None else {channel: part.channels[channel]}
        names = sorted(shown)
        keys = list(
            zip(
                part.quality[rows].tolist(),
                *(
                    np.where(np.isnan(shown[n]), np.nan, shown[n])[rows].view(np.int64).tolist()
                    for n in names
                ),
                strict=True,
            )
        )
        of = (chunk.code, channel, *names)
        known = self._values
        new = {key: row for key, row in zip(keys, rows.tolist(), strict=True) if (of, key) not in known}
        if new:
            verdicts = self._fit(self._by_value, chunk, part.take(np.array(list(new.values()))), channel)
            known |= {(of, key): verdict for key, verdict in zip(new, verdicts, strict=True)}
        found = np.zeros(len(ok), bool)
        found[rows] = [known[of, key] for key in keys]
        return found

    def _of_rows(
        self,
        conditions: Sequence[Condition],
        chunk: FoundChunk,
        part: Columns,
        channel: str | None,
        ok: Bools,
    ) -> Bools:
        rows = np.flatnonzero(ok)
        found = np.zeros(len(ok), bool)
        found[rows] = self._fit(conditions, chunk, part.take(rows), channel)
        return found

    def _fit(
        self, conditions: Sequence[Condition], chunk: FoundChunk, rows: Columns, channel: str | None
    ) -> list[bool]:
        _ids, bodies = derived(chunk, rows, channel, self._people[chunk.person_id])
        resources = [parse(body) for body in bodies]
        return [all(one.fits(each) for one in conditions) for each in resources]


def places_of(one: Condition) -> list[tuple[str, int]] | None:
    """What an identifier can mean among samples: kinds and instants; None where it may mean anything."""
    if not one.positive or one.modifier:
        return None
    values = (token(text, one.name) for text in cut(one.value, ","))
    return [
        place for wanted in values if (place := named(wanted.code or "")) is not None and not wanted.system
    ]


def _about_codes(one: Condition) -> bool:
    """Whether a condition asks for codes alone, so that no sample fits where the fullest example does not."""
    return one.positive and one.name in ("combo-code", "component-code") and one.modifier != "missing"
