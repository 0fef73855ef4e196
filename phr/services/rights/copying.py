"""Take everything: a job makes one sealed file, the person's own session opens it, and it goes after some days."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from phr import logs
from phr.clock import Clock
from phr.domain.access import Access, machine, resident
from phr.domain.sealing import Box, Unopenable
from phr.errors import Busy, Conflict, NotFound
from phr.ids import new_id
from phr.services.rights.everything import Copy, Writer
from phr.store.sealed_files import SealedFiles, Unreadable, new_key
from phr.store.tables import TakeOut
from phr.store.uow import Store

_LEASE: Final = timedelta(minutes=5)
_ATTEMPTS: Final = 3
_TELL: Final = 1.0
_PART: Final = "take-out"
_OPEN: Final = ("waiting", "making")


class _Ended(Exception):
    """The job was ended, or another worker has it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file to hand over: its plain bytes, piece by piece."""

    name: str
    parts: Iterator[bytes]


class TakeOuts:
    """Copies of everything, for the people of one city."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        recipient: str,
        files: SealedFiles,
        writer: Writer,
        box: Box,
        days: int,
    ) -> None:
        self._store = store
        self._clock = clock
        self._recipient = recipient
        self._files = files
        self._writer = writer
        self._box = box
        self._keep = timedelta(days=days)
        self._stopping = threading.Event()

    def ask(self, person: UUID, access: Access) -> UUID:
        """Asks for a copy; while one is being made it is that one."""
        now = self._clock.now()
        row = TakeOut(
            person_id=person,
            job_id=new_id(),
            state="waiting",
            asked_at=now,
            expires_at=now + self._keep,
        )
        try:
            with self._store.begin(access) as uow:
                uow.rights.put_copy(row)
                uow.audit.add("take-out", "asked", person)
                uow.commit()
        except Conflict:
            return next(one.job_id for one in self.listed(person, access) if one.state in _OPEN)
        return row.job_id

    def listed(self, person: UUID, access: Access) -> Sequence[TakeOut]:
        """The person's copies, newest first."""
        with self._store.begin(access) as uow:
            found = uow.rights.copies(person)
            uow.commit()
        return found

    def open(self, person: UUID, job: UUID, access: Access) -> Opened:
        """The file, for the person in their own context. Raises NotFound when it is not ready, over, or not theirs."""
        now = self._clock.now()
        with self._store.begin(access) as uow:
            row = uow.rights.copy(person, job)
            sealed = uow.rights.key(person)
            known = uow.people.get(person)
            if (
                row is None
                or sealed is None
                or known is None
                or row.state != "ready"
                or row.expires_at <= now
            ):
                raise NotFound("no such file")
            try:
                parts = self._files.reading(job, self._box.open(sealed, str(person)).decode())
            except (Unreadable, Unopenable):
                raise NotFound("no such file") from None
            uow.audit.add("take-out", "downloaded", person, count=1)
            uow.commit()
        return Opened(f"everything-{row.asked_at:%Y-%m-%d}.zip", parts)

    def remove(self, person: UUID, job: UUID, access: Access) -> None:
        """Ends a copy at once."""
        with self._store.begin(access) as uow:
            if uow.rights.change_copy(person, job, (*_OPEN, "ready"), state="removed"):
                uow.audit.add("take-out", "removed", person)
            uow.commit()
        self._files.remove(job)

    def forget(self, person: UUID, access: Access) -> None:
        """Removes every file of a person who is being erased."""
        for row in self.listed(person, access):
            self._files.remove(row.job_id)

    def stop(self) -> None:
        """Asks a round to end at the next chance."""
        self._stopping.set()

    def round(self, *, request: str) -> dict[str, int]:
        """Makes what waits and removes what is over; how many of each outcome."""
        outcomes: Counter[str] = Counter()
        now = self._clock.now()
        with self._store.begin(machine(self._recipient, "rights", request, None, _PART)) as uow:
            old, due = uow.rights.old_copies(now), uow.rights.due_copies(now)
            uow.commit()
        for row in old:
            self._expire(row, request)
            outcomes["expired"] += 1
        for row in due:
            if self._stopping.is_set():
                break
            outcomes[self._one(row, request)] += 1
        return dict(outcomes)

    def _expire(self, row: TakeOut, request: str) -> None:
        with self._store.begin(machine(self._recipient, "rights", request, row.person_id, _PART)) as uow:
            uow.rights.change_copy(row.person_id, row.job_id, ("ready",), state="removed")
            uow.commit()
        self._files.remove(row.job_id)

    def _one(self, row: TakeOut, request: str) -> str:
        now, person, job = self._clock.now(), row.person_id, row.job_id
        tried = row.attempts + 1
        if tried > _ATTEMPTS:
            self._end(row, request, state="failed", problem="failed")
            return "failed"
        with self._store.begin(machine(self._recipient, "rights", request, person, _PART)) as uow:
            mine = uow.rights.change_copy(
                person, job, _OPEN, state="making", attempts=tried, lease_until=now + _LEASE
            )
            uow.commit()
        if not mine:
            return "ended"
        try:
            self._make(row, request)
        except _Ended:
            self._files.remove(job)
            return "ended"
        except Busy:
            return "later"
        except Exception as trouble:  # noqa: BLE001 - one copy must not hold up the others; it is tried again
            logs.get().error("take-out", kind=type(trouble).__name__, request=request)
            return "broken"
        return "made"

    def _make(self, row: TakeOut, request: str) -> Copy:
        """Writes the file in the context of the person, who asked for it."""
        person, job = row.person_id, row.job_id
        own = resident(person, _PART, request)
        key = self._key(person, own)
        with self._store.begin(own) as uow:
            known = uow.people.get(person)
            uow.commit()
        if known is None:
            raise _Ended
        told = 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if time.monotonic() - told >= _TELL:
                told = time.monotonic()
                self._hold(row, done, total, request)

        with self._files.writing(job, key) as stream:
            copy = self._writer(stream, known, own, self._clock.now(), progress)
        now = self._clock.now()
        self._end(
            row,
            request,
            state="ready",
            ready_at=now,
            expires_at=now + self._keep,
            size=self._files.size(job),
            done=copy.total,
            total=copy.total,
        )
        return copy

    def _key(self, person: UUID, own: Access) -> str:
        """The person's key; made once, and the same for every file."""
        with self._store.begin(own) as uow:
            sealed = uow.rights.key(person)
            if sealed is None:
                uow.rights.put_key(person, self._box.seal(new_key().encode(), str(person)), self._clock.now())
                sealed = uow.rights.key(person)
            uow.commit()
        if sealed is None:
            raise NotFound("no key")
        return self._box.open(sealed, str(person)).decode()

    def _hold(self, row: TakeOut, done: int, total: int, request: str) -> None:
        if self._stopping.is_set():
            raise _Ended
        until = self._clock.now() + _LEASE
        with self._store.begin(machine(self._recipient, "rights", request, row.person_id, _PART)) as uow:
            held = uow.rights.change_copy(
                row.person_id, row.job_id, ("making",), done=done, total=total, lease_until=until
            )
            uow.commit()
        if not held:
            raise _Ended

    def _end(self, row: TakeOut, request: str, **values: object) -> None:
        """The last word about a job; one that was ended meanwhile stays ended."""
        with self._store.begin(machine(self._recipient, "rights", request, row.person_id, _PART)) as uow:
            held = uow.rights.change_copy(row.person_id, row.job_id, _OPEN, **values)
            uow.audit.add("take-out", str(values["state"]), row.person_id)
            uow.commit()
        if not held:
            raise _Ended
