"""The use case: one person's series in, one transaction, one receipt out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from consent.grants import GrantRow, decide_rows
from consent.model import Request
from ingest.series import Reject, Series
from phr.clock import Clock, micros
from phr.domain.access import Access
from phr.domain.days import day_at
from phr.domain.documents import Described
from phr.domain.reviews import Verdict, with_confirmed, without_rejected
from phr.domain.samples import Columns, Merged, correct, fingerprints, joined, merge, sample_texts, summarise
from phr.domain.subscriptions.arrivals import arrivals
from phr.domain.subscriptions.topics import NEW_OBSERVATION
from phr.errors import Conflict
from phr.services.receive.alarms import Warned, raise_alarms
from phr.services.receive.prepare import Allowed, Prepared, Preparer, Sample, coalesce, judged
from phr.services.receive.readings import readings_of
from phr.store.connections import Mark
from phr.store.documents import Document
from phr.store.subscriptions import Happened
from phr.store.uow import Store, UnitOfWork
from phr.store.vitals import Chunk, Slot, Write

Take = Callable[[Columns | None, Columns], Merged]
"""How a delivery joins a day."""


@dataclass(slots=True)
class Receipt:
    """What became of a delivery: every row of it is in exactly one of the counts.

    stored: new samples; repeated: there already; conflicts: same identity, other value, kept aside;
    corrected: same identity, other value, from a source that was asked again: the earlier value was set aside;
    quarantined: cannot be true, kept apart; refused: not consented, not kept; rejected: by reason, unreadable.
    apart: which samples (code, source, start) and documents (id) were not stored as they came; known: which samples
    were there before.
    """

    stored: int = 0
    repeated: int = 0
    conflicts: int = 0
    corrected: int = 0
    quarantined: int = 0
    refused: int = 0
    documents: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    warnings: list[Warned] = field(default_factory=list)
    apart: set[Sample | str] = field(default_factory=set)
    known: set[Sample] = field(default_factory=set)

    def add(self, other: Receipt) -> None:
        """Adds another delivery's counts."""
        self.stored += other.stored
        self.repeated += other.repeated
        self.conflicts += other.conflicts
        self.corrected += other.corrected
        self.quarantined += other.quarantined
        self.refused += other.refused
        self.documents += other.documents
        self.rejected.update(other.rejected)
        self.warnings.extend(other.warnings)
        self.apart |= other.apart
        self.known |= other.known


