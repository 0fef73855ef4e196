"""Whose turn it is: one process of all holds a lock of the database, for as long as its connection lives."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from phr.store.engine import Connect

SCHEDULE: Final = 4_207_849_485
"""The lock of the schedule; locks belong to one database, so that cities on one server do not wait for each other."""
_SILENCE_SECONDS: Final = 15


class Turn:
    """A lock that the server gives to one connection at a time.

    The holder says something each second. The server itself ends a connection that is silent for fifteen: a machine
    without power, a frozen process and a cut cable lose the turn like a process that was killed.
    """

    def __init__(self, connect: Connect, lock: int, silence: int = _SILENCE_SECONDS) -> None:
        self._connect = connect
        self._lock = lock
        self._silence = silence
        self._connection: psycopg.Connection[TupleRow] | None = None
        self._held = False

    def mine(self) -> bool:
        """Whether it is this process's turn now. Without an answer of the database it is nobody's."""
        try:
            connection = self._connection or self._opened()
            if self._held:
                connection.execute("SELECT 1")
            else:
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,)).fetchone()
                self._held = row is not None and bool(row[0])
        except psycopg.Error:
            self.give_back()
        return self._held

    def _opened(self) -> psycopg.Connection[TupleRow]:
        connection = self._connect()
        self._connection = connection
        connection.autocommit = True
        connection.execute("SELECT set_config('idle_session_timeout', %s, false)", (f"{self._silence}s",))
        return connection

    def give_back(self) -> None:
        """Lets the next one have the turn; it may be asked for again."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is None:
            return
        with suppress(psycopg.Error):  # said, since the server notices the end of a connection a moment later
            connection.execute("SELECT pg_advisory_unlock_all()")
        with suppress(psycopg.Error):
            connection.close()
