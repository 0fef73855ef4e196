"""A measurement that came over FHIR or was typed, corrected in its place: the new value stands, the earlier one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np

from ingest.from_fhir import parse_lines
from ingest.series import MANUAL, Series, Source
from phr.clock import Clock
from phr.domain.days import day_numbers, day_of
from phr.domain.fhir.texts import dump
from phr.domain.reviews import CORRECTED
from phr.domain.samples import Columns, fingerprints
from phr.domain.targets import Target, target_of
from phr.errors import Conflict, Invalid, NotAllowed, NotFound, Refused
from phr.ids import ObservationKey
from phr.services.receive.receiving import Receipt, Receive
from phr.store.reviews import REINSTATED
from phr.store.uow import UnitOfWork
from phr.store.vitals import Chunk, Slot, SourceRow

FHIR_SOURCES: Final = "fhir:"
"""How the key of a source begins that spoke over the FHIR interface (see ingest.fhir_shape.source_of)."""
_WHY: Final = f"{CORRECTED} over FHIR"
_ALIKE: Final = ("device", "method")
_CORRECTED: Final = frozenset({"amended", "corrected"})
"""What a client calls a correction; every value that stands is final here, and its version says that it was corrected."""
_OTHER: Final = "is part of what makes it this measurement: another one is another Observation"
_NOT_OURS: Final = (
    "a device or a file sent it, not this interface: the city corrects it after the person asked for that"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a measurement is stored."""

    chunk: Chunk
    row: int
    source: SourceRow

    @property
    def columns(self) -> Columns:
        return self.chunk.columns.take(np.array([self.row]))


class Amending:
    """Corrects measurements in the records of one city."""

    def __init__(self, receive: Receive, clock: Clock, zone: ZoneInfo) -> None:
        self._receive = receive
        self._clock = clock
        self._zone = zone

    def __call__(
        self, uow: UnitOfWork, key: ObservationKey, resource: dict[str, Any], present: dict[str, Any]
    ) -> Receipt | None:
        """Puts what a resource says in the place of what is there; None where it says the same. In a collecting context.

        Raises Refused for what is no correction of this measurement, Conflict for one that is not corrected here,
        Invalid for a value that cannot be true, NotAllowed without consent.
        """
        target = target_of(key.target)
        if target is None:
            raise NotFound("no such Observation")
        for name in _ALIKE:
            if name in resource and resource.get(name) != present.get(name):
                raise Refused(f"Observation.{name}: {_OTHER}")
        uow.vitals.lock(key.person)
        place = self._place(uow, key, target)
        self._may(uow, place)
        said = self._said(key, target, resource, present)
        after = _with(place, said, target[1])
        before = place.columns
        if fingerprints(_columns(after)) == fingerprints(before):
            return None
        self._set_aside(uow, key.person, place, before, after)
        receipt = self._receive.within(uow, key.person, [after], amends=True)
        if receipt.refused:
            raise NotAllowed("no consent to collect this kind of data")
        if receipt.quarantined:
            raise Refused("Observation.value: cannot be true; what was there stands")
        categories = place.chunk.category
        uow.audit.add("correct", "Observation", key.person, categories=categories, count=1)
        return receipt

    def _place(self, uow: UnitOfWork, key: ObservationKey, target: Target) -> _Place:
        """Where it is. Raises NotFound for what is not there, or not in this context."""
        day = day_of(int(day_numbers(np.array([key.start_us]), self._zone)[0]))
        sources = {one.bytes[:8]: row for one, row in uow.vitals.sources(key.person).items()}
        source = sources.get(key.source_head)
        if source is not None:
            slot = Slot(target[0], day, source.source_id)
            chunk = uow.vitals.load(key.person, [slot]).get(slot)
            rows = [] if chunk is None else np.flatnonzero(chunk.columns.start == key.start_us).tolist()
            if chunk is not None and rows:
                return _Place(chunk, rows[0], source)
        raise NotFound("no such Observation")

    def _may(self, uow: UnitOfWork, place: _Place) -> None:
        """Refuses what a device, a cloud or a file sent: points and judgements rest on what they are trusted for."""
        typed = uow.access.role == "resident" and bool(place.columns.quality[0] & MANUAL)
        if not typed and not place.source.key.startswith(FHIR_SOURCES):
            raise Conflict(_NOT_OURS)

    def _said(
        self, key: ObservationKey, target: Target, resource: dict[str, Any], present: dict[str, Any]
    ) -> Series:
        """The one measurement in the resource, which must be the same one."""
        plain = {name: one for name, one in resource.items() if name not in ("id", *_ALIKE)}
        if plain.get("status") in _CORRECTED:
            plain["status"] = "final"
        if plain.get("identifier") == present.get("identifier"):
            plain.pop("identifier", None)
        subject = str(resource.get("subject", {}).get("reference", ""))
        parsed = parse_lines(
            [dump(plain).encode()], self._zone, subjects=frozenset({subject}), keep_identifiers=True
        )
        if parsed.rejects:
            reject = parsed.rejects[0][1]
            raise Invalid(reject.reason, field="Observation." + reject.field.rpartition(": ")[2])
        if parsed.documents:
            raise Refused("a measurement keeps its value only: what says more is another Observation")
        one = parsed.series[0]
        if one.code != target[0] or (target[1] is not None and target[1] not in one.channels):
            raise Refused(f"Observation.code: {_OTHER}")
        if int(one.start[0]) != key.start_us:
            raise Refused(f"Observation.effective[x]: {_OTHER}")
        return one

    def _set_aside(
        self, uow: UnitOfWork, person: UUID, place: _Place, before: Columns, after: Series
    ) -> None:
        """Notes that the earlier value was rejected, so that whoever sends it again does not bring it back."""
        slot, start = place.chunk.slot, int(before.start[0])
        said = {
            one.fingerprint: one for one in uow.reviews.of(person, [slot]).get(slot, []) if one.start == start
        }
        back, mark = fingerprints(_columns(after))[0], fingerprints(before)[0]
        now, actor, chunk = self._clock.now(), uow.access.actor, place.chunk
        gone = said.get(back)
        if gone is not None and not gone.confirmed:
            if not gone.corrected:
                raise Conflict("this value was set aside before and stays away")
            uow.reviews.decide_sample(person, chunk, (start, back), (REINSTATED, _WHY), actor, now)
        if (
            mark not in said
        ):  # who vouched for it has the last word on it; a correction of it is kept all the same
            uow.reviews.decide_sample(person, chunk, (start, mark), ("rejected", _WHY), actor, now)


def _with(place: _Place, said: Series, channel: str | None) -> Series:
    """The measurement as it is to be: from its own source, still marked as typed where it was, other channels as they were."""
    before, source = place.columns, place.source
    held = dict(before.channels)
    if channel is None:
        held = {name: said.channels.get(name, np.full(1, np.nan)) for name in {*held, *said.channels}}
    else:
        held[channel] = said.channels[channel]
    return Series(
        place.chunk.slot.code,
        Source(source.key, source.label, source.platform, source.device, source.method, source.phd),
        before.start,
        held,
        said.offset,
        (said.quality | (before.quality & np.uint8(MANUAL))).astype(np.uint8),
        said.duration if before.duration is not None else None,
    )


def _columns(one: Series) -> Columns:
    return Columns(one.start, one.channels, one.offset, one.quality, one.duration)
