"""Connections to a person's data cloud: state, lease, sealed tokens, bookmarks, authorisations under way, notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

_COLUMNS: Final = (
    "person_id, provider, state, generation, user_hash, scopes_asked, scopes_granted, connected_at, last_success_at,"
    " last_error, failures, received, refused, rejected, quarantined, next_at, lease"
)


@dataclass(frozen=True, slots=True)
class Linked:
    """One connection as it stands."""

    person_id: UUID
    provider: str
    state: str
    generation: UUID
    user_hash: str
    scopes_asked: list[str]
    scopes_granted: list[str]
    connected_at: datetime
    last_success_at: datetime | None
    last_error: str
    failures: int
    received: int
    refused: int
    rejected: int
    quarantined: int
    next_at: datetime
    lease: UUID | None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one kind of data was read, by whoever holds the lease."""

    provider: str
    lease: UUID
    data_type: str
    mark: Any


@dataclass(frozen=True, slots=True)
class Attempt:
    """An authorisation that was under way."""

    scopes: list[str]
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that was not yet read."""

    key: str
    body: Any
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round of reading ended with; ``error`` is a word, empty after success."""

    next_at: datetime
    success_at: datetime | None
    error: str = ""
    received: int = 0
    refused: int = 0
    rejected: int = 0
    quarantined: int = 0


