"""Open statistics: their editions, their files, and the budget that they spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg.rows import TupleRow
from sqlmodel import Session, col, select

from phr.store.tables import OpenFile, OpenSpend


class OpenData:
    """What everybody may read, and the ledger of what it told."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def lock(self, year: int) -> None:
        """One edition at a time, so that two cannot spend the same rest."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtext('phr.open_spend'), %s)", (year,))

    def spent(self, year: int) -> float:
        """What a year has told."""
        row = self._connection.execute(
            "SELECT coalesce(sum(epsilon), 0) FROM phr.open_spend WHERE year = %s", (year,)
        ).fetchone()
        return float(row[0]) if row else 0.0

    def editions(self) -> Sequence[OpenSpend]:
        """All editions, newest first."""
        return self._session.exec(select(OpenSpend).order_by(col(OpenSpend.at).desc())).all()

    def put(self, spend: OpenSpend, files: Mapping[str, bytes]) -> None:
        """Keeps an edition and what it spent."""
        self._session.add(spend)
        self._session.flush()
        for name, body in sorted(files.items()):
            self._session.add(OpenFile(edition=spend.edition, name=name, body=body))
        self._session.flush()

    def names(self, edition: str) -> list[str]:
        """The files of an edition."""
        found = self._session.exec(select(OpenFile.name).where(OpenFile.edition == edition)).all()
        return sorted(found)

    def file(self, edition: str, name: str) -> bytes | None:
        """A file of an edition."""
        found = self._session.get(OpenFile, (edition, name))
        return None if found is None else bytes(found.body)
