"""Working on bulk jobs: whose turn it is, the lease, what a lost worker left, and what is too old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from phr import logs
from phr.clock import Clock
from phr.domain.access import Access, machine
from phr.domain.leased import LostLease, Stopped, one_round
from phr.domain.sealing import Box, Unopenable
from phr.errors import Busy, Invalid
from phr.ids import new_id
from phr.services.bulk.files import BulkFiles
from phr.services.bulk.walking import access_of
from phr.store.bulk import Job
from phr.store.uow import Store, UnitOfWork

_LEASE: Final = timedelta(minutes=2)
_ATTEMPTS: Final = 4
_AT_ONCE: Final = 20
_TELL_SECONDS: Final = 1.0
_ORPHAN_SECONDS: Final = 3600.0
Do = Callable[[Job, str, Callable[..., None], str], None]
"""Works on a job: job, key, keep, request."""


@dataclass
class _Turn:
    """One job in the hands of this worker."""

    job: Job
    lease: UUID
    access: Access
    told: float = 0.0


class BulkJobs:
    """Works on the jobs of one city."""

    def __init__(
        self, store: Store, clock: Clock, recipient: str, files: BulkFiles, box: Box, kinds: dict[str, Do]
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._files = files
        self._box = box
        self._kinds = kinds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Asks a round to give its job back at the next chance."""
        self._stopping.set()

    def round(self, *, request: str) -> dict[str, int]:
        """Works on what waits and removes what is over; how many of each outcome."""
        return one_round(
            self._stopping,
            lambda: self._tidy(request),
            lambda: self._due(request),
            lambda job: self._one(job, request) if _readable(job, request) else "unreadable",
        )

    def _finding(self, request: str) -> Access:
        return machine(self._recipient, "deliver", request, None, "bulk")

    def _due(self, request: str) -> list[Job]:
        with self._store.begin(self._finding(request)) as uow:
            found = uow.bulk.jobs.due(self._clock.now(), _AT_ONCE)
            uow.commit()
        return found

    def _one(self, job: Job, request: str) -> str:
        """Works on one job; gives its outcome, empty when another worker has it."""
        lease, now, access = new_id(), self._clock.now(), access_of(job, request)
        with self._store.begin(access) as uow:
            claimed = uow.bulk.jobs.claim(job, lease, now, now + _LEASE)
            uow.commit()
        if claimed is None:
            return ""
        turn = _Turn(claimed, lease, access)
        if claimed.attempts > _ATTEMPTS:
            return self._release(turn, "failed")
        try:
            self._kinds[claimed.kind](claimed, self._key(claimed), self._keeper(turn), request)
        except LostLease:
            return "lost"
        except Stopped:
            return self._release(turn, "waiting")
        except Busy:
            return "later"  # the lease runs out, and the next round goes on
        except Unopenable:
            return self._release(turn, "failed")
        except Exception as trouble:  # noqa: BLE001 - one job must not hold up the others; it is tried again
            logs.get().error("bulk", kind=type(trouble).__name__, request=request)
            return self._release(turn, "waiting")
        return self._release(turn, "done")

    def _key(self, job: Job) -> str:
        return self._box.open(job.key, str(job.job_id)).decode()

    def _keeper(self, turn: _Turn) -> Callable[..., None]:
        """Keeps the lease: with what else a unit of work does, or by itself once a second."""

        def keep(uow: UnitOfWork | None = None, **values: Any) -> None:
            if self._stopping.is_set():
                raise Stopped
            until = self._clock.now() + _LEASE
            if uow is not None:
                if not uow.bulk.jobs.hold(turn.job, turn.lease, until, **values):
                    raise LostLease
                return
            if time.monotonic() - turn.told < _TELL_SECONDS:
                return
            turn.told = time.monotonic()
            with self._store.begin(turn.access) as own:
                held = own.bulk.jobs.hold(turn.job, turn.lease, until, **values)
                own.commit()
            if not held:
                raise LostLease

        return keep

    def _release(self, turn: _Turn, state: str) -> str:
        with self._store.begin(turn.access) as uow:
            held = uow.bulk.jobs.release(turn.job, turn.lease, state)
            if held and state != "waiting":
                uow.audit.add(f"bulk-{turn.job.kind}", state, turn.job.person_id)
            uow.commit()
        return state if held else "lost"

    def _tidy(self, request: str) -> int:
        """Removes jobs whose time is over, and files that belong to none."""
        with self._store.begin(self._finding(request)) as uow:
            old = [job for job in uow.bulk.jobs.over(self._clock.now()) if _readable(job, request)]
            uow.commit()
        for job in old:
            remove(self._store, self._files, job, access_of(job, request))
        with self._store.begin(self._finding(request)) as uow:
            known = uow.bulk.jobs.known_files()
            uow.commit()
        self._files.sealed.sweep(known, _ORPHAN_SECONDS)
        return len(old)


def _readable(job: Job, request: str) -> bool:
    """Whether the row still says as whom it was asked for; one that does not holds up no other job."""
    try:
        access_of(job, request)
    except Invalid:
        return False
    return True


def remove(store: Store, files: BulkFiles, job: Job, access: Access) -> bool:
    """Ends a job for good: the row, with the key of its files, then the files themselves."""
    with store.begin(access) as uow:
        listed = uow.bulk.jobs.files(job)
        removed = uow.bulk.jobs.remove(job)
        if removed:
            uow.audit.add(f"bulk-{job.kind}", "removed", job.person_id)
        uow.commit()
    for one in listed:
        files.sealed.remove(one.file_id)
    return removed