class Connections:
    """The connections that the transaction's context may see or work on."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def of(self, person: UUID, provider: str) -> Linked | None:
        """A person's connection."""
        cursor = self._connection.cursor(row_factory=class_row(Linked))
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM phr.cloud_connection WHERE person_id = %s AND provider = %s",
            (person, provider),
        ).fetchone()

    def due(self, provider: str, now: datetime, limit: int) -> list[UUID]:
        """Whose connections are to be read now, the longest waiting first."""
        rows = self._connection.execute(
            "SELECT person_id FROM phr.cloud_connection WHERE provider = %s AND state = 'connected' AND next_at <= %s"
            " AND (lease IS NULL OR lease_until <= %s) ORDER BY next_at LIMIT %s",
            (provider, now, now, limit),
        ).fetchall()
        return [row[0] for row in rows]

    def everybody(self, provider: str) -> list[UUID]:
        """Everybody who ever connected."""
        rows = self._connection.execute(
            "SELECT person_id FROM phr.cloud_connection WHERE provider = %s ORDER BY person_id", (provider,)
        ).fetchall()
        return [row[0] for row in rows]

    def people_of(self, provider: str, user_hashes: Sequence[str]) -> dict[str, list[UUID]]:
        """Whose connections belong to these users of the cloud."""
        rows = self._connection.execute(
            "SELECT user_hash, person_id FROM phr.cloud_connection WHERE provider = %s AND user_hash = ANY (%s)"
            " AND state = 'connected' ORDER BY 1, 2",
            (provider, list(user_hashes)),
        ).fetchall()
        found: dict[str, list[UUID]] = {}
        for user_hash, person in rows:
            found.setdefault(user_hash, []).append(person)
        return found

    def connect(
        self,
        person: UUID,
        provider: str,
        generation: UUID,
        user_hash: str,
        scopes: tuple[Sequence[str], Sequence[str]],
        now: datetime,
    ) -> None:
        """Begins a connection, or renews one: scopes asked and granted. Counts of an earlier one stay."""
        self._connection.execute(
            "INSERT INTO phr.cloud_connection (person_id, provider, state, generation, user_hash, scopes_asked,"
            " scopes_granted, connected_at, next_at, updated_at)"
            " VALUES (%s, %s, 'connected', %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (person_id, provider) DO UPDATE SET state = 'connected', generation = excluded.generation,"
            " user_hash = excluded.user_hash, scopes_asked = excluded.scopes_asked,"
            " scopes_granted = excluded.scopes_granted, connected_at = excluded.connected_at, last_error = '',"
            " failures = 0, next_at = excluded.next_at, lease = NULL, lease_until = NULL,"
            " updated_at = excluded.updated_at",
            (person, provider, generation, user_hash, list(scopes[0]), list(scopes[1]), now, now, now),
        )

    def end(self, person: UUID, provider: str, state: str, now: datetime, error: str = "") -> None:
        """Sets a state in which nothing is read; whoever reads at this moment has lost its lease."""
        self._connection.execute(
            "UPDATE phr.cloud_connection SET state = %s, last_error = %s, lease = NULL, lease_until = NULL,"
            " updated_at = %s WHERE person_id = %s AND provider = %s",
            (state, error, now, person, provider),
        )

    def claim(
        self, person: UUID, provider: str, lease: UUID, now: datetime, until: datetime
    ) -> Linked | None:
        """Takes the lease of a connected connection; None while another holds it."""
        cursor = self._connection.cursor(row_factory=class_row(Linked))
        return cursor.execute(
            "UPDATE phr.cloud_connection SET lease = %s, lease_until = %s, updated_at = %s"
            " WHERE person_id = %s AND provider = %s AND state = 'connected'"
            f" AND (lease IS NULL OR lease_until <= %s) RETURNING {_COLUMNS}",
            (lease, until, now, person, provider, now),
        ).fetchone()

    def hold(self, person: UUID, provider: str, lease: UUID, until: datetime) -> bool:
        """Keeps the lease; False when the connection was paused, ended or taken over."""
        done = self._connection.execute(
            "UPDATE phr.cloud_connection SET lease_until = %s"
            " WHERE person_id = %s AND provider = %s AND state = 'connected' AND lease = %s",
            (until, person, provider, lease),
        )
        return done.rowcount == 1

    def release(self, person: UUID, provider: str, lease: UUID, outcome: Outcome) -> bool:
        """Gives the lease back with what became of the round."""
        done = self._connection.execute(
            "UPDATE phr.cloud_connection SET lease = NULL, lease_until = NULL, next_at = %s,"
            " last_success_at = coalesce(%s, last_success_at), last_error = %s,"
            " failures = CASE WHEN %s = '' THEN 0 ELSE failures + 1 END,"
            " received = received + %s, refused = refused + %s, rejected = rejected + %s,"
            " quarantined = quarantined + %s WHERE person_id = %s AND provider = %s AND lease = %s",
            (
                outcome.next_at,
                outcome.success_at,
                outcome.error,
                outcome.error,
                outcome.received,
                outcome.refused,
                outcome.rejected,
                outcome.quarantined,
                person,
                provider,
                lease,
            ),
        )
        return done.rowcount == 1

    def wake(self, person: UUID, provider: str, now: datetime) -> None:
        """Makes a connection due."""
        self._connection.execute(
            "UPDATE phr.cloud_connection SET next_at = least(next_at, %s) WHERE person_id = %s AND provider = %s",
            (now, person, provider),
        )

    def secret(self, person: UUID, provider: str, generation: UUID) -> bytes | None:
        """The sealed tokens of one authorisation, while they exist; locked for this transaction."""
        row: Any = self._connection.execute(
            "SELECT sealed FROM phr.cloud_secret WHERE person_id = %s AND provider = %s AND generation = %s FOR UPDATE",
            (person, provider, generation),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def secrets(self, person: UUID, provider: str) -> list[tuple[UUID, bytes]]:
        """Every authorisation of a person whose tokens exist."""
        rows = self._connection.execute(
            "SELECT generation, sealed FROM phr.cloud_secret WHERE person_id = %s AND provider = %s"
            " ORDER BY generation FOR UPDATE",
            (person, provider),
        ).fetchall()
        return [(row[0], bytes(row[1])) for row in rows]

    def put_secret(self, person: UUID, provider: str, generation: UUID, sealed: bytes, now: datetime) -> None:
        """Keeps the sealed tokens of an authorisation."""
        self._connection.execute(
            "INSERT INTO phr.cloud_secret (person_id, provider, generation, sealed, updated_at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (person_id, provider, generation)"
            " DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at",
            (person, provider, generation, sealed, now),
        )

    def destroy_secret(self, person: UUID, provider: str, generation: UUID) -> None:
        """Destroys the tokens of an authorisation."""
        self._connection.execute(
            "DELETE FROM phr.cloud_secret WHERE person_id = %s AND provider = %s AND generation = %s",
            (person, provider, generation),
        )

    def rehash(self, person: UUID, provider: str, generation: UUID, user_hash: str) -> None:
        """The hash under the newest key, so that the older keys can be dropped."""
        self._connection.execute(
            "UPDATE phr.cloud_connection SET user_hash = %s WHERE person_id = %s AND provider = %s AND generation = %s",
            (user_hash, person, provider, generation),
        )

    def bookmarks(self, person: UUID, provider: str) -> dict[str, Any]:
        """How far each kind of data was read."""
        rows = self._connection.execute(
            "SELECT data_type, mark FROM phr.cloud_bookmark WHERE person_id = %s AND provider = %s ORDER BY 1",
            (person, provider),
        ).fetchall()
        return {row[0]: row[1] for row in rows}

    def forget_bookmarks(self, person: UUID, provider: str) -> None:
        """Another account of the cloud is read from its beginning."""
        self._connection.execute(
            "DELETE FROM phr.cloud_bookmark WHERE person_id = %s AND provider = %s", (person, provider)
        )

    def move(self, person: UUID, mark: Mark, now: datetime) -> bool:
        """Moves a bookmark in the transaction that stores what was read; False when the lease is no longer held."""
        done = self._connection.execute(
            "INSERT INTO phr.cloud_bookmark (person_id, provider, data_type, mark, updated_at)"
            " SELECT c.person_id, c.provider, %s, %s, %s FROM phr.cloud_connection c"
            " WHERE c.person_id = %s AND c.provider = %s AND c.state = 'connected' AND c.lease = %s"
            " ON CONFLICT (person_id, provider, data_type)"
            " DO UPDATE SET mark = excluded.mark, updated_at = excluded.updated_at",
            (mark.data_type, Jsonb(mark.mark), now, person, mark.provider, mark.lease),
        )
        return done.rowcount == 1

    def put_attempt(
        self,
        person: UUID,
        provider: str,
        hashes: tuple[str, str],
        attempt: Attempt,
        expires_at: datetime,
    ) -> None:
        """Notes an authorisation under way (hashes of its state and of the session); the newest one counts."""
        self._connection.execute(
            "DELETE FROM phr.cloud_attempt WHERE person_id = %s AND provider = %s", (person, provider)
        )
        self._connection.execute(
            "INSERT INTO phr.cloud_attempt (person_id, state_hash, session_hash, provider, scopes, sealed, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            (person, *hashes, provider, attempt.scopes, attempt.sealed, expires_at),
        )

    def take_attempt(
        self, person: UUID, provider: str, hashes: tuple[str, str], now: datetime
    ) -> Attempt | None:
        """The authorisation of this state and session, once and before it expires."""
        row: Any = self._connection.execute(
            "DELETE FROM phr.cloud_attempt WHERE person_id = %s AND provider = %s AND state_hash = %s"
            " AND session_hash = %s AND expires_at > %s RETURNING scopes, sealed",
            (person, provider, *hashes, now),
        ).fetchone()
        return None if row is None else Attempt(list(row[0]), bytes(row[1]))

    def note(
        self, person: UUID, provider: str, key: str, body: Mapping[str, Any], received_at: datetime
    ) -> bool:
        """Keeps a notice until it is read; the same one while it waits is one. Tells whether it was new."""
        row: Any = self._connection.execute(
            "INSERT INTO phr.cloud_notice (person_id, provider, notice_key, body, received_at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (person_id, provider, notice_key)"
            " DO UPDATE SET received_at = greatest(cloud_notice.received_at, excluded.received_at)"
            " RETURNING xmax = 0",
            (person, provider, key, Jsonb(dict(body)), received_at),
        ).fetchone()
        return bool(row[0])

    def notices(self, person: UUID, provider: str, limit: int = 500) -> list[Waiting]:
        """Notices that wait, oldest first."""
        rows = self._connection.execute(
            "SELECT notice_key, body, received_at FROM phr.cloud_notice WHERE person_id = %s AND provider = %s"
            " ORDER BY received_at, notice_key LIMIT %s",
            (person, provider, limit),
        ).fetchall()
        return [Waiting(row[0], row[1], row[2]) for row in rows]

    def handled(self, person: UUID, provider: str, notices: Sequence[Waiting]) -> None:
        """Forgets notices that were read, but for those that came again meanwhile."""
        self._connection.cursor().executemany(
            "DELETE FROM phr.cloud_notice WHERE person_id = %s AND provider = %s AND notice_key = %s"
            " AND received_at <= %s",
            [(person, provider, each.key, each.received_at) for each in notices],
        )

    def forget_notices(self, person: UUID, provider: str) -> None:
        """Forgets every notice of a connection that has ended."""
        self._connection.execute(
            "DELETE FROM phr.cloud_notice WHERE person_id = %s AND provider = %s", (person, provider)
        )
