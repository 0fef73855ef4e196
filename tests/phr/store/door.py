"""Ways to stand before the door: connections of the service's role, sealed contexts, and rows in every table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

from phr.bootstrap import System
from phr.domain.access import Access, resident
from tests.build import CITY

DAY = date(2026, 6, 1)
MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
# A chain that no backend writes, so that planted rows are not taken for a broken trail by other tests.
_GIVEN: dict[str, Any] = {
    "category": "heart",
    "day": DAY,
    "effect": "permit",
    "code": "8867-4",
    "chain": 9999,
    "state": "connected",
    "channel": "email",
    "cohort": "invited",
}
_BY_TYPE: dict[str, Any] = {
    "text": "x",
    "date": DAY,
    "timestamp with time zone": MOMENT,
    "integer": 1,
    "smallint": 1,
    "bigint": 1,
    "jsonb": "{}",
    "bytea": b"x",
    "boolean": False,
    "ARRAY": [],
}


def personal_tables(admin: psycopg.Connection[Any]) -> list[str]:
    """Every table that has a person in it."""
    rows = admin.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'person_id'"
        " WHERE c.relnamespace = 'phr'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def fill(admin: psycopg.Connection[Any], person: UUID) -> None:
    """One row about a person in every table, put there by the administrator."""
    for table in personal_tables(admin):
        columns = admin.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'phr'"
            " AND table_name = %s AND (is_nullable = 'NO' OR column_name = 'person_id')"
            " AND is_generated = 'NEVER' AND column_default IS NULL",
            (table,),
        ).fetchall()
        values = {name: value_of(name, kind, person) for name, kind in columns}
        names = sql.SQL(", ").join(map(sql.Identifier, values))
        marks = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        place = sql.Identifier("phr", table)
        admin.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(place, names, marks), list(values.values())
        )


def value_of(name: str, kind: str, person: UUID) -> Any:
    """Some value for a column."""
    if name == "person_id":
        return person
    if kind == "uuid":
        return uuid4()
    if name in ("patient_id", "subject", "id", "wallet_hash", "token_hash"):
        return f"x-{person}"
    return _GIVEN.get(name, _BY_TYPE.get(kind))


def seen(
    connection: psycopg.Connection[Any], tables: list[str], person: UUID | None = None
) -> dict[str, int]:
    """In which tables the connection sees rows, of one person or of anybody, and how many."""
    found = {}
    for table in tables:
        query = sql.SQL("SELECT count(*) FROM {} WHERE %s::uuid IS NULL OR person_id = %s").format(
            sql.Identifier("phr", table)
        )
        row: Any = connection.execute(query, (person, person)).fetchone()
        if row[0]:
            found[table] = row[0]
    return found


def nurse(person: UUID | None = None, purpose: str = "guidance", recipient: str = CITY) -> Access:
    """A nurse of the city."""
    return Access("nurse", "nurse-1", recipient, purpose, "request-1", person)


def enter(system: System, connection: psycopg.Connection[Any], access: Access) -> None:
    """A new transaction with a sealed context."""
    connection.rollback()
    system.sealer.open(connection, access)


def oneself(person: UUID) -> Access:
    """The person, at their own record."""
    return resident(person, "self", "request-1")