class Receive:
    """Takes deliveries for one city."""

    def __init__(self, store: Store, clock: Clock, zone: ZoneInfo, recipient: str) -> None:
        self._store = store
        self._clock = clock
        self._zone = zone
        self._recipient = recipient

    def __call__(
        self,
        person: UUID,
        series: Sequence[Series],
        *,
        request: str,
        rejects: Sequence[Reject] = (),
        documents: Sequence[Described] = (),
        actor: str = "ingest",
        role: str = "system",
        symptoms: frozenset[str] = frozenset(),
        file_mark: tuple[str, str, bool] | None = None,
        bookmark: Mark | None = None,
    ) -> Receipt:
        """Stores what may be stored. Raises only for what is wrong with the whole; see ``Receipt`` for the rest.

        file_mark: digest of a file, how far it was read with this delivery, and whether that was its end.
        bookmark: how far a connection was read with this delivery; such a source is asked again, so what it says now
        stands, and what it said before is set aside. Raises Conflict, and stores nothing, when the
        connection was paused or another worker has taken it over.
        """
        access = Access(role, actor, self._recipient, "collect", request, person)
        now = self._clock.now()
        with self._store.begin(access, locked=person) as uow:
            take = merge if bookmark is None else correct
            receipt = self._receive(uow, person, series, documents, now, symptoms, take)
            for reject in rejects:
                receipt.rejected[reject.reason] += reject.count
            self._count(uow, person, rejects, now)
            if file_mark is not None:
                digest, mark, finished = file_mark
                uow.intake.put_mark(person, digest, mark, finished=finished)
            if bookmark is not None and not uow.connections.move(person, bookmark, now):
                raise Conflict("the connection is no longer read by this worker")
            uow.commit()
        return receipt

    def within(
        self,
        uow: UnitOfWork,
        person: UUID,
        series: Sequence[Series],
        documents: Sequence[Described] = (),
        *,
        amends: bool = False,
    ) -> Receipt:
        """The same in a transaction that is open in a collecting context: with what else it holds, or not at all.

        amends: what is said now stands, and what was kept before is set aside.
        """
        uow.vitals.lock(person)
        take = correct if amends else merge
        return self._receive(uow, person, series, documents, self._clock.now(), frozenset(), take)

    def _receive(
        self,
        uow: UnitOfWork,
        person: UUID,
        series: Sequence[Series],
        documents: Sequence[Described],
        now: datetime,
        symptoms: frozenset[str],
        take: Take,
    ) -> Receipt:
        whose = uow.deliveries.known(person)
        birth, allowed = whose.birth, self._allowed(person, whose.grants, now)
        preparer = Preparer(allowed, self._zone, micros(now), birth)
        for one in coalesce(series):
            preparer.add(one)
        ready = preparer.result
        receipt = Receipt(refused=ready.refused, quarantined=ready.quarantined, apart={*ready.apart})
        before = uow.vitals.load(person, ready.parts) if ready.parts else {}
        verdicts = uow.reviews.of(person, ready.parts) if whose.reviewed else {}
        _leave_rejected(ready, verdicts, receipt)
        writes = self._merge(uow, person, ready, before, verdicts, receipt, birth, take)
        _remember(uow, person, ready, before)
        uow.vitals.save(person, writes, now)
        _tell(uow, person, ready, writes, now)
        seen = Preparer(allowed, self._zone, micros(now), birth)
        self._documents(uow, person, documents, allowed, now, ready, receipt, seen)
        for arrived, known in ((ready, _unchanged(before, receipt)), (seen.result, None)):
            receipt.warnings += raise_alarms(
                uow,
                person,
                arrived,
                uow.vitals.load(person, arrived.parts) if known is None and arrived.parts else known or {},
                now=now,
                zone=self._zone,
                birth=birth,
                symptoms=symptoms,
                inbox=self._recipient,
            )
        self._audit(uow, person, ready, receipt)
        if ready.quarantine:
            uow.intake.quarantine(person, ready.quarantine)
        if ready.counts:
            uow.intake.count(person, day_at(now, self._zone), ready.counts)
        return receipt

    def _allowed(self, person: UUID, rows: Sequence[GrantRow], now: datetime) -> Allowed:
        """Whether a day of a category may be collected, asked of the rule once per pair."""
        known: dict[tuple[str, date], bool] = {}

        def allowed(category: str, day: date) -> bool:
            pair = (category, day)
            if pair not in known:
                request = Request(str(person), self._recipient, "collect", category, day)
                known[pair] = decide_rows(rows, request, now).permit
            return known[pair]

        return allowed

    def _merge(
        self,
        uow: UnitOfWork,
        person: UUID,
        ready: Prepared,
        before: dict[Slot, Chunk],
        verdicts: Mapping[Slot, list[Verdict]],
        receipt: Receipt,
        birth: date | None,
        take: Take,
    ) -> list[Write]:
        writes = []
        for slot, parts in ready.parts.items():
            said = verdicts.get(slot, [])
            arrived = joined(parts)
            old = before.get(slot)
            merged = take(None if old is None or not len(old.columns) else old.columns, arrived)
            lost = 0 if merged.losers is None else len(merged.losers)
            if merged.losers is not None:
                _keep_aside(uow, person, slot, ready.categories[slot], merged.losers)
                receipt.apart |= _samples(slot, merged.losers.start)
            receipt.stored += merged.added
            receipt.corrected += merged.corrected
            receipt.conflicts += lost - merged.corrected
            repeated = len(arrived) - merged.added - lost
            receipt.repeated += repeated
            if repeated and old is not None:
                held = np.isin(arrived.start, old.columns.start)
                receipt.known |= _samples(slot, arrived.start[held])
            if merged.changed:
                version = 1 if old is None else old.version + 1
                columns = with_confirmed(judged(slot.code, merged.columns, slot.day, birth), said)
                writes.append(Write(slot, ready.categories[slot], version, columns, summarise(columns)))
        return writes

    def _documents(
        self,
        uow: UnitOfWork,
        person: UUID,
        documents: Sequence[Described],
        allowed: Allowed,
        now: datetime,
        ready: Prepared,
        receipt: Receipt,
        seen: Preparer,
    ) -> None:
        """Stores FHIR documents that the columns cannot hold, each in its consent category.

        seen: takes their readings, so that a value is judged whatever a client wrote around it.
        """
        for one in documents:
            receipt.apart.add(one.id)
            if one.category is None:
                receipt.rejected["unknown-code"] += 1
                ready.counts["unknown-code", one.type] += 1
            elif not allowed(one.category, one.day):
                receipt.refused += 1
                ready.counts["no-consent", one.category] += 1
            elif not self._impossible(one, seen, ready, receipt):
                receipt.apart.discard(one.id)
                if self._put_document(uow, person, one, now):
                    receipt.documents += 1
                    for series in readings_of(one.resource, self._zone):
                        seen.add(series)

    def _impossible(self, one: Described, like: Preparer, ready: Prepared, receipt: Receipt) -> bool:
        """Whether a document's reading cannot be true; then it is set apart as one in columns would be."""
        apart = like.fresh()
        for series in readings_of(one.resource, self._zone):
            apart.add(series)
        ready.quarantine += apart.result.quarantine
        ready.counts.update(apart.result.counts)
        receipt.quarantined += apart.result.quarantined
        return apart.result.quarantined > 0

    def _put_document(self, uow: UnitOfWork, person: UUID, one: Described, now: datetime) -> int:
        """Stores one document; the same text again changes nothing."""
        present = uow.documents.get(one.type, one.id)
        if present is not None and one.same_content(present.body):
            return 0
        version = 1 if present is None else present.version + 1
        uow.documents.put(
            Document(
                person_id=person,
                type=one.type,
                id=one.id,
                version=version,
                deleted=False,
                category=one.category or "",
                day=one.day,
                codes=one.codes,
                labels=one.labels,
                status=one.status,
                low=one.low,
                high=one.high,
                updated_at=now,
                body=one.stored_body(version, now),
            )
        )
        return 1

    def _audit(self, uow: UnitOfWork, person: UUID, ready: Prepared, receipt: Receipt) -> None:
        """What was taken, and what was turned away."""
        categories = ",".join(sorted(set(ready.categories.values())))
        uow.audit.add(
            "collect", "Observation", person, categories=categories, count=receipt.stored + receipt.documents
        )
        if receipt.refused:
            closed = ",".join(sorted({detail for reason, detail in ready.counts if reason == "no-consent"}))
            uow.audit.add(
                "collect",
                "Observation",
                person,
                categories=closed,
                count=receipt.refused,
                outcome="refused",
                reason="no-consent",
            )

    def _count(self, uow: UnitOfWork, person: UUID, rejects: Sequence[Reject], now: datetime) -> None:
        numbers: Counter[tuple[str, str]] = Counter()
        for reject in rejects:
            numbers[reject.reason, reject.field.split("[")[0][:100]] += reject.count
        if numbers:
            uow.intake.count(person, day_at(now, self._zone), numbers)


