"""Cohorts: the Groups of one recipient, and who they named as members."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.fhir.history import Asked
from phr.errors import Conflict
from phr.store import wire


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the owner named them: whether anybody has that id is not said."""

    person_id: UUID
    patient: str
    inactive: bool


@dataclass(frozen=True, slots=True)
class Cohort:
    """A Group, or one version of it: body is its JSON without members; deleted: it ended with this version."""

    group_id: str
    recipient: str
    version: int
    updated_at: datetime
    body: str
    members: Sequence[Member] = ()
    deleted: bool = False


class Cohorts:
    """The cohorts of this context's recipient."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def put(self, cohort: Cohort) -> None:
        """A new cohort, or one in place of its earlier version. Raises Conflict when somebody was quicker."""
        if cohort.version > 1 and not self._keep(cohort.group_id, cohort.version - 1):
            raise Conflict("the Group was changed meanwhile")
        done = self._connection.execute(
            "INSERT INTO phr.bulk_group AS held (group_id, recipient, version, updated_at, body)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (group_id) DO UPDATE SET version = excluded.version,"
            " updated_at = excluded.updated_at, body = excluded.body WHERE held.version = excluded.version - 1",
            (cohort.group_id, cohort.recipient, cohort.version, cohort.updated_at, cohort.body),
        )
        if done.rowcount != 1:
            raise Conflict("the Group was changed meanwhile")
        self._name(cohort)

    def _keep(self, group_id: str, version: int) -> bool:
        """Sets a version aside before the next one takes its place; says whether it was the present one."""
        done = self._connection.execute(
            "INSERT INTO phr.bulk_group_was (group_id, version, recipient, updated_at, body)"
            " SELECT group_id, version, recipient, updated_at, body FROM phr.bulk_group"
            " WHERE group_id = %s AND version = %s FOR UPDATE",
            (group_id, version),
        )
        return done.rowcount == 1

    def _name(self, cohort: Cohort) -> None:
        """Brings the members to what a version names; who is named as before stays where they are."""
        stand = {one.person_id: (one, place) for one, place in self._placed(cohort.group_id)}
        new, last = [], -1
        for one in cohort.members:
            before, place = stand.get(one.person_id, (None, -1))
            if before == one and place > last:
                del stand[one.person_id]
                last = place
            else:
                last += 1
                new.append((last, one))
        self._end(cohort.group_id, cohort.version, list(stand))
        self._connection.cursor().executemany(
            "INSERT INTO phr.bulk_member (person_id, group_id, recipient, place, patient, inactive, since)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    one.person_id,
                    cohort.group_id,
                    cohort.recipient,
                    place,
                    one.patient,
                    one.inactive,
                    cohort.version,
                )
                for place, one in new
            ],
        )

    def _end(self, group_id: str, until: int, people: Sequence[UUID]) -> None:
        """Members who stand no longer, or no longer in this way, from a version on."""
        self._connection.execute(
            "WITH gone AS (DELETE FROM phr.bulk_member WHERE group_id = %s AND person_id = ANY(%s) RETURNING *)"
            " INSERT INTO phr.bulk_member_was"
            " (person_id, group_id, since, until, recipient, place, patient, inactive)"
            " SELECT person_id, group_id, since, %s, recipient, place, patient, inactive FROM gone"
            " ON CONFLICT DO NOTHING",
            (group_id, list(people), until),
        )

    def _placed(self, group_id: str) -> list[tuple[Member, int]]:
        rows = self._connection.execute(
            "SELECT person_id, patient, inactive, place FROM phr.bulk_member WHERE group_id = %s ORDER BY place",
            (group_id,),
        ).fetchall()
        return [(Member(*row[:3]), row[3]) for row in rows]

    def get(self, group_id: str) -> Cohort | None:
        """A cohort with its members; None when there is none of this recipient."""
        row = self._connection.execute(f"{_WHOLE} WHERE g.group_id = %s", (group_id,)).fetchone()
        return None if row is None else _whole(row)

    def members(self, group_id: str) -> list[Member]:
        """The members, in the order in which they were named."""
        return [one for one, _place in self._placed(group_id)]

    def lock(self, recipient: str) -> None:
        """Waits until no other transaction makes a cohort of this recipient."""
        wire.lock(self._connection, f"phr.bulk_group {recipient}")

    def count(self) -> int:
        """How many this recipient keeps."""
        row = self._connection.execute("SELECT count(*) FROM phr.bulk_group").fetchone()
        return 0 if row is None else int(row[0])

    def listed(self) -> list[Cohort]:
        """The cohorts of this recipient, newest first, with their members."""
        rows = self._connection.execute(f"{_WHOLE} ORDER BY g.updated_at DESC, g.group_id").fetchall()
        return [_whole(row) for row in rows]

    def remove(self, group_id: str, at: datetime) -> bool:
        """Removes a cohort; what it was stays as its versions."""
        row = self._connection.execute(
            "SELECT version FROM phr.bulk_group WHERE group_id = %s FOR UPDATE", (group_id,)
        ).fetchone()
        if row is None or not self._keep(group_id, row[0]):
            return False
        people = [one.person_id for one in self.members(group_id)]
        self._end(group_id, row[0] + 1, people)
        self._connection.execute(
            "WITH gone AS (DELETE FROM phr.bulk_group WHERE group_id = %s RETURNING *)"
            " INSERT INTO phr.bulk_group_was (group_id, version, recipient, updated_at, deleted, body)"
            " SELECT group_id, version + 1, recipient, %s, true, body FROM gone",
            (group_id, at),
        )
        return True

    def versions(self, asked: Asked) -> list[Cohort]:
        """Versions without their members, newest first: of one cohort, or of all of this recipient; one more than asked."""
        where, values = ["true"], list[Any]()
        conditions: list[tuple[LiteralString, tuple[Any, ...] | None]] = [
            ("h.group_id = %s", (asked.id,) if asked.id else None),
            ("h.updated_at >= %s", (asked.since,) if asked.since else None),
            ("h.updated_at < %s", (asked.high,) if asked.high else None),
            ("(h.until IS NULL OR h.until > %s)", (asked.low,) if asked.low else None),
            ("(h.updated_at, 'Group', h.group_id, h.version) < (%s, %s, %s, %s)", asked.after),
        ]
        for text, given in conditions:
            if given is not None:
                where.append(text)
                values += given
        rows = self._connection.execute(
            f"{_VERSIONS} WHERE {' AND '.join(where)}"
            " ORDER BY h.updated_at DESC, h.group_id DESC, h.version DESC LIMIT %s",
            (*values, asked.count + 1),
        ).fetchall()
        return [_plain(row) for row in rows]

    def version(self, group_id: str, version: int) -> Cohort | None:
        """One version with its members; None when it is not kept."""
        row = self._connection.execute(
            f"{_VERSIONS} WHERE h.group_id = %s AND h.version = %s", (group_id, version)
        ).fetchone()
        return None if row is None else self.peopled(_plain(row))

    def peopled(self, cohort: Cohort) -> Cohort:
        """The same version with the members that it had; who was erased since is in none."""
        rows = self._connection.execute(
            "SELECT person_id, patient, inactive FROM ("
            " SELECT person_id, patient, inactive, place FROM phr.bulk_member WHERE group_id = %(id)s AND since <= %(v)s"
            " UNION ALL SELECT person_id, patient, inactive, place FROM phr.bulk_member_was"
            " WHERE group_id = %(id)s AND since <= %(v)s AND until > %(v)s) AS stood ORDER BY place",
            {"id": cohort.group_id, "v": cohort.version},
        ).fetchall()
        return replace(cohort, members=[Member(*row) for row in rows])


def _whole(row: TupleRow) -> Cohort:
    group_id, recipient, version, updated_at, body, *people = row
    members = [Member(*one) for one in zip(*people, strict=True)] if people[0] else []
    return Cohort(group_id, recipient, version, updated_at, body, members)


def _plain(row: TupleRow) -> Cohort:
    group_id, recipient, version, updated_at, body, deleted = row
    return Cohort(group_id, recipient, version, updated_at, body, deleted=deleted)


_WHOLE: Final = (
    "SELECT g.group_id, g.recipient, g.version, g.updated_at, g.body, m.people, m.patients, m.inactive"
    " FROM phr.bulk_group AS g CROSS JOIN LATERAL (SELECT array_agg(person_id ORDER BY place) AS people,"
    " array_agg(patient ORDER BY place) AS patients, array_agg(inactive ORDER BY place) AS inactive"
    " FROM phr.bulk_member WHERE group_id = g.group_id) AS m"
)
"""A version and its members in one statement, so that nobody reads the members of another version."""
_VERSIONS: Final = (
    "SELECT h.group_id, h.recipient, h.version, h.updated_at, h.body, h.deleted FROM ("
    " SELECT *, lead(updated_at) OVER (PARTITION BY group_id ORDER BY version) AS until FROM ("
    " SELECT group_id, recipient, version, updated_at, body, deleted FROM phr.bulk_group_was"
    " UNION ALL SELECT group_id, recipient, version, updated_at, body, false FROM phr.bulk_group) AS every) AS h"
)
