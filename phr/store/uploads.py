"""Uploads: the rows of files that people send, their leases, and their counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

_COLUMNS: Final = (
    "person_id, upload_id, name, size, fingerprint, sha256, received, state, format, done, total, stored, repeated,"
    " conflicts, quarantined, refused, documents, rejected, error, attempts, created_at, updated_at, expires_at"
)
_OPEN: Final = "state IN ('receiving', 'waiting', 'reading')"


@dataclass(frozen=True, slots=True)
class Sent:
    """One file as it stands."""

    person_id: UUID
    upload_id: UUID
    name: str
    size: int
    fingerprint: str
    sha256: str
    received: int
    state: str
    format: str
    done: int
    total: int
    stored: int
    repeated: int
    conflicts: int
    quarantined: int
    refused: int
    documents: int
    rejected: dict[str, int]
    error: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a part of a file."""

    stored: int = 0
    repeated: int = 0
    conflicts: int = 0
    quarantined: int = 0
    refused: int = 0
    documents: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Announced:
    """A file that is to come."""

    name: str
    size: int
    fingerprint: str = ""
    sha256: str = ""


class Uploads:
    """The uploads that the transaction's context may see or work on."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def _rows(self, where: str, *values: Any) -> list[Sent]:
        cursor = self._connection.cursor(row_factory=class_row(Sent))
        return cursor.execute(f"SELECT {_COLUMNS} FROM phr.upload WHERE {where}", values).fetchall()

    def one(self, person: UUID, upload: UUID) -> Sent | None:
        """One of a person's files."""
        return next(iter(self._rows("person_id = %s AND upload_id = %s", person, upload)), None)

    def of_person(self, person: UUID, limit: int) -> list[Sent]:
        """A person's files, newest first."""
        return self._rows("person_id = %s ORDER BY created_at DESC, upload_id LIMIT %s", person, limit)

    def open_of(self, person: UUID) -> list[Sent]:
        """A person's files that are on their way."""
        return self._rows(f"person_id = %s AND {_OPEN} ORDER BY created_at", person)

    def everybody(self) -> list[Sent]:
        """All files that are on their way, the longest waiting first."""
        return self._rows(f"{_OPEN} ORDER BY created_at, upload_id")

    def due(self, now: datetime, limit: int) -> list[Sent]:
        """Files that wait to be read, and those whose worker was lost."""
        return self._rows(
            "(state = 'waiting' OR (state = 'reading' AND lease_until <= %s)) ORDER BY created_at LIMIT %s",
            now,
            limit,
        )

    def begin(self, person: UUID, upload: UUID, new: Announced, now: datetime, keep: datetime) -> None:
        """A new file that is to come; a second one at once is refused by the index."""
        self._connection.execute(
            "INSERT INTO phr.upload (person_id, upload_id, name, size, fingerprint, sha256, created_at, updated_at,"
            " expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (person, upload, new.name, new.size, new.fingerprint, new.sha256, now, now, keep),
        )

    def advance(
        self, person: UUID, upload: UUID, before: int, after: int, now: datetime, keep: datetime
    ) -> bool:
        """Notes how much has come; False when somebody else sent meanwhile, or it was ended."""
        done = self._connection.execute(
            "UPDATE phr.upload SET received = %s, updated_at = %s, expires_at = %s"
            " WHERE person_id = %s AND upload_id = %s AND state = 'receiving' AND received = %s",
            (after, now, keep, person, upload, before),
        )
        return done.rowcount == 1

    def resize(self, person: UUID, upload: UUID, size: int) -> None:
        """The size that a file turned out to have, where its sender could not say."""
        self._connection.execute(
            "UPDATE phr.upload SET size = %s, received = %s"
            " WHERE person_id = %s AND upload_id = %s AND state = 'receiving'",
            (size, size, person, upload),
        )

    def turn(
        self,
        person: UUID,
        upload: UUID,
        states: tuple[str, str],
        now: datetime,
        *,
        error: str = "",
        name: str = "",
    ) -> bool:
        """From one state to the next, by whoever comes first; gives back the lease. name: the format, once known."""
        done = self._connection.execute(
            "UPDATE phr.upload SET state = %s, error = %s, format = CASE WHEN %s = '' THEN format ELSE %s END,"
            " updated_at = %s, lease = NULL, lease_until = NULL"
            " WHERE person_id = %s AND upload_id = %s AND state = %s",
            (states[1], error, name, name, now, person, upload, states[0]),
        )
        return done.rowcount == 1

    def claim(self, person: UUID, upload: UUID, lease: UUID, now: datetime, until: datetime) -> Sent | None:
        """Takes a file to read it; None while another worker has it."""
        cursor = self._connection.cursor(row_factory=class_row(Sent))
        return cursor.execute(
            "UPDATE phr.upload SET state = 'reading', lease = %s, lease_until = %s, attempts = attempts + 1,"
            " updated_at = %s WHERE person_id = %s AND upload_id = %s"
            " AND (state = 'waiting' OR (state = 'reading' AND lease_until <= %s))"
            f" RETURNING {_COLUMNS}",
            (lease, until, now, person, upload, now),
        ).fetchone()

    def hold(
        self,
        person: UUID,
        upload: UUID,
        lease: UUID,
        until: datetime,
        progress: tuple[int, int] | None = None,
    ) -> bool:
        """Keeps the lease, and notes bytes done and their total; False when it was ended or taken over."""
        done, total = progress or (None, None)
        row = self._connection.execute(
            "UPDATE phr.upload SET lease_until = %s, done = coalesce(%s, done), total = coalesce(%s, total)"
            " WHERE person_id = %s AND upload_id = %s AND state = 'reading' AND lease = %s",
            (until, done, total, person, upload, lease),
        )
        return row.rowcount == 1

    def add(self, person: UUID, upload: UUID, counted: Counted) -> None:
        """Adds what became of a part, also of a file that was ended meanwhile."""
        row: Any = self._connection.execute(
            "SELECT rejected FROM phr.upload WHERE person_id = %s AND upload_id = %s FOR UPDATE",
            (person, upload),
        ).fetchone()
        before: dict[str, int] = {} if row is None else row[0]
        rejected = {
            reason: before.get(reason, 0) + counted.rejected.get(reason, 0)
            for reason in {*before, *counted.rejected}
        }
        self._connection.execute(
            "UPDATE phr.upload SET stored = stored + %s, repeated = repeated + %s, conflicts = conflicts + %s,"
            " quarantined = quarantined + %s, refused = refused + %s, documents = documents + %s, rejected = %s"
            " WHERE person_id = %s AND upload_id = %s",
            (
                counted.stored,
                counted.repeated,
                counted.conflicts,
                counted.quarantined,
                counted.refused,
                counted.documents,
                Jsonb(rejected),
                person,
                upload,
            ),
        )

    def release(
        self, person: UUID, upload: UUID, lease: UUID, outcome: tuple[str, str], now: datetime
    ) -> bool:
        """Gives the file back with what became of it: state and error word."""
        state, error = outcome
        row = self._connection.execute(
            "UPDATE phr.upload SET state = %s, error = %s, lease = NULL, lease_until = NULL, updated_at = %s,"
            " done = CASE WHEN %s = 'done' THEN total ELSE done END"
            " WHERE person_id = %s AND upload_id = %s AND state = 'reading' AND lease = %s",
            (state, error, now, state, person, upload, lease),
        )
        return row.rowcount == 1

    def end_all(self, person: UUID, error: str, now: datetime) -> list[UUID]:
        """Ends everything of a person that is on its way; whoever reads has lost the lease. Gives which."""
        rows = self._connection.execute(
            f"UPDATE phr.upload SET state = 'failed', error = %s, updated_at = %s, lease = NULL, lease_until = NULL"
            f" WHERE person_id = %s AND {_OPEN} RETURNING upload_id",
            (error, now, person),
        ).fetchall()
        return [row[0] for row in rows]