def _samples(slot: Slot, starts: npt.NDArray[np.int64]) -> set[Sample]:
    """Which samples of a day begin at these instants."""
    return {(slot.code, slot.source_id, start) for start in starts.tolist()}


def _unchanged(before: dict[Slot, Chunk], receipt: Receipt) -> dict[Slot, Chunk]:
    """The days as they were, without what was corrected: a corrected reading is news to the alarms."""
    if not receipt.corrected:
        return before
    found = {}
    for slot, chunk in before.items():
        starts = chunk.columns.start.tolist()
        kept = [n for n, at in enumerate(starts) if (slot.code, slot.source_id, at) not in receipt.apart]
        found[slot] = replace(chunk, columns=chunk.columns.take(np.array(kept, int)))
    return found


def _leave_rejected(ready: Prepared, verdicts: Mapping[Slot, list[Verdict]], receipt: Receipt) -> None:
    """Takes out what a person rejected before, so that it neither comes back nor alarms; it is known already."""
    for slot, said in verdicts.items():
        arrived = joined(ready.parts[slot]) if slot in ready.parts else None
        if arrived is None:
            continue
        kept = without_rejected(arrived, said)
        receipt.repeated += len(arrived) - len(kept)
        receipt.known |= _samples(slot, np.setdiff1d(arrived.start, kept.start))
        if len(kept):
            ready.parts[slot] = [kept]
        else:
            del ready.parts[slot]


def _keep_aside(uow: UnitOfWork, person: UUID, slot: Slot, category: str, losers: Columns) -> None:
    rows = list(zip(losers.start.tolist(), fingerprints(losers), sample_texts(losers), strict=True))
    uow.vitals.keep_conflicts(person, slot, category, rows)


def _tell(uow: UnitOfWork, person: UUID, ready: Prepared, writes: Sequence[Write], now: datetime) -> None:
    """Notes what arrived for whoever wants to be told; while nobody does, this is one look-up for a delivery."""
    if not writes or not uow.happenings.wanted(person, NEW_OBSERVATION):
        return
    came = [
        (one.slot.code, one.slot.day, one.slot.source_id, joined(ready.parts[one.slot])) for one in writes
    ]
    uow.happenings.note(
        [
            Happened(person, NEW_OBSERVATION, one.focus, one.codes, one.labels)
            for one in arrivals(person, came)
        ],
        now,
    )


def _remember(uow: UnitOfWork, person: UUID, ready: Prepared, before: Mapping[Slot, Chunk]) -> None:
    """Keeps the sources that are new; one with a stored day is known."""
    seen = {slot.source_id for slot in before}
    new = [row for identity, row in ready.sources.items() if identity not in seen]
    if new:
        uow.vitals.put_sources(person, new)
