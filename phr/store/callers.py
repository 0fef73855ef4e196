"""Who calls, asked with every request: one statement for a secret's session and its account, and no objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.store import wire

_HOLDER: Final = (
    b"SELECT a.account_id, a.subject, a.role, a.person_id, a.recipient, a.display, s.purpose, s.scope, s.csrf, s.shared,"
    b" s.acting_for, s.started_at, s.seen_at, s.expires_at FROM phr.session s JOIN phr.account a USING (account_id)"
    b" WHERE s.session_hash = $1 AND s.kind = $2 AND s.expires_at > $3 AND s.revoked_at IS NULL AND NOT a.disabled"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A live session or token with the account that holds it."""

    account: UUID
    subject: str
    role: str
    person: UUID | None
    recipient: str
    display: str
    purpose: str
    scope: str
    csrf: str
    shared: bool
    acting_for: UUID | None
    started_at: datetime
    seen_at: datetime
    expires_at: datetime


class Callers:
    """The holders of secrets."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def holder(self, session_hash: str, kind: str, now: datetime) -> Holder | None:
        """Who holds the secret with this hash, while it lives and its account is not disabled."""
        found = wire.rows(self._connection, _HOLDER, (session_hash, kind, now))
        return Holder(*found[0]) if found else None

    def touch(self, session_hash: str, now: datetime, expires: datetime) -> None:
        """Notes that a session was used, and when it will now end."""
        self._connection.execute(
            "UPDATE phr.session SET seen_at = %s, expires_at = %s WHERE session_hash = %s",
            (now, expires, session_hash),
        )
