"""Exporting: writes the files of one job, each whole before it is listed, and goes on behind the last one listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from ingest.codes import VITALS
from phr.domain.access import Access
from phr.domain.bulk.answers import Gone, deletions, problem
from phr.domain.bulk.frames import Part
from phr.domain.bulk.kickoff import Asked, of_plain
from phr.domain.bulk.limits import limits
from phr.services.bulk.files import BulkFiles, Draft
from phr.services.bulk.walking import Place, Walk, access_of, place_of
from phr.store.audit import NOBODY
from phr.store.bulk import Given, Job
from phr.store.uow import Store, UnitOfWork

SAMPLED: Final = "code:"
"""How the item of a kind of sample begins in what recipients hold; no FHIR id holds this sign."""
_GONE_ROWS: Final = 1000
Keep = Callable[..., None]
"""Keeps the lease: unit of work or nothing, progress, lines. Raises LostLease."""


class _Noted:
    """What the file at hand holds, person by person."""

    def __init__(self) -> None:
        self._rows: dict[tuple[UUID, str, str], tuple[date, date]] = {}

    def add(self, part: Part) -> None:
        """One part."""
        if part.person == NOBODY:
            return
        sampled = part.kind == "chunk"
        day = date.fromisoformat(part.place.partition("/")[0])
        key = (part.person, part.type, f"{SAMPLED}{part.item}" if sampled else part.item)
        first, last = self._rows.get(key, (day, day))
        self._rows[key] = (min(first, day), max(last, day))

    def people(self) -> list[UUID]:
        """Whom it is about."""
        return sorted({person for person, _kind, _item in self._rows})

    def rows(self, patients: dict[UUID, str]) -> list[Given]:
        """For the table, in one order, so that two jobs of a recipient never wait for each other in a circle."""
        return [
            Given(person, kind, item, patients[person], first, last)
            for (person, kind, item), (first, last) in sorted(self._rows.items())
            if person in patients  # who withdrew meanwhile is in the file and will not be handed out
        ]


class Exporting:
    """Works on exports."""

    def __init__(self, store: Store, long_reads: Store, files: BulkFiles, zone: ZoneInfo) -> None:
        self._store = store
        self._long_reads = long_reads
        self._files = files
        self._zone = zone

    def __call__(self, job: Job, key: str, keep: Keep, request: str) -> None:
        """Writes what is missing of a job."""
        asked, access = of_plain(job.asked), access_of(job, request)
        number = int(job.progress.get("number", 0))
        stage = str(job.progress.get("stage", "output"))
        if stage == "output":
            place = place_of(job.progress.get("place", {}))
            number = self._outputs(job, asked, access, key, keep, place, number)
            stage = "gone"
        if stage == "gone":
            if asked.since is not None:
                number = self._gone(job, asked, access, key, keep, number)
            stage = "errors"
        if stage == "errors" and asked.ignored:
            lines = (problem(text) for text in asked.ignored)
            self._free(job, access, key, keep, ("error", "OperationOutcome"), lines, number, "done")

    def _outputs(
        self, job: Job, asked: Asked, access: Access, key: str, keep: Keep, place: Place, number: int
    ) -> int:
        """One file after the other; gives the number of the next."""
        batches = Walk(self._long_reads, self._zone, job, asked, access).batches(place)
        held = next(batches, None)
        written = job.lines
        while held is not None:
            kind, noted = held.kind, _Noted()
            with self._files.writing(key) as draft:
                while held is not None and held.kind == kind and draft.plain < limits().file_bytes:
                    for part, body in held.lines:
                        draft.add(part, body)
                        noted.add(part)
                    place = held.place
                    keep(lines=written + draft.lines)
                    held = next(batches, None)
            written += draft.lines
            if draft.lines == 0:
                self._files.sealed.remove(draft.file_id)
                continue
            progress = {"stage": "output", "place": place.plain(), "number": number + 1}
            self._list(job, access, keep, draft, ("output", kind), number, noted, progress, written)
            number += 1
        return number

    def _list(
        self,
        job: Job,
        access: Access,
        keep: Keep,
        draft: Draft,
        what: tuple[str, str],
        number: int,
        noted: _Noted | None,
        progress: dict[str, Any],
        lines: int,
    ) -> None:
        """The file, what the recipient now holds, and where the next one begins, in one transaction."""
        with self._store.begin(access) as uow:
            keep(uow, progress=progress, lines=lines)
            uow.bulk.jobs.put_file(job, self._files.described(draft, number, *what))
            if noted is not None:
                self._note(uow, job, noted)
            uow.commit()

    def _note(self, uow: UnitOfWork, job: Job, noted: _Noted) -> None:
        people = noted.people()
        known = uow.bulk.reads.people(NOBODY, people, len(people))
        since = of_plain(job.asked).since
        uow.bulk.givens.note((job.recipient, job.purpose), noted.rows(known), job.instant, since)

    def _gone(self, job: Job, asked: Asked, access: Access, key: str, keep: Keep, number: int) -> int:
        """Bundles of what the recipient holds and may hold no more."""
        among = Walk(self._store, self._zone, job, asked, access).among()
        gone: list[tuple[Given, Gone]] = []
        for kind in asked.types:
            for rows in self._held(job, asked, access, kind, among):
                with self._store.begin(access) as uow:
                    gone += _missing(uow, kind, rows)
                    uow.commit()
                keep()
        lines = deletions([told for _row, told in gone])
        ended = [row for row, told in gone if told.before is None and told.after is None]
        return self._free(job, access, key, keep, ("deleted", "Bundle"), lines, number, "errors", ended)

    def _held(
        self, job: Job, asked: Asked, access: Access, kind: str, among: list[UUID] | None
    ) -> Iterator[list[Given]]:
        place, owner = (NOBODY, ""), (job.recipient, job.purpose)
        while True:
            with self._store.begin(access) as uow:
                rows = uow.bulk.givens.after(
                    owner, kind, asked.since or job.instant, place, among, _GONE_ROWS
                )
                uow.commit()
            if not rows:
                return
            yield rows
            place = (rows[-1].person_id, rows[-1].item)

    def _free(
        self,
        job: Job,
        access: Access,
        key: str,
        keep: Keep,
        what: tuple[str, str],
        lines: Iterator[bytes],
        number: int,
        then: str,
        ended: list[Given] | None = None,
    ) -> int:
        """A file of lines about the export itself, if there are any; gives the number of the next."""
        with ExitStack() as stack:
            draft: Draft | None = None
            for line in lines:
                draft = draft or stack.enter_context(self._files.writing(key))
                draft.add(Part("free", NOBODY, "", what[1], "", "", len(line), 1), line)
        if draft is None:
            return number
        progress = {"stage": then, "number": number + 1}
        with self._store.begin(access) as uow:
            keep(uow, progress=progress, lines=None)
            uow.bulk.jobs.put_file(job, self._files.described(draft, number, *what))
            uow.bulk.givens.end((job.recipient, job.purpose), ended or [], job.instant)
            uow.commit()
        return number + 1


def _missing(uow: UnitOfWork, kind: str, rows: list[Given]) -> Iterator[tuple[Given, Gone]]:
    """Which of these the context does not see any more, wholly or in part."""
    people = sorted({one.person_id for one in rows})
    codes = sorted({code for one in rows if (code := one.item.removeprefix(SAMPLED)) != one.item})
    days = uow.bulk.reads.days(people, codes) if codes else {}
    alive = uow.bulk.reads.alive(people, kind, [one.item for one in rows])
    for one in rows:
        code = one.item.removeprefix(SAMPLED)
        if code == one.item:
            if (one.person_id, one.item) not in alive:
                yield one, Gone(one.patient, kind, one.item, sampled=False)
            continue
        if code not in VITALS:
            continue
        seen = days.get((one.person_id, code))
        before = seen[0] if seen and seen[0] > one.first_day else None
        after = seen[1] if seen and seen[1] < one.last_day else None
        if seen is None or before or after:
            yield one, Gone(one.patient, kind, code, True, before, after)
