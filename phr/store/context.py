"""The sealed context of a transaction: set once, accepted by the policies only with a valid keyed hash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.access import Access
from phr.domain.keys import derive, pads, seal
from phr.store import wire

_USE: Final = "context-seal"
_LIFE_SECONDS: Final = 900


class Sealer:
    """Seals contexts with the newest secret; the database accepts all that it was given at migration."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._key = derive(secrets[0], _USE)
        self._all = [derive(secret, _USE) for secret in secrets]

    def rows(self) -> list[tuple[str, bytes, bytes]]:
        """Key id and padded keys for the private table, newest first."""
        return [(seal(key, "id")[:16], *pads(key)) for key in self._all]

    def open(
        self, connection: psycopg.Connection[TupleRow], access: Access, locked: UUID | None = None
    ) -> int:
        """Begins the transaction with a context; gives the start instant that the seal is bound to.

        locked: whose measurements are written, so that nobody else writes them meanwhile.
        """
        started = wire.begin(connection)
        self.put(connection, access, started, locked)
        return started

    def put(
        self,
        connection: psycopg.Connection[TupleRow],
        access: Access,
        started: int,
        locked: UUID | None = None,
    ) -> None:
        """Sets another context in the same transaction."""
        waits = "" if locked is None else str(locked)
        wire.put_context(connection, *self._sealed(connection, access, started), waits)

    def words(self, connection: psycopg.Connection[TupleRow], access: Access, started: int) -> bytes:
        """The statement that sets another context in the same transaction, for a text of several."""
        return wire.context_words(connection, *self._sealed(connection, access, started))

    def _sealed(
        self, connection: psycopg.Connection[TupleRow], access: Access, started: int
    ) -> tuple[str, str]:
        now = max(
            int(time.time()), started // 1_000_000
        )  # the server's clock judges it, and may be ahead of ours
        payload = access.payload(connection.pgconn.backend_pid, started, now + _LIFE_SECONDS)
        return payload, seal(self._key, payload)
