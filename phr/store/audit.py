"""The audit trail: entries of this transaction, appended as its last statement, and the chain as it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.audit_query import AuditQuery
from phr.store.audit_search import conditions

NOBODY: Final = UUID(int=0)
"""The person of an entry that concerns no one person."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = "at >= %s::date::timestamp AT TIME ZONE %s AND at < (%s::date + 1)::timestamp AT TIME ZONE %s"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the trail; docs/reference/audit.md says how its hash is made."""

    person_id: UUID
    chain: int
    seq: int
    at: datetime
    request_id: str
    role: str
    actor: str
    recipient: str
    purpose: str
    action: str
    object: str
    categories: str
    n: int
    outcome: str
    reason: str
    prev: bytes
    hash: bytes

    def line(self) -> str:
        """The text that is hashed after the previous hash."""
        micros = (self.at - _EPOCH) // timedelta(microseconds=1)
        return "\x1f".join(
            str(part)
            for part in (
                self.chain,
                self.seq,
                micros,
                self.request_id,
                self.role,
                self.actor,
                self.recipient,
                self.purpose,
                self.person_id,
                self.action,
                self.object,
                self.categories,
                self.n,
                self.outcome,
                self.reason,
            )
        )


class Audit:
    """Collects who looked at what in this transaction and appends it before the commit."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection
        self._waiting: dict[tuple[str, str, str, str], list[tuple[UUID, str, int]]] = defaultdict(list)

    def add(
        self,
        action: str,
        what: str,
        person: UUID = NOBODY,
        *,
        categories: str = "",
        count: int = 0,
        outcome: str = "ok",
        reason: str = "",
    ) -> None:
        """One entry: action and object are words, categories a comma list, count a number; never a value."""
        self._waiting[action, what, outcome, reason].append((person, categories, count))

    @property
    def pending(self) -> int:
        """Entries not yet appended."""
        return sum(len(rows) for rows in self._waiting.values())

    def flush(self) -> None:
        """Appends what was collected. Called by the unit of work, last before the commit or a change of context."""
        for (action, what, outcome, reason), rows in self._waiting.items():
            persons, categories, counts = (list(part) for part in zip(*rows, strict=True))
            self._connection.execute(
                "SELECT phr.audit_append(%s, %s, %s, %s, %s::uuid[], %s::text[], %s::bigint[])",
                (action, what, outcome, reason, persons, categories, counts),
            )
        self._waiting.clear()

    def of_person(
        self, person: UUID, limit: int = 200, day: date | None = None, zone: str = "UTC"
    ) -> list[AuditRow]:
        """What concerns a person, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE person_id = %s"
            f" AND (%s::date IS NULL OR {_DAY}) ORDER BY at DESC, chain, seq DESC LIMIT %s",
            (person, day, day, zone, day, zone, limit),
        ).fetchall()
        return [_row(row) for row in rows]

    def recent(self, limit: int = 200) -> list[AuditRow]:
        """The newest rows of all, for the reviewer."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event ORDER BY at DESC LIMIT %s", (limit,)
        ).fetchall()
        return [_row(row) for row in rows]

    def search(self, asked: AuditQuery) -> list[AuditRow]:
        """Rows that fit, newest first, at most as many as asked and one more, which says that there are others."""
        where, values = conditions(asked)
        rows = self._connection.execute(
            f"SELECT * FROM phr.audit_event WHERE {where} ORDER BY at DESC, chain DESC, seq DESC LIMIT %s",
            (*values, asked.count + 1),
        ).fetchall()
        return [_row(row) for row in rows]

    def since(self, moment: datetime, limit: int = 200_000) -> list[AuditRow]:
        """The rows of the last while, oldest first."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE at >= %s ORDER BY at, chain, seq LIMIT %s", (moment, limit)
        ).fetchall()
        return [_row(row) for row in rows]

    def to_review(self, since: datetime, limit: int) -> list[AuditRow]:
        """Refused and emergency reads of people since a moment, newest first."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE outcome IN ('refused', 'emergency') AND at >= %s"
            " AND person_id <> %s AND action <> 'collect' ORDER BY at DESC, chain DESC, seq DESC LIMIT %s",
            (since, NOBODY, limit),
        ).fetchall()
        return [_row(row) for row in rows]

    def row(self, chain: int, seq: int) -> AuditRow | None:
        """One row, where this context may read it."""
        row = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE chain = %s AND seq = %s", (chain, seq)
        ).fetchone()
        return None if row is None else _row(row)

    def chain_rows(self, chain: int, after: int = 0, limit: int = 20_000) -> Iterator[AuditRow]:
        """The rows of one chain in order."""
        while True:
            rows = self._connection.execute(
                "SELECT * FROM phr.audit_event WHERE chain = %s AND seq > %s ORDER BY seq LIMIT %s",
                (chain, after, limit),
            ).fetchall()
            yield from (_row(row) for row in rows)
            if len(rows) < limit:
                return
            after = rows[-1][2]

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """The last sequence number and hash of each chain."""
        rows = self._connection.execute(
            "SELECT chain, seq, hash FROM phr.audit_head ORDER BY chain"
        ).fetchall()
        return {row[0]: (row[1], bytes(row[2])) for row in rows}

    def count(self) -> int:
        """How many rows there are."""
        row: Any = self._connection.execute("SELECT count(*) FROM phr.audit_event").fetchone()
        return int(row[0])

    def day_hashes(self, day: date, zone: str) -> list[bytes]:
        """The hashes of the rows of a civil day, by chain and sequence."""
        rows = self._connection.execute(
            f"SELECT hash FROM phr.audit_event WHERE {_DAY} ORDER BY chain, seq",
            (day, zone, day, zone),
        ).fetchall()
        return [bytes(row[0]) for row in rows]

    def open_days(self, zone: str, before: date) -> list[date]:
        """Days with rows and without a root, before a day; after waiting for the rows that are under way."""
        self._connection.execute("SELECT phr.audit_settle()")
        rows = self._connection.execute(
            "SELECT DISTINCT (at AT TIME ZONE %s)::date AS day FROM phr.audit_event"
            " WHERE (at AT TIME ZONE %s)::date < %s EXCEPT SELECT day FROM phr.audit_root ORDER BY day",
            (zone, zone, before),
        ).fetchall()
        return [row[0] for row in rows]

    def roots(self) -> list[tuple[date, str, int]]:
        """The published roots: day, root in hexadecimal, rows."""
        rows = self._connection.execute("SELECT day, root, n FROM phr.audit_root ORDER BY day").fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def put_root(self, day: date, root: str, count: int) -> None:
        """Keeps the root of a day; a day has one root for ever."""
        self._connection.execute(
            "INSERT INTO phr.audit_root (day, root, n, heads, sealed_at) SELECT %s, %s, %s,"
            " (SELECT jsonb_object_agg(chain, encode(hash, 'hex')) FROM phr.audit_head WHERE seq > 0), now()",
            (day, root, count),
        )


def _row(row: TupleRow) -> AuditRow:
    return AuditRow(*row)


def genesis(chain: int) -> bytes:
    """The hash that a chain begins with."""
    return sha256(f"phr-audit-chain-{chain}".encode()).digest()
