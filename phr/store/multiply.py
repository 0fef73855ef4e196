"""Multiplies residents, for measurements: rows of a few who came in by the ordinary way, again under other identities.

The database's own role copies them with INSERT ... SELECT, past every policy: never offered by the service, only by
benchmarks on a database that was made for them. The audit trail is not copied: it is chained, and nobody looked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

_COPIED: Final = "COPY load_copy (template, origin, person, patient, mark, street, cases) FROM STDIN"
_MINE: Final = "c.person"
_PATIENT: Final = "c.patient"
_MARKED: Final = "CASE WHEN t.type = 'Patient' THEN c.patient ELSE t.id || c.mark END"
_BODY: Final = (
    "CASE WHEN t.type = 'Patient' THEN replace(t.body, c.origin, c.patient)"
    " ELSE replace(replace(t.body, c.origin, c.patient), t.id, t.id || c.mark) END"
)
_CASE: Final = "md5(t.item_id::text || c.mark)::uuid"
_TABLES: Final[dict[str, dict[str, str]]] = {
    "person": {"patient_id": _PATIENT},
    "person_trait": {},
    "person_address": {"address_key": "t.address_key || c.street"},
    "account": {
        "account_id": "gen_random_uuid()",
        "subject": _PATIENT,
        "recipient": "replace(t.recipient, c.origin, c.patient)",
    },
    "consent_grant": {"consent_id": "t.consent_id || c.mark"},
    "resource": {"id": _MARKED, "body": _BODY},
    "resource_history": {"id": _MARKED, "body": _BODY},
    "vital_source": {},
    "vital_chunk": {},
    "vital_day": {},
    "work_item": {"item_id": _CASE},
    "work_event": {"item_id": _CASE},
}
"""The tables that are copied, and what is not copied as it stands; t: the row, c: for whom."""
_OF_CASES: Final = frozenset({"work_item", "work_event"})


@dataclass(frozen=True, slots=True)
class Copy:
    """A resident like another. number: sets its ids apart from those of all other copies. cases: whether it has its cases.

    street: who lived together lives together again in the same street, and with nobody of another.
    """

    template: UUID
    origin: str
    person: UUID
    patient: str
    number: int
    street: int
    cases: bool


def multiply(
    connect: Callable[[], psycopg.Connection[TupleRow]], copies: Iterable[Copy], said: Callable[[str], None]
) -> dict[str, int]:
    """Writes the copies; gives the rows of each table. All of them or none."""
    with closing(connect()) as connection:
        connection.execute("SET LOCAL synchronous_commit = off")
        connection.execute(
            "CREATE TEMP TABLE load_copy (template uuid, origin text, person uuid, patient text, mark text,"
            " street text, cases boolean) ON COMMIT DROP"
        )
        with connection.cursor().copy(_COPIED) as rows:
            for one in copies:
                mark = f"-{one.number}"
                street = f"-{one.street}"
                rows.write_row((one.template, one.origin, one.person, one.patient, mark, street, one.cases))
        connection.execute("ANALYZE load_copy")
        made = {}
        for table, other in _TABLES.items():
            said(table)
            made[table] = _copied(connection, table, {"person_id": _MINE, **other})
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM (ANALYZE)")  # as a city that was not made this minute
    return made


def _copied(connection: psycopg.Connection[TupleRow], table: str, other: dict[str, str]) -> int:
    """One table. Its columns are those that it has now, so that a migration does not pass it by."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'phr' AND table_name = %s"
        " AND is_generated = 'NEVER' ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    names = [str(row[0]) for row in rows]
    values = ", ".join(other.get(name, f"t.{name}") for name in names)
    only = " WHERE c.cases" if table in _OF_CASES else ""
    done = connection.execute(
        f"INSERT INTO phr.{table} ({', '.join(names)})"
        f" SELECT {values} FROM load_copy c JOIN phr.{table} t ON t.person_id = c.template{only}"
    )
    return done.rowcount
