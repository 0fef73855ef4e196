"""Long reads from a standby: only when it has replayed everything that was acknowledged before the read began.

The fence is a place in the log of the primary, asked for when a read begins. A withdrawal that was acknowledged by then
lies before it, so a standby that has passed the place knows of it. Where the standby does not get there in time, the
primary answers. Audit rows are written at the primary, before the rows that were read are handed on.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.rows import TupleRow
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from phr import logs
from phr.domain.access import Access
from phr.errors import Busy
from phr.store.audit import Audit
from phr.store.context import Sealer
from phr.store.uow import Store, UnitOfWork

_PLACE: Final = (
    "SELECT pg_current_wal_flush_lsn()::text, ('x' || substr(pg_walfile_name(pg_current_wal_flush_lsn()), 1, 8))"
    "::bit(32)::int, (pg_control_system()).system_identifier WHERE NOT pg_is_in_recovery()"
    " AND current_setting('synchronous_commit') <> 'off'"
)
_PASSED: Final = (
    "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn, pg_is_in_recovery()"
    " AND (pg_control_checkpoint()).timeline_id = %s AND (pg_control_system()).system_identifier = %s"
)
_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a read waits for the standby, and seconds without it after it came late or failed."""

    waits: float = 2.0
    rests: float = 30.0


@dataclass(frozen=True, slots=True)
class _Fence:
    """A place in the log, its timeline, and whose log it is."""

    place: str
    timeline: int
    server: int


class _Diverted(UnitOfWork):
    """A unit of work at the standby, whose audit rows go to the primary."""

    def __init__(self, connection: Connection, sealer: Sealer, access: Access, primary: Store) -> None:
        super().__init__(connection, sealer, access)
        self._primary = primary

    def switch(self, access: Access) -> None:
        """The rows so far belong to the reason so far."""
        self._tell(self.access, [self.audit])
        self.audit = self.audit.another()
        super().switch(access)

    def commit_with(self, kept: Mapping[Access, Sequence[Audit]]) -> None:
        """Writes the audit rows at the primary; only then what was read counts."""
        for access, audits in {**kept, self.access: [self.audit, *kept.get(self.access, ())]}.items():
            self._tell(access, audits)
        self.audit = self.audit.another()
        super().commit_with({})

    def _tell(self, access: Access, audits: Sequence[Audit]) -> None:
        if not any(audit.pending for audit in audits):
            return
        with self._primary.begin(access) as uow:
            for audit in audits:
                uow.audit.take(audit)
            uow.commit()


class ReplicaStore(Store):
    """A store whose units of work read from the standby where the fence allows it, and else from the primary.

    Only for what reads. What a standby cannot do (to write, to lock) is no part of such a unit of work.
    """

    def __init__(
        self, primary: Store, engine: Engine, sealer: Sealer, patience: Patience | None = None
    ) -> None:
        super().__init__(engine, sealer)
        self._primary = primary
        self._patience = patience or Patience()
        self._until = 0.0
        self.reads = {"standby": 0, "primary": 0}

    @contextmanager
    def begin(self, access: Access, *, locked: UUID | None = None) -> Iterator[UnitOfWork]:
        """A unit of work for one caller and reason, at the standby if it knows all that was acknowledged."""
        opened = None if locked is not None else self._behind_the_fence(access)
        self.reads["primary" if opened is None else "standby"] += 1
        if opened is None:
            with self._primary.begin(access, locked=locked) as uow:
                yield uow
            return
        connection, uow = opened
        try:
            yield uow
        except (psycopg.Error, SQLAlchemyError) as error:
            # Recovery took back what the statement was reading, or the standby went away.
            self._rest(type(error).__name__)
            raise Busy("the standby does not answer", after_seconds=1) from None
        finally:
            _put_back(connection, uow)

    def _behind_the_fence(self, access: Access) -> tuple[Connection, UnitOfWork] | None:
        if time.monotonic() < self._until:
            return None
        fence = self._fence()
        if fence is None:
            return None
        try:
            connection = self._engine.connect()
        except (psycopg.Error, SQLAlchemyError) as error:
            self._rest(type(error).__name__)
            return None
        uow: UnitOfWork | None = None
        try:
            uow = _Diverted(connection, self._sealer, access, self._primary)
            if self._passed(connection, fence):
                return connection, uow
            self._rest("late")
        except (psycopg.Error, SQLAlchemyError) as error:
            self._engine.dispose()
            self._rest(type(error).__name__)
        _put_back(connection, uow)
        return None

    def _fence(self) -> _Fence | None:
        """Behind everything that the primary has acknowledged; nothing where it acknowledges before it is sure."""
        with self._primary.plain_connection() as connection:
            # Straight over libpq: the driver would begin a transaction, and undoing that one takes with it what others
            # prepared on the connection.
            found = connection.pgconn.exec_(_PLACE.encode())
            if found.status != pq.ExecStatus.TUPLES_OK:
                raise psycopg.OperationalError("the primary does not say how far it is")
        if not found.ntuples:
            return None
        place, timeline, server = ((found.get_value(0, at) or b"").decode() for at in range(3))
        return _Fence(place, int(timeline), int(server))

    def _passed(self, connection: Connection, fence: _Fence) -> bool:
        """Waits for the standby, for a while. It must be one, and of this primary, on the same timeline."""
        driver: psycopg.Connection[TupleRow] = _driver(connection)
        end, pause = time.monotonic() + self._patience.waits, _FIRST_PAUSE
        while True:
            row = driver.execute(_PASSED, (fence.place, fence.timeline, fence.server)).fetchone()
            if row is None or not row[1]:
                return False
            if row[0]:
                return True
            if time.monotonic() + pause > end:
                return False
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _rest(self, reason: str) -> None:
        self._until = time.monotonic() + self._patience.rests
        logs.get().warning("the standby is left alone for a while", reason=reason)


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _put_back(connection: Connection, uow: UnitOfWork | None) -> None:
    """Leaves nothing of the transaction; a connection that cannot be cleaned is not used again."""
    with suppress(psycopg.Error, SQLAlchemyError):
        if uow is not None:
            uow.close()
        if uow is None or uow.broken:
            connection.invalidate()
    connection.close()
