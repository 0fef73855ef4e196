"""Grants: the lines of each consent as the policies read them, replaced with each version in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from consent.grants import GrantRow
from phr.store import wire

_LINES: Final = (
    b"SELECT consent_id, version, depth, effect, recipient, purpose, category, data_from, data_to, valid_from,"
    b" valid_to, path FROM phr.consent_grant WHERE person_id = $1 ORDER BY consent_id, line"
)


class Consents:
    """The grants that the transaction's context may see."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def replace(self, person: UUID, consent_id: str, lines: Sequence[GrantRow]) -> None:
        """Puts the lines of a new version in place of those of the last."""
        self._connection.execute(
            "DELETE FROM phr.consent_grant WHERE person_id = %s AND consent_id = %s", (person, consent_id)
        )
        self._connection.cursor().executemany(
            "INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose,"
            " category, data_from, data_to, valid_from, valid_to, path)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    person,
                    consent_id,
                    line.version,
                    number,
                    line.depth,
                    line.effect,
                    line.recipient,
                    line.purpose,
                    line.category,
                    line.data_from,
                    line.data_to,
                    line.valid_from,
                    line.valid_to,
                    line.path,
                )
                for number, line in enumerate(lines)
            ],
        )

    def lines(self, person: UUID) -> list[GrantRow]:
        """The grants of a person that this context may see, live or not."""
        return self.asked(person)()

    def asked(self, person: UUID) -> Callable[[], list[GrantRow]]:
        """The same, asked under the context of now, and read when somebody calls it: several go to the database together."""
        rows = wire.later(self._connection, _LINES, (person,))
        return lambda: [GrantRow(*row) for row in rows()]

    def versions(self, people: Sequence[UUID]) -> dict[UUID, list[tuple[str, int]]]:
        """The consents and versions behind the grants that this context sees, for a snapshot."""
        rows = self._connection.execute(
            "SELECT DISTINCT person_id, consent_id, version FROM phr.consent_grant WHERE person_id = ANY (%s)"
            " AND valid_from <= statement_timestamp() AND statement_timestamp() < valid_to"
            " ORDER BY 1, 2",
            (list(people),),
        ).fetchall()
        found: dict[UUID, list[tuple[str, int]]] = {}
        for person, consent, version in rows:
            found.setdefault(person, []).append((consent, version))
        return found
