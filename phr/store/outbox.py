"""The outbox: letters for outside, written with the decision and delivered at least once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from sqlalchemy import ColumnElement, literal_column, true
from sqlmodel import Session, col, select, update

from phr.store.tables import Outbox as OutboxRow

_SEVERITY: Final = "severity"
"""What the letter of an alarm says, and of an alarm that nobody answered; no other letter says it."""
_WAITING: Final[ColumnElement[str]] = literal_column("'waiting'")
"""Written out and not bound: a plan that is kept for any value cannot use the indexes of the letters that wait."""


class Outbox:
    """The letters that the transaction's context may post, see or deliver."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def post(
        self, person: UUID, letter: UUID, kind: str, key: str, payload: dict[str, Any], now: datetime
    ) -> bool:
        """Posts a letter once for its key; tells whether it was new."""
        done = self._connection.execute(
            "INSERT INTO phr.outbox"
            " (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at, urgent)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (person, letter, kind, key, Jsonb(payload), now, now, _SEVERITY in payload),
        )
        return done.rowcount == 1

    def due(
        self,
        now: datetime,
        limit: int = 100,
        kind: str | None = None,
        *,
        lost: bool | None = None,
        urgent: bool = False,
    ) -> Sequence[OutboxRow]:
        """Letters to deliver now, oldest first, locked for this transaction and skipped by others.

        lost: only those whose last delivery ended without a word, or only the others; None is both. urgent: only those
        of alarms, which an index of their own finds among any number.
        """
        where = [col(OutboxRow.state) == _WAITING, col(OutboxRow.next_at) <= now]
        if kind is not None:
            where.append(col(OutboxRow.kind) == kind)
        if urgent:
            where.append(col(OutboxRow.urgent) == true())
        if lost is not None:
            where.append(col(OutboxRow.lost) > 0 if lost else col(OutboxRow.lost) == 0)
        query = select(OutboxRow).where(*where).order_by(col(OutboxRow.created_at)).limit(limit)
        return self._session.exec(query.with_for_update(skip_locked=True)).all()

    def lease(self, letters: Sequence[OutboxRow], until: datetime) -> None:
        """Keeps letters from other workers until a moment, and counts the try now: whoever dies in it tells nobody."""
        self._connection.execute(
            "UPDATE phr.outbox o SET next_at = %s, attempts = o.attempts + 1, lost = o.lost + 1"
            " FROM unnest(%s::uuid[], %s::uuid[]) AS l (person_id, outbox_id)"
            " WHERE o.person_id = l.person_id AND o.outbox_id = l.outbox_id",
            (until, [one.person_id for one in letters], [one.outbox_id for one in letters]),
        )

    def give_back(self, letters: Sequence[OutboxRow], now: datetime) -> None:
        """Takes back a lease of letters that nobody tried: they are due as before, and their try does not count."""
        self._connection.execute(
            "UPDATE phr.outbox o SET next_at = %s, attempts = l.attempts, lost = l.lost"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[]) AS l (person_id, outbox_id, attempts, lost)"
            " WHERE o.person_id = l.person_id AND o.outbox_id = l.outbox_id AND o.state = 'waiting'",
            (
                now,
                [one.person_id for one in letters],
                [one.outbox_id for one in letters],
                [one.attempts for one in letters],
                [one.lost for one in letters],
            ),
        )

    def hurry(self, now: datetime) -> int:
        """Makes every letter due that waits for a later moment; says how many."""
        return self._connection.execute(
            "UPDATE phr.outbox SET next_at = %s WHERE state = 'waiting' AND next_at > %s", (now, now)
        ).rowcount

    def held(self, letter: OutboxRow, why: str, until: datetime) -> None:
        """Notes that a letter waits for something else, which is no failure of its own and does not count as a try."""
        self._connection.execute(
            "UPDATE phr.outbox SET last_error = %s, next_at = %s, attempts = %s, lost = 0"
            " WHERE person_id = %s AND outbox_id = %s AND state = 'waiting'",
            (why[:300], until, letter.attempts, letter.person_id, letter.outbox_id),
        )

    def delivered(self, receipts: Sequence[tuple[OutboxRow, str]], now: datetime) -> None:
        """Notes deliveries and what the other side answered, of letters that still wait."""
        letters = [letter for letter, _ in receipts]
        self._connection.execute(
            "UPDATE phr.outbox o SET state = 'delivered', receipt = l.receipt, delivered_at = %(now)s, last_error = '',"
            " next_at = %(now)s, attempts = l.attempts + 1, lost = 0"
            " FROM unnest(%(persons)s::uuid[], %(letters)s::uuid[], %(receipts)s::text[], %(attempts)s::int[])"
            " AS l (person_id, outbox_id, receipt, attempts)"
            " WHERE o.person_id = l.person_id AND o.outbox_id = l.outbox_id AND o.state = 'waiting'",
            {
                "now": now,
                "persons": [one.person_id for one in letters],
                "letters": [one.outbox_id for one in letters],
                "receipts": [receipt for _, receipt in receipts],
                "attempts": [one.attempts for one in letters],
            },
        )

    def failed(self, letter: OutboxRow, error: str, now: datetime, retry: timedelta | None) -> None:
        """Notes a failure: tried again later, or dead and waiting for a person when there is no retry.

        A letter that does not wait any more stays as it is: a slow worker never undoes what a quicker one has noted.
        """
        self._session.execute(
            update(OutboxRow)
            .where(
                col(OutboxRow.person_id) == letter.person_id,
                col(OutboxRow.outbox_id) == letter.outbox_id,
                col(OutboxRow.state) == "waiting",
            )
            .values(
                state="dead" if retry is None else "waiting",
                receipt="",
                delivered_at=None,
                last_error=error[:300],
                next_at=now + (retry or timedelta()),
                attempts=letter.attempts + 1,
                lost=0,
            )
        )

    def set_aside(self, letter: OutboxRow, why: str, now: datetime) -> None:
        """Gives up a letter that was not even tried now; its tries were counted when they began."""
        self._connection.execute(
            "UPDATE phr.outbox SET state = 'dead', last_error = %s, next_at = %s, lost = 0"
            " WHERE person_id = %s AND outbox_id = %s AND state = 'waiting'",
            (why[:300], now, letter.person_id, letter.outbox_id),
        )

    def revive(self, letter: UUID, now: datetime) -> bool:
        """Lets a dead letter be tried again."""
        done = self._connection.execute(
            "UPDATE phr.outbox SET state = 'waiting', next_at = %s, attempts = 0 WHERE outbox_id = %s AND state = 'dead'",
            (now, letter),
        )
        return done.rowcount == 1

    def states(self) -> dict[str, tuple[int, datetime]]:
        """Number and oldest creation time of letters in each state."""
        rows = self._connection.execute(
            "SELECT state, count(*), min(created_at) FROM phr.outbox GROUP BY state ORDER BY state"
        ).fetchall()
        return {row[0]: (int(row[1]), row[2]) for row in rows}

    def listed(self, state: str | None = None, limit: int = 200) -> Sequence[OutboxRow]:
        """Letters, newest first."""
        query = select(OutboxRow).order_by(col(OutboxRow.created_at).desc()).limit(limit)
        return self._session.exec(query if state is None else query.where(OutboxRow.state == state)).all()
