"""Handing out files of bulk jobs: sealed bytes are opened piece by piece, and consent is asked again for every frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.bulk.frames import Frame, gzipped, kept, lines, unpack
from phr.domain.sealing import Box, Unopenable
from phr.errors import NotFound
from phr.services.bulk.asking import covers
from phr.services.bulk.files import BulkFiles
from phr.store.audit import NOBODY
from phr.store.sealed_files import Unreadable
from phr.store.uow import Store

_FRAMES: Final = (
    8  # asked about in one statement: few enough that a withdrawal stops a download that is under way
)


class Handing:
    """Gives files to the clients whose they are."""

    def __init__(self, store: Store, clock: Clock, files: BulkFiles, box: Box) -> None:
        self._store = store
        self._clock = clock
        self._files = files
        self._box = box

    def open(
        self, job_id: UUID, file_id: UUID, scope: str, access: Access, *, packed: bool
    ) -> Iterator[bytes]:
        """The lines of a file that this client may have now, as NDJSON or (packed) as gzip.

        Raises NotFound before the first byte for what is over, unknown, or another's.
        """
        with self._store.begin(access) as uow:
            job = uow.bulk.jobs.one(job_id)
            files = [] if job is None else uow.bulk.jobs.files(job)
            known = job is not None and any(one.file_id == file_id for one in files)
            if not known:
                uow.audit.add("download", "bulk", NOBODY, outcome="refused", reason="not-found")
            uow.commit()
        if job is None or not known or job.expires_at <= self._clock.now() or not covers(scope, job.scope):
            raise NotFound("no such file")
        try:
            key = self._box.open(job.key, str(job_id)).decode()
            sealed = self._files.sealed.reading(file_id, key)
        except (Unopenable, Unreadable):
            raise NotFound("no such file") from None
        allowed = self._allowed(unpack(sealed), access)
        return gzipped(allowed) if packed else map(lines, allowed)

    def _allowed(self, frames: Iterator[Frame], access: Access) -> Iterator[Frame]:
        while some := list(islice(frames, _FRAMES)):
            for one, seen in zip(some, self._seen(some, access), strict=True):
                what = kept(one, seen)
                if what is not None:
                    yield what

    def _seen(self, frames: Sequence[Frame], access: Access) -> list[list[bool]]:
        """Which parts may be handed out at this moment; who receives lines of whom is noted with it."""
        every = [part for one in frames for part in one.parts]
        with self._store.begin(access) as uow:
            seen = uow.bulk.reads.visible(every)
            counts: dict[tuple[UUID, str], tuple[set[str], int]] = {}
            for part, ok in zip(every, seen, strict=True):
                if ok:
                    categories, before = counts.get((part.person, part.type), (set(), 0))
                    counts[part.person, part.type] = ({*categories, part.category}, before + part.lines)
            for (person, kind), (categories, number) in counts.items():
                uow.audit.add("download", kind, person, categories=",".join(sorted(categories)), count=number)
            uow.commit()
        answers = iter(seen)
        return [list(islice(answers, len(one.parts))) for one in frames]
