"""Cohorts: the Groups of one recipient, and who they named as members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Conflict


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the owner named them: whether anybody has that id is not said."""

    person_id: UUID
    patient: str
    inactive: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """A Group: body is its JSON without members."""

    group_id: str
    recipient: str
    version: int
    updated_at: datetime
    body: str
    members: Sequence[Member] = ()


class Cohorts:
    """The cohorts of this context's recipient."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def put(self, cohort: Cohort) -> None:
        """A new cohort, or one in place of its earlier version. Raises Conflict when somebody was quicker."""
        done = self._connection.execute(
            "INSERT INTO phr.bulk_group AS held (group_id, recipient, version, updated_at, body)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (group_id) DO UPDATE SET version = excluded.version,"
            " updated_at = excluded.updated_at, body = excluded.body WHERE held.version = excluded.version - 1",
            (cohort.group_id, cohort.recipient, cohort.version, cohort.updated_at, cohort.body),
        )
        if done.rowcount != 1:
            raise Conflict("the Group was changed meanwhile")
        self._connection.execute("DELETE FROM phr.bulk_member WHERE group_id = %s", (cohort.group_id,))
        self._connection.cursor().executemany(
            "INSERT INTO phr.bulk_member (person_id, group_id, recipient, place, patient, inactive)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (one.person_id, cohort.group_id, cohort.recipient, place, one.patient, one.inactive)
                for place, one in enumerate(cohort.members)
            ],
        )

    def get(self, group_id: str) -> Cohort | None:
        """A cohort with its members; None when there is none of this recipient."""
        row = self._connection.execute(
            "SELECT group_id, recipient, version, updated_at, body FROM phr.bulk_group WHERE group_id = %s",
            (group_id,),
        ).fetchone()
        return None if row is None else self._whole(row)

    def _whole(self, row: TupleRow) -> Cohort:
        group_id, recipient, version, updated_at, body = row
        return Cohort(group_id, recipient, version, updated_at, body, self.members(group_id))

    def members(self, group_id: str) -> list[Member]:
        """The members, in the order in which they were named."""
        rows = self._connection.execute(
            "SELECT person_id, patient, inactive FROM phr.bulk_member WHERE group_id = %s ORDER BY place",
            (group_id,),
        ).fetchall()
        return [Member(*row) for row in rows]

    def listed(self) -> list[Cohort]:
        """The cohorts of this recipient, newest first, with their members."""
        rows: list[Any] = self._connection.execute(
            "SELECT group_id, recipient, version, updated_at, body FROM phr.bulk_group"
            " ORDER BY updated_at DESC, group_id LIMIT 200"
        ).fetchall()
        return [self._whole(row) for row in rows]

    def remove(self, group_id: str) -> bool:
        """Removes a cohort."""
        self._connection.execute("DELETE FROM phr.bulk_member WHERE group_id = %s", (group_id,))
        done = self._connection.execute("DELETE FROM phr.bulk_group WHERE group_id = %s", (group_id,))
        return done.rowcount == 1
