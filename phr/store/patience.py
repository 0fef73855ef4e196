"""Patience of migrations: short waits for locks, again and again, so that nobody's request queues behind a migration."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.exc import DBAPIError

from phr.errors import Busy

LOCK_MILLISECONDS: Final = 500
"""What a request may wait behind a migration that waits for somebody else; then the migration steps back."""
STATEMENT_SECONDS: Final = 5
"""What one statement of a migration may take while it holds a lock; more belongs into batches, or beside the service."""
_TRIES: Final = 60
_LONGEST: Final = 5.0  # seconds between two tries; together they are about five minutes


def pauses() -> Iterator[float]:
    """Seconds between tries: they double, up to five."""
    pause = 0.1
    for _ in range(_TRIES):
        yield pause
        pause = min(2 * pause, _LONGEST)


def patiently(step: Callable[[], None], sleep: Callable[[float], None] = time.sleep) -> None:
    """Does a step that can be done again, until it gets its locks. Raises Busy when it does not within minutes."""
    for pause in pauses():
        try:
            step()
        except (psycopg.Error, DBAPIError) as error:
            if not _waited(error):
                raise
            sleep(pause)
        else:
            return
    raise Busy(
        "a table that the migration changes is never free; end long reports and exports, and run phr migrate again"
    )


def _waited(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected)


def take_turn(
    connection: psycopg.Connection[TupleRow], lock: int, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Waits for a lock of the whole database by asking for it.

    A statement that waits for it inside the server would be a transaction that CREATE INDEX CONCURRENTLY of the process
    whose turn it is waits for: each would wait for the other, for ever.
    """
    while True:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock,)).fetchone()
        connection.commit()
        if row is not None and row[0]:
            return
        sleep(0.1)
