"""What a change of consent stopped: counts by kind, releases that were called back, messages and letters, and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow


@dataclass(frozen=True, slots=True)
class Effect:
    """What one version of a consent did, of one kind."""

    consent_id: str
    version: int
    kind: str
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CalledBack:
    """A release that the person was in when they withdrew; told_at: when the recipient was told."""

    release_id: str
    recipient: str
    at: datetime
    told_at: datetime | None


class ConsentEffects:
    """What a context of the consents, or the person, may reach of them."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def note(self, person: UUID, consent: str, version: int, counts: Mapping[str, int], at: datetime) -> None:
        """Keeps what a version did; the first note of a kind stays."""
        self._connection.cursor().executemany(
            "INSERT INTO phr.consent_effect (person_id, consent_id, version, kind, count, at)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(person, consent, version, kind, count, at) for kind, count in sorted(counts.items())],
        )

    def of_person(self, person: UUID) -> list[Effect]:
        """Everything that a person's consents stopped."""
        rows = self._connection.execute(
            "SELECT consent_id, version, kind, count, at FROM phr.consent_effect WHERE person_id = %s"
            " ORDER BY consent_id, version, kind",
            (person,),
        ).fetchall()
        return [Effect(*row) for row in rows]

    def held(self, person: UUID) -> list[tuple[str, str, list[tuple[str, int]]]]:
        """The releases with a person in them that were not called back: release, recipient, consents and versions."""
        rows = self._connection.execute(
            "SELECT m.release_id, m.recipient, m.consents FROM phr.release_member m WHERE m.person_id = %s"
            " AND NOT EXISTS (SELECT 1 FROM phr.release_tombstone t WHERE t.person_id = m.person_id"
            " AND t.release_id = m.release_id) ORDER BY m.release_id",
            (person,),
        ).fetchall()
        return [(row[0], row[1], [(str(one[0]), int(one[1])) for one in row[2]]) for row in rows]

    def call_back(self, person: UUID, release: str, recipient: str, now: datetime) -> bool:
        """Makes a release withdrawn and notes for whom; tells whether it could still be fetched before."""
        self._connection.execute(
            "INSERT INTO phr.release_tombstone (person_id, release_id, recipient, at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (person, release, recipient, now),
        )
        done = self._connection.execute(
            "UPDATE phr.release SET state = 'withdrawn' WHERE release_id = %s AND state = 'published'",
            (release,),
        )
        return done.rowcount == 1

    def called_back(self, person: UUID) -> list[CalledBack]:
        """The releases that were called back for a person, oldest first."""
        rows = self._connection.execute(
            "SELECT release_id, recipient, at, told_at FROM phr.release_tombstone WHERE person_id = %s ORDER BY at",
            (person,),
        ).fetchall()
        return [CalledBack(*row) for row in rows]

    def told(self, person: UUID, release: str, now: datetime) -> None:
        """Notes that the recipient was told."""
        self._connection.execute(
            "UPDATE phr.release_tombstone SET told_at = coalesce(told_at, %s) WHERE person_id = %s AND release_id = %s",
            (now, person, release),
        )

    def stop_messages(self, person: UUID, templates: Sequence[str]) -> int:
        """Stops the messages of these templates that wait to be sent."""
        done = self._connection.execute(
            "UPDATE phr.outbox SET state = 'stopped', last_error = 'no-consent' WHERE person_id = %s"
            " AND kind = 'message' AND state = 'waiting' AND payload ->> 'template' = ANY (%s)",
            (person, list(templates)),
        )
        return done.rowcount

    def waiting_messages(self, person: UUID) -> list[str]:
        """The templates of the messages that wait to be sent."""
        rows = self._connection.execute(
            "SELECT DISTINCT payload ->> 'template' FROM phr.outbox WHERE person_id = %s AND kind = 'message'"
            " AND state = 'waiting'",
            (person,),
        ).fetchall()
        return [str(row[0]) for row in rows]

    def letters_not_posted(self, person: UUID) -> list[tuple[str, datetime]]:
        """Letters that were made and not posted: the kind of data that each speaks of, and when it was made."""
        rows = self._connection.execute(
            "SELECT category, made_at FROM phr.letter WHERE person_id = %s AND state = 'made' ORDER BY made_at",
            (person,),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def texts(self) -> dict[str, str]:
        """The versions of the texts that were brought to the grants, with their sha256."""
        rows = self._connection.execute(
            "SELECT version, sha256 FROM phr.consent_text ORDER BY version"
        ).fetchall()
        return {row[0]: row[1] for row in rows}

    def text_applied(self, version: str, sha256: str, now: datetime) -> None:
        """Notes that every grant knows the ends of a version."""
        self._connection.execute(
            "INSERT INTO phr.consent_text (version, sha256, applied_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (version, sha256, now),
        )
