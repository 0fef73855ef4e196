"""One transaction with a sealed context: how it begins, changes its reason, and ends with its audit rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq
from psycopg.rows import TupleRow
from sqlalchemy import Connection
from sqlmodel import Session

from phr.domain.access import Access
from phr.store import wire
from phr.store.audit import Audit
from phr.store.context import Sealer
from phr.store.engine import FORGOTTEN


class Transaction:
    """A transaction on a connection of the pool, open from the beginning."""

    def __init__(
        self, connection: Connection, sealer: Sealer, access: Access, locked: UUID | None = None
    ) -> None:
        driver: Any = connection.connection.driver_connection
        self._connection = connection
        self._driver: psycopg.Connection[TupleRow] = driver
        self._sealer = sealer
        self._started = sealer.open(driver, access, locked)
        self.access = access
        self.audit = Audit(driver)
        self.committed = False

    @cached_property
    def _session(self) -> Session:
        """For repositories of objects, in the same transaction; many a unit of work needs none."""
        return Session(bind=self._connection, autoflush=False, expire_on_commit=False)

    def _flush(self) -> None:
        if "_session" in self.__dict__:
            self._session.flush()

    def switch(self, access: Access) -> None:
        """Goes on in the same transaction for another reason or about another person."""
        self._flush()
        self.audit.flush()
        if "_session" in self.__dict__:
            self._session.expunge_all()
        self.access = access
        self._sealer.put(self._driver, access, self._started)

    def commit(self) -> None:
        """Appends the audit rows and makes everything durable; nothing is asked of this unit of work afterwards."""
        self.commit_with({})

    def commit_with(self, kept: Mapping[Access, Sequence[Audit]]) -> None:
        """The same, with rows that other reasons left in this transaction, each under its own."""
        self._flush()
        last = self.audit.last_words()
        for access, audits in kept.items():
            together = self.audit.another()
            for audit in audits:
                together.take(audit)
            if together.pending:
                last += self._sealer.words(self._driver, access, self._started) + together.last_words()
        clean = wire.commit_and_forget(self._driver, last)
        self._connection.connection.info[FORGOTTEN] = clean
        self.committed = True

    @property
    def broken(self) -> bool:
        """Whether the server has gone away from under this transaction."""
        return bool(self._driver.closed)

    def close(self) -> None:
        """Undoes what was not committed."""
        if self.broken:
            return
        if self._driver.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            self._connection.connection.info[FORGOTTEN] = wire.undo_and_forget(self._driver)
        if "_session" in self.__dict__:
            self._session.close()
