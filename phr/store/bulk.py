"""Bulk jobs and their files: rows of one client, worked on under a lease that others can see and take over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

_JOB: Final = (
    "person_id, job_id, kind, state, role, actor, recipient, purpose, account_id, scope, asked, progress, lines,"
    " attempts, key, asked_at, instant, expires_at"
)
_FILE: Final = "number, file_id, section, type, lines, size"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; see the migration for what each column says."""

    person_id: UUID
    job_id: UUID
    kind: str
    state: str
    role: str
    actor: str
    recipient: str
    purpose: str
    account_id: UUID
    scope: str
    asked: dict[str, Any]
    progress: dict[str, Any]
    lines: int
    attempts: int
    key: bytes
    asked_at: datetime
    instant: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class File:
    """A file of a job."""

    number: int
    file_id: UUID
    section: str
    type: str
    lines: int
    size: int


class BulkJobs:
    """The jobs that the transaction's context may see or work on."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def _jobs(self, where: str, *values: Any) -> list[Job]:
        cursor = self._connection.cursor(row_factory=class_row(Job))
        return cursor.execute(f"SELECT {_JOB} FROM phr.bulk_job WHERE {where}", values).fetchall()

    def open(self, recipient: str, actor: str) -> int:
        """How many jobs of this client are not finished; others that count wait until this transaction ends."""
        self._connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('phr.bulk ' || %s, 0))", (f"{recipient} {actor}",)
        )
        row: Any = self._connection.execute(
            "SELECT count(*) FROM phr.bulk_job WHERE state IN ('waiting', 'working') AND actor = %s", (actor,)
        ).fetchone()
        return int(row[0])

    def settled(self, now: datetime) -> datetime:
        """The moment up to which everything written can be seen: before the oldest transaction that is still open."""
        row: Any = self._connection.execute(
            "SELECT min(xact_start) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
        return now if row[0] is None else min(now, row[0])

    def put(self, job: Job) -> None:
        """A new job."""
        self._connection.execute(
            f"INSERT INTO phr.bulk_job ({_JOB}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,"
            " %s, %s, %s)",
            (
                job.person_id,
                job.job_id,
                job.kind,
                job.state,
                job.role,
                job.actor,
                job.recipient,
                job.purpose,
                job.account_id,
                job.scope,
                Jsonb(job.asked),
                Jsonb(job.progress),
                job.lines,
                job.attempts,
                job.key,
                job.asked_at,
                job.instant,
                job.expires_at,
            ),
        )

    def one(self, job: UUID) -> Job | None:
        """A job of this client."""
        return next(iter(self._jobs("job_id = %s", job)), None)

    def due(self, now: datetime, limit: int) -> list[Job]:
        """Jobs that wait, and those whose worker was lost."""
        return self._jobs(
            "(state = 'waiting' OR (state = 'working' AND lease_until <= %s)) AND expires_at > %s"
            " ORDER BY asked_at LIMIT %s",
            now,
            now,
            limit,
        )

    def over(self, now: datetime) -> list[Job]:
        """Jobs whose time is over."""
        return self._jobs("expires_at <= %s ORDER BY expires_at", now)

    def claim(self, job: Job, lease: UUID, now: datetime, until: datetime) -> Job | None:
        """Takes a job; None while another worker has it."""
        cursor = self._connection.cursor(row_factory=class_row(Job))
        return cursor.execute(
            "UPDATE phr.bulk_job SET state = 'working', lease = %s, lease_until = %s, attempts = attempts + 1"
            " WHERE person_id = %s AND job_id = %s"
            f" AND (state = 'waiting' OR (state = 'working' AND lease_until <= %s)) RETURNING {_JOB}",
            (lease, until, job.person_id, job.job_id, now),
        ).fetchone()

    def hold(self, job: Job, lease: UUID, until: datetime, **values: Any) -> bool:
        """Keeps the lease and notes progress; False when the job was ended or taken over."""
        progress = values.get("progress")
        done = self._connection.execute(
            "UPDATE phr.bulk_job SET lease_until = %s, progress = coalesce(%s, progress),"
            " lines = coalesce(%s, lines), attempts = CASE WHEN %s THEN 0 ELSE attempts END"
            " WHERE person_id = %s AND job_id = %s AND state = 'working' AND lease = %s",
            (
                until,
                None if progress is None else Jsonb(progress),
                values.get("lines"),
                progress is not None,
                job.person_id,
                job.job_id,
                lease,
            ),
        )
        return done.rowcount == 1

    def release(self, job: Job, lease: UUID, state: str) -> bool:
        """Gives the job back in a state."""
        done = self._connection.execute(
            "UPDATE phr.bulk_job SET state = %s, lease = NULL, lease_until = NULL"
            " WHERE person_id = %s AND job_id = %s AND state = 'working' AND lease = %s",
            (state, job.person_id, job.job_id, lease),
        )
        return done.rowcount == 1

    def remove(self, job: Job) -> bool:
        """Ends a job with its files; the worker that has it loses its lease."""
        where = (job.person_id, job.job_id)
        self._connection.execute("DELETE FROM phr.bulk_file WHERE person_id = %s AND job_id = %s", where)
        done = self._connection.execute(
            "DELETE FROM phr.bulk_job WHERE person_id = %s AND job_id = %s", where
        )
        return done.rowcount == 1

    def put_file(self, job: Job, file: File) -> None:
        """A file that is whole."""
        self._connection.execute(
            f"INSERT INTO phr.bulk_file (person_id, job_id, {_FILE}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                job.person_id,
                job.job_id,
                file.number,
                file.file_id,
                file.section,
                file.type,
                file.lines,
                file.size,
            ),
        )

    def files(self, job: Job) -> list[File]:
        """The files of a job, in their order."""
        cursor = self._connection.cursor(row_factory=class_row(File))
        return cursor.execute(
            f"SELECT {_FILE} FROM phr.bulk_file WHERE person_id = %s AND job_id = %s ORDER BY number",
            (job.person_id, job.job_id),
        ).fetchall()

    def known_files(self) -> set[UUID]:
        """The numbers of all files that this context sees."""
        return {row[0] for row in self._connection.execute("SELECT file_id FROM phr.bulk_file").fetchall()}


@dataclass(frozen=True, slots=True)
class Given:
    """What a recipient holds of a person: one kind of sample (``code:...``) or document, and of which days."""

    person_id: UUID
    type: str
    item: str
    patient: str
    first_day: Any
    last_day: Any


_GIVEN: Final = "person_id, type, item, patient, first_day, last_day"


class BulkGivens:
    """What this context's recipient was given."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def tracked(self, key: tuple[str, str], kind: str, since: datetime) -> bool:
        """Whether a recipient had been given anything of a type by then, so that what they hold is known."""
        row: Any = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM phr.bulk_given WHERE recipient = %s AND purpose = %s AND type = %s"
            " AND at <= %s)",
            (*key, kind, since),
        ).fetchone()
        return bool(row[0])

    def note(self, key: tuple[str, str], rows: Sequence[Given], at: datetime, since: datetime | None) -> None:
        """Notes what was written to a file. What comes anew, or of earlier days, counts from this instant on."""
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            marks = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(part))
            self._connection.execute(
                "INSERT INTO phr.bulk_given AS held (person_id, recipient, purpose, type, item, patient, first_day,"
                f" last_day, at) VALUES {marks} ON CONFLICT (person_id, recipient, purpose, type, item) DO UPDATE SET"
                " first_day = LEAST(held.first_day, excluded.first_day),"
                " last_day = GREATEST(held.last_day, excluded.last_day), gone_at = NULL,"
                " at = CASE WHEN held.gone_at IS NOT NULL OR excluded.first_day < held.first_day"
                " OR held.at > %s THEN excluded.at ELSE held.at END",
                [
                    cell
                    for one in part
                    for cell in (
                        one.person_id,
                        *key,
                        one.type,
                        one.item,
                        one.patient,
                        one.first_day,
                        one.last_day,
                        at,
                    )
                ]
                + [since or at],
            )

    def after(
        self,
        key: tuple[str, str],
        kind: str,
        since: datetime,
        place: tuple[UUID, str],
        people: Sequence[UUID] | None,
        limit: int,
    ) -> list[Given]:
        """Some of what the recipient holds of a type, or held after an instant, in the order of people and items."""
        cursor = self._connection.cursor(row_factory=class_row(Given))
        return cursor.execute(
            f"SELECT {_GIVEN} FROM phr.bulk_given WHERE recipient = %s AND purpose = %s AND type = %s"
            " AND (gone_at IS NULL OR gone_at > %s) AND (person_id, item) > (%s, %s)"
            " AND (%s::uuid[] IS NULL OR person_id = ANY (%s::uuid[])) ORDER BY person_id, item LIMIT %s",
            (*key, kind, since, *place, people, people, limit),
        ).fetchall()

    def end(self, key: tuple[str, str], rows: Sequence[Given], at: datetime) -> None:
        """Notes that these are gone; the first such instant stays."""
        if rows:
            self._connection.execute(
                "UPDATE phr.bulk_given g SET gone_at = %s"
                " FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS w (person, type, item)"
                " WHERE g.person_id = w.person AND g.type = w.type AND g.item = w.item AND g.recipient = %s"
                " AND g.purpose = %s AND g.gone_at IS NULL",
                (
                    at,
                    [one.person_id for one in rows],
                    [one.type for one in rows],
                    [one.item for one in rows],
                    *key,
                ),
            )
