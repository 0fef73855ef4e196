"""What a delivery must know of its person before anything else, in one statement: birth, grants, what waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from consent.grants import GrantRow

_KNOWN: Final = (
    "SELECT p.birth_date, EXISTS (SELECT 1 FROM phr.sample_review r WHERE r.person_id = q.person_id),"
    " g.consent_id, g.version, g.depth, g.effect, g.recipient, g.purpose, g.category, g.data_from, g.data_to,"
    " g.valid_from, g.valid_to, g.path FROM (SELECT %s::uuid AS person_id) q"
    " LEFT JOIN phr.person p ON p.person_id = q.person_id"
    " LEFT JOIN phr.consent_grant g ON g.person_id = q.person_id ORDER BY g.consent_id, g.line"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A person as far as this context may know them.

    birth: None where it is unknown; grants: live or not; reviewed: whether anybody decided on any of their samples.
    """

    birth: date | None
    grants: Sequence[GrantRow]
    reviewed: bool


class Deliveries:
    """What deliveries ask."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def known(self, person: UUID) -> Known:
        """What is known of a person; asked under the lock of that person, so that it still holds when it is used."""
        rows = self._connection.execute(_KNOWN, (person,), binary=True).fetchall()
        grants = [GrantRow(*row[2:]) for row in rows if row[2] is not None]
        return Known(rows[0][0], grants, rows[0][1])
