"""Files for a points platform without an interface: their lines, and what the platform said of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlmodel import Session, col, select

from phr.store.tables import LedgerFile


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file as it stands."""

    line: int
    outbox_id: UUID
    reference: str
    result: str
    code: str


class LedgerFiles:
    """While delivering or operating."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def next_number(self) -> int:
        """The next running number; whoever asks holds it until the end of the transaction."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('phr.ledger_file', 0))")
        row: Any = self._connection.execute(
            "SELECT coalesce(max(number), 0) + 1 FROM phr.ledger_file"
        ).fetchone()
        return int(row[0])

    def to_send(self, limit: int) -> list[tuple[UUID, str, Mapping[str, Any]]]:
        """Waiting letters that are in no file that was not refused, oldest first: letter, key, payload."""
        rows = self._connection.execute(
            "SELECT o.outbox_id, o.idempotency_key, o.payload FROM phr.outbox o"
            " WHERE o.kind = 'ledger' AND o.state = 'waiting' AND NOT EXISTS ("
            " SELECT FROM phr.ledger_file_line l WHERE l.outbox_id = o.outbox_id AND l.result <> 'refused')"
            " ORDER BY o.created_at, o.outbox_id LIMIT %s",
            (limit,),
        ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def add(self, file: LedgerFile, lines: Sequence[tuple[int, UUID, str]]) -> None:
        """Keeps a file with its lines."""
        self._session.add(file)
        self._session.flush()
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO phr.ledger_file_line (number, line, outbox_id, reference) VALUES (%s, %s, %s, %s)",
                [(file.number, *line) for line in lines],
            )

    def get(self, number: int) -> LedgerFile | None:
        """One file."""
        return self._session.get(LedgerFile, number)

    def listed(self, limit: int = 50) -> list[tuple[LedgerFile, int, int]]:
        """Files, newest first, with how many of their lines were accepted and refused."""
        files = self._session.exec(
            select(LedgerFile).order_by(col(LedgerFile.number).desc()).limit(limit)
        ).all()
        rows = self._connection.execute(
            "SELECT number, count(*) FILTER (WHERE result = 'accepted'), count(*) FILTER (WHERE result = 'refused')"
            " FROM phr.ledger_file_line WHERE number = ANY (%s) GROUP BY number",
            ([one.number for one in files],),
        ).fetchall()
        counts = {row[0]: (int(row[1]), int(row[2])) for row in rows}
        return [(one, *counts.get(one.number, (0, 0))) for one in files]

    def lines(self, number: int) -> dict[int, Line]:
        """The lines of a file, held until the end of the transaction."""
        rows = self._connection.execute(
            "SELECT line, outbox_id, reference, result, code FROM phr.ledger_file_line WHERE number = %s"
            " ORDER BY line FOR UPDATE",
            (number,),
        ).fetchall()
        return {row[0]: Line(*row) for row in rows}

    def settle(self, number: int, line: Line, result: str, code: str, now: datetime) -> UUID | None:
        """Notes what the platform said of a line, and of its letter; gives whose letter it was."""
        self._connection.execute(
            "UPDATE phr.ledger_file_line SET result = %s, code = %s, at = %s WHERE number = %s AND line = %s",
            (result, code, now, number, line.line),
        )
        row = self._connection.execute(
            "UPDATE phr.outbox SET state = %s, receipt = %s, last_error = %s, delivered_at = %s,"
            " attempts = attempts + 1 WHERE outbox_id = %s AND kind = 'ledger' AND state = 'waiting'"
            " RETURNING person_id",
            (
                "delivered" if result == "accepted" else "dead",
                f"file:{number}:{line.line}" if result == "accepted" else "",
                "" if result == "accepted" else f"refused with {code}",
                now if result == "accepted" else None,
                line.outbox_id,
            ),
        ).fetchone()
        return None if row is None else row[0]
