"""The sealed context of a transaction: set once, accepted by the policies only with a valid keyed hash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow

from phr.domain.access import Access
from phr.domain.keys import derive, pads, seal

_USE: Final = "context-seal"
_LIFE_SECONDS: Final = 900
_START: Final = "SELECT (extract(epoch FROM now()) * 1000000)::bigint"
_SET: Final = "SELECT set_config('phr.context', %s, true), set_config('phr.seal', %s, true)"


class Sealer:
    """Seals contexts with the newest secret; the database accepts all that it was given at migration."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._key = derive(secrets[0], _USE)
        self._all = [derive(secret, _USE) for secret in secrets]

    def rows(self) -> list[tuple[str, bytes, bytes]]:
        """Key id and padded keys for the private table, newest first."""
        return [(seal(key, "id")[:16], *pads(key)) for key in self._all]

    def open(self, connection: psycopg.Connection[TupleRow], access: Access) -> int:
        """Begins the transaction with a context; gives the start instant that the seal is bound to."""
        row: Any = connection.execute(_START).fetchone()
        started = int(row[0])
        self.put(connection, access, started)
        return started

    def put(self, connection: psycopg.Connection[TupleRow], access: Access, started: int) -> None:
        """Sets another context in the same transaction."""
        payload = access.payload(connection.info.backend_pid, started, int(time.time()) + _LIFE_SECONDS)
        connection.execute(_SET, (payload, seal(self._key, payload)))
