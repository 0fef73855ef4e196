"""The audit trail: entries of this transaction, appended as its last statement, and the chain as it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from phr.domain.audit_query import AuditQuery
from phr.store import wire
from phr.store.audit_search import conditions

NOBODY: Final = UUID(int=0)
"""The person of an entry that concerns no one person."""
Place = tuple[int, bytes]
"""A place in a chain: the number of a row and its hash."""

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

    def another(self) -> Audit:
        """An empty collection for the same transaction."""
        return Audit(self._connection)

    def take(self, other: Audit) -> None:
        """The entries of another collection, which is not appended itself."""
        for key, rows in other._waiting.items():
            self._waiting[key] += rows

    @property
    def pending(self) -> int:
        """Entries not yet appended."""
        return sum(len(rows) for rows in self._waiting.values())

    def flush(self) -> None:
        """Appends what was collected. Called by the unit of work before a change of context."""
        if text := self.last_words():
            wire.run(self._connection, text)

    def last_words(self) -> bytes:
        """The statements that append what was collected, for the unit of work to send with its commit."""
        text = b"".join(self._statement(key, rows) for key, rows in self._waiting.items())
        self._waiting.clear()
        return text

    def _statement(self, key: tuple[str, str, str, str], rows: list[tuple[UUID, str, int]]) -> bytes:
        words = b", ".join(wire.literal(self._connection, word) for word in key)
        persons = ",".join(str(person) for person, _, _ in rows)
        categories = b",".join(wire.literal(self._connection, categories) for _, categories, _ in rows)
        counts = ",".join(str(int(count)) for _, _, count in rows)
        return b"SELECT phr.audit_append(%b, '{%b}'::uuid[], ARRAY[%b]::text[], '{%b}'::bigint[]); " % (
            words,
            persons.encode(),
            categories,
            counts.encode(),
        )

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

    def actors(self, moment: datetime, roles: Collection[str]) -> list[tuple[str, int]]:
        """Who did something to a person's data in one of these roles since a moment, and how many rows that left."""
        rows = self._connection.execute(
            "SELECT actor, count(*) FROM phr.audit_event WHERE at >= %s AND role = ANY(%s) AND person_id <> %s"
            " GROUP BY actor ORDER BY actor",
            (moment, sorted(roles), NOBODY),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def since(
        self, moment: datetime, roles: Collection[str], actors: Sequence[str], limit: int = 200_000
    ) -> list[AuditRow]:
        """What these actors did to people's data in these roles since a moment, oldest first; of too many the newest."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE at >= %s AND role = ANY(%s) AND actor = ANY(%s)"
            " AND person_id <> %s ORDER BY at DESC, chain DESC, seq DESC LIMIT %s",
            (moment, sorted(roles), list(actors), NOBODY, limit),
        ).fetchall()
        return [_row(row) for row in reversed(rows)]

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

    def chain_rows(self, chain: int, after: int, limit: int) -> list[AuditRow]:
        """The next rows of one chain in order."""
        rows = self._connection.execute(
            "SELECT * FROM phr.audit_event WHERE chain = %s AND seq > %s ORDER BY seq LIMIT %s",
            (chain, after, limit),
        ).fetchall()
        return [_row(row) for row in rows]

    def heads(self) -> dict[int, Place]:
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
            # Each day without a root is looked up by itself: the trail of years is not read for one day.
            "SELECT d::date FROM generate_series((SELECT (min(at) AT TIME ZONE %s)::date FROM phr.audit_event)::timestamp,"
            " %s::date - interval '1 day', interval '1 day') d"
            " WHERE NOT EXISTS (SELECT 1 FROM phr.audit_root r WHERE r.day = d::date)"
            " AND EXISTS (SELECT 1 FROM phr.audit_event e WHERE e.at >= d AT TIME ZONE %s"
            " AND e.at < (d + interval '1 day') AT TIME ZONE %s) ORDER BY 1",
            (zone, before, zone, zone),
        ).fetchall()
        return [row[0] for row in rows]

    def roots(self) -> list[tuple[date, str, int]]:
        """The published roots: day, root in hexadecimal, rows."""
        rows = self._connection.execute("SELECT day, root, n FROM phr.audit_root ORDER BY day").fetchall()
        return [(row[0], row[1], row[2]) for row in rows]

    def put_root(self, day: date, root: str, count: int, proven: Mapping[int, Place]) -> None:
        """Keeps the root of a day, and how far the chains had been proven by then; a day has one root for ever."""
        places = {str(chain): [seq, digest.hex()] for chain, (seq, digest) in proven.items() if seq}
        self._connection.execute(
            "INSERT INTO phr.audit_root (day, root, n, heads, sealed_at) VALUES (%s, %s, %s, %s, now())",
            (day, root, count, Jsonb(places)),
        )

    def proven(self) -> dict[int, Place]:
        """How far the chains had been proven when the newest root was made; earlier versions noted hashes alone."""
        row = self._connection.execute(
            "SELECT heads FROM phr.audit_root ORDER BY day DESC LIMIT 1"
        ).fetchone()
        places: dict[str, Any] = {} if row is None else row[0]
        return {
            int(chain): (int(place[0]), bytes.fromhex(place[1]))
            for chain, place in places.items()
            if isinstance(place, list)
        }


def _row(row: TupleRow) -> AuditRow:
    return AuditRow(*row)


def genesis(chain: int) -> bytes:
    """The hash that a chain begins with."""
    return sha256(f"phr-audit-chain-{chain}".encode()).digest()
