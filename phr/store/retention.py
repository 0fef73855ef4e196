"""Retention: samples of days before one leave the database, some people in each short transaction; as administrator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.access import Access
from phr.errors import Unsafe
from phr.store.audit import NOBODY, Audit
from phr.store.context import Sealer
from phr.store.engine import Connect

TRIMMED: Final = ("vital_chunk", "vital_day", "vital_conflict", "quarantine", "intake_count")
"""The tables of samples and of what was made of them; consents, documents, points and the trail stay."""
_EARLIER: Final = (
    "DELETE FROM phr.resource_history h WHERE h.person_id = ANY (%s) AND h.type = 'Observation' AND h.day < %s"
    " AND length(h.id) = 48 AND NOT EXISTS (SELECT 1 FROM phr.resource r WHERE r.person_id = h.person_id"
    " AND r.type = h.type AND r.id = h.id)"
)
"""What samples were before they were corrected over FHIR: it goes with them; no document is behind it."""
_PEOPLE: Final = 50  # in one transaction: their locks are held for a moment only


class Retention:
    """Deletes by age."""

    def __init__(self, connect: Connect, sealer: Sealer) -> None:
        self._connect = connect
        self._sealer = sealer

    def holders(self, before: date) -> Iterator[list[UUID]]:
        """Everybody of whom something lies before a day, some at a time; the next ones are looked for when asked.

        Raises Unsafe for a role that policies bind: it would find nobody.
        """
        after = NOBODY
        with self._connect() as connection:
            _refuse_bound(connection)
            while True:
                found = _people(connection, after)
                connection.commit()
                if not found:
                    return
                after = found[-1]
                holding = _holding(connection, found, before)
                connection.commit()
                if holding:
                    yield holding

    def count(self, people: Sequence[UUID], before: date) -> Counter[str]:
        """What these people have of days before one: rows of each table."""
        found: Counter[str] = Counter()
        with self._connect() as connection:
            for table in TRIMMED:
                row: Any = connection.execute(
                    f"SELECT count(*) FROM phr.{table} WHERE person_id = ANY (%s) AND day < %s",
                    (list(people), before),
                ).fetchone()
                if row[0]:
                    found[table] = int(row[0])
        return found

    def trim(self, people: Sequence[UUID], before: date, access: Access) -> Counter[str]:
        """Deletes what these people have of days before one, in one transaction: rows of each table.

        By the primary keys, which begin with the person: no table is read from end to end. Each person's trail says how
        many rows went, in the same transaction.
        """
        done: Counter[str] = Counter()
        of_person: Counter[UUID] = Counter()
        with self._connect() as connection:
            self._sealer.open(connection, access)
            connection.execute("SET LOCAL lock_timeout = '4s'")
            for table in TRIMMED:
                gone = connection.execute(
                    f"DELETE FROM phr.{table} WHERE person_id = ANY (%s) AND day < %s RETURNING person_id",
                    (list(people), before),
                ).fetchall()
                of_person.update(row[0] for row in gone)
                if gone:
                    done[table] = len(gone)
            connection.execute(_EARLIER, (list(people), before))
            trail = Audit(connection)
            for person, number in of_person.items():
                trail.add("erase", "Observation", person, count=number)
            trail.flush()
        return done


def _refuse_bound(connection: psycopg.Connection[TupleRow]) -> None:
    row = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    if row is None or not row[0]:
        raise Unsafe(
            "deleting by age needs a role with BYPASSRLS at PHR_DATABASE_ADMIN_URL: no other sees the rows"
        )


def _people(connection: psycopg.Connection[TupleRow], after: UUID) -> list[UUID]:
    rows = connection.execute(
        "SELECT person_id FROM phr.person WHERE person_id > %s ORDER BY person_id LIMIT %s", (after, _PEOPLE)
    ).fetchall()
    return [row[0] for row in rows]


def _holding(connection: psycopg.Connection[TupleRow], people: Sequence[UUID], before: date) -> list[UUID]:
    rows = connection.execute(
        "SELECT p FROM unnest(%s::uuid[]) p WHERE "
        + " OR ".join(
            f"EXISTS (SELECT 1 FROM phr.{table} t WHERE t.person_id = p AND t.day < %s)" for table in TRIMMED
        ),
        (list(people), *[before] * len(TRIMMED)),
    ).fetchall()
    return [row[0] for row in rows]
