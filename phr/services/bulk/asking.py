"""Asking for bulk jobs: who may, how many at once, how far they are, and ending them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from phr.clock import Clock
from phr.domain.access import Access
from phr.domain.bulk.limits import limits
from phr.domain.sealing import Box
from phr.errors import NotFound, PhrError
from phr.ids import new_id
from phr.services.bulk.files import BulkFiles
from phr.services.bulk.working import remove
from phr.store.audit import NOBODY
from phr.store.bulk import File, Job
from phr.store.sealed_files import new_key
from phr.store.uow import Store


class TooMany(PhrError):
    """The client has as many jobs as it may have at once."""


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: the account and scopes of the token, beside what its access says."""

    account: UUID
    scope: str


@dataclass(slots=True)
class Inputs:
    """Files that a client sends, sealed with the key that the job will have."""

    key: str = field(default_factory=new_key)
    files: list[File] = field(default_factory=list)


class Asking:
    """Jobs as their clients see them."""

    def __init__(self, store: Store, clock: Clock, files: BulkFiles, box: Box, keep: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._files = files
        self._box = box
        self._keep = keep

    def ask(
        self, kind: str, asked: dict[str, Any], client: Client, access: Access, given: Inputs | None = None
    ) -> UUID:
        """A new job, with the files that it is to read. Raises TooMany, and NotFound for a Group of another."""
        now, job_id = self._clock.now(), new_id()
        given = given or Inputs()
        with self._store.begin(access) as uow:
            if asked.get("level") == "Group" and uow.bulk.cohorts.get(asked["group"]) is None:
                uow.audit.add("bulk-export", "Group", outcome="refused", reason="not-found")
                uow.commit()
                raise NotFound("no such Group")
            if uow.bulk.jobs.open(access.recipient, access.actor) >= limits().open_jobs:
                raise TooMany("as many jobs as allowed are on their way; wait for one, or end it")
            settled = uow.bulk.jobs.settled(now) - timedelta(
                seconds=1
            )  # clocks of the two machines differ a little
            job = Job(
                person_id=access.person or NOBODY,
                job_id=job_id,
                kind=kind,
                state="waiting",
                role=access.role,
                actor=access.actor,
                recipient=access.recipient,
                purpose=access.purpose,
                account_id=client.account,
                scope=client.scope,
                asked=asked,
                progress={},
                lines=0,
                attempts=0,
                key=self._box.seal(given.key.encode(), str(job_id)),
                asked_at=now,
                instant=settled.replace(
                    microsecond=settled.microsecond // 1000 * 1000
                ),  # as the manifest says it
                expires_at=now + self._keep,
            )
            uow.bulk.jobs.put(job)
            for file in given.files:
                uow.bulk.jobs.put_file(job, file)
            uow.audit.add(f"bulk-{kind}", "asked", job.person_id)
            uow.commit()
        return job_id

    @contextmanager
    def receiving(self, given: Inputs) -> Iterator[IO[bytes]]:
        """A place for one more file that a client sends."""
        file_id = new_id()
        with self._files.sealed.writing(file_id, given.key) as stream:
            yield stream
        size = self._files.sealed.size(file_id)
        given.files.append(File(len(given.files), file_id, "input", "", 0, size))

    def discard(self, given: Inputs) -> None:
        """Removes files that no job was made for."""
        for one in given.files:
            self._files.sealed.remove(one.file_id)

    def status(self, job_id: UUID, scope: str, access: Access) -> tuple[Job, Sequence[File]]:
        """A job and its files. Raises NotFound for what is over, or is not this client's, or was made with more scopes."""
        with self._store.begin(access) as uow:
            job = uow.bulk.jobs.one(job_id)
            files = [] if job is None else uow.bulk.jobs.files(job)
            uow.commit()
        if job is None or job.expires_at <= self._clock.now() or not covers(scope, job.scope):
            raise NotFound("no such job")
        return job, files

    def remove(self, job_id: UUID, scope: str, access: Access) -> None:
        """Ends a job, stops the work on it, and deletes its files. Raises NotFound."""
        job, _files = self.status(job_id, scope, access)
        remove(self._store, self._files, job, access)


def covers(scope: str, made_with: str) -> bool:
    """Whether a token may see a job: it holds every scope with which the job was made, and no other limits.

    A job of the service's own token, which has no scopes, is for such tokens alone.
    """
    if not made_with or not scope:
        return scope == made_with
    return set(made_with.split()) <= set(scope.split())
