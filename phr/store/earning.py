"""What may earn points, read for many people at once; and the awards that a person looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from sqlmodel import Session, col, select

from phr.domain.samples import Columns
from phr.store.codec import decode
from phr.store.tables import PointsAnswer, PointsReview, StepGoal

_STEPS: Final = "55423-8"
_HEART: Final = "8867-4"
_ROWS: Final = 200  # of one statement
_CHECKUP: Final = "checkup"


@dataclass(frozen=True, slots=True)
class StepChunk:
    """One day of steps from one source, with what is known of the source. ``twin``: others have the very same record."""

    person_id: UUID
    day: date
    source_id: UUID
    updated_at: datetime
    columns: Columns
    platform: str
    device: str
    method: str
    twin: bool


class Earning:
    """The rows about earning that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def twins(self, since: date, until: date, least: int) -> set[tuple[date, bytes]]:
        """Days whose very same step record several people have, by the hash of the record. least: samples it must have."""
        rows = self._connection.execute(
            "SELECT day, sha256(payload) AS mark FROM phr.vital_chunk WHERE code = %s AND day BETWEEN %s AND %s"
            " AND n >= %s GROUP BY day, mark HAVING count(DISTINCT person_id) > 1",
            (_STEPS, since, until, least),
            binary=True,
        ).fetchall()
        return {(row[0], bytes(row[1])) for row in rows}

    def steps(
        self,
        people: Sequence[UUID],
        days: tuple[date, date],
        changed: tuple[date, datetime],
        twins: set[tuple[date, bytes]],
    ) -> list[StepChunk]:
        """The step days of these people between two days, and those of after a first day that changed since a moment."""
        rows = self._connection.execute(
            "SELECT c.person_id, c.day, c.source_id, c.updated_at, c.payload, coalesce(s.platform, ''),"
            " coalesce(s.device, ''), coalesce(s.method, ''), CASE WHEN c.day = ANY (%s) THEN sha256(c.payload) END"
            " FROM phr.vital_chunk c"
            " LEFT JOIN phr.vital_source s ON s.person_id = c.person_id AND s.source_id = c.source_id"
            " WHERE c.person_id = ANY (%s) AND c.code = %s AND c.day >= %s"
            " AND (c.day BETWEEN %s AND %s OR (c.day < %s AND c.updated_at >= %s))"
            " ORDER BY c.person_id, c.day, c.source_id",
            (
                list({day for day, _mark in twins}),
                list(people),
                _STEPS,
                min(changed[0], days[0]),
                *days,
                days[0],
                changed[1],
            ),
            binary=True,
        ).fetchall()
        return [
            StepChunk(
                row[0],
                row[1],
                row[2],
                row[3],
                decode(row[4]),
                row[5],
                row[6],
                row[7],
                row[8] is not None and (row[1], bytes(row[8])) in twins,
            )
            for row in rows
        ]

    def hearts(
        self, people: Sequence[UUID], since: date, until: date
    ) -> dict[tuple[UUID, date, str], Columns]:
        """The heart rates of these people's devices, by person, day and device: they show when it was worn."""
        rows = self._connection.execute(
            "SELECT c.person_id, c.day, s.device, c.payload FROM phr.vital_chunk c JOIN phr.vital_source s"
            " ON s.person_id = c.person_id AND s.source_id = c.source_id WHERE c.person_id = ANY (%s)"
            " AND c.code = %s AND c.day BETWEEN %s AND %s AND s.device <> ''",
            (list(people), _HEART, since, until),
            binary=True,
        ).fetchall()
        return {(row[0], row[1], row[2]): decode(row[3]) for row in rows}

    def checkups(
        self, people: Sequence[UUID], since: date, until: date
    ) -> dict[UUID, list[tuple[date, str]]]:
        """The days of these people's check-ups, oldest first, with the method of their source."""
        rows = self._connection.execute(
            "SELECT c.person_id, c.day, coalesce(s.method, '') FROM phr.vital_chunk c"
            " LEFT JOIN phr.vital_source s ON s.person_id = c.person_id AND s.source_id = c.source_id"
            " WHERE c.person_id = ANY (%s) AND c.code = %s AND c.day BETWEEN %s AND %s ORDER BY c.person_id, c.day",
            (list(people), _CHECKUP, since, until),
        ).fetchall()
        found: dict[UUID, list[tuple[date, str]]] = defaultdict(list)
        for person, day, method in rows:
            found[person].append((day, method))
        return dict(found)

    def brushed(
        self, people: Sequence[UUID], since: date, until: date
    ) -> dict[UUID, list[tuple[date, datetime]]]:
        """The days on which these children brushed morning and evening, with the moment of the last entry."""
        rows = self._connection.execute(
            "SELECT person_id, day, updated_at FROM phr.brushing_day WHERE person_id = ANY (%s)"
            " AND day BETWEEN %s AND %s AND morning AND evening ORDER BY person_id, day",
            (list(people), since, until),
        ).fetchall()
        found: dict[UUID, list[tuple[date, datetime]]] = defaultdict(list)
        for person, day, at in rows:
            found[person].append((day, at))
        return dict(found)

    def post(self, letters: Sequence[tuple[UUID, UUID, str, dict[str, Any]]], now: datetime) -> None:
        """Posts letters to the ledger about several people: person, letter, key, content; each key once."""
        for at in range(0, len(letters), _ROWS):
            part = letters[at : at + _ROWS]
            self._connection.execute(
                "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
                f" VALUES {', '.join(['(%s, %s, %s, %s, %s, %s, %s)'] * len(part))} ON CONFLICT DO NOTHING",
                [
                    cell
                    for person, letter, key, content in part
                    for cell in (person, letter, "ledger", key, Jsonb(content), now, now)
                ],
            )

    def goals(self, people: Sequence[UUID]) -> dict[UUID, list[StepGoal]]:
        """The goals that were agreed with these people, oldest first."""
        query = select(StepGoal).where(col(StepGoal.person_id).in_(people))
        found: dict[UUID, list[StepGoal]] = defaultdict(list)
        for row in self._session.exec(query.order_by(col(StepGoal.day), col(StepGoal.at))).all():
            found[row.person_id].append(row)
        return dict(found)

    def keep(self, row: PointsReview | PointsAnswer | StepGoal) -> None:
        """Keeps a new row, or a changed one."""
        self._session.add(row)
        self._session.flush()

    def reviews(self, people: Sequence[UUID]) -> Sequence[PointsReview]:
        """The reviews of these people, newest first."""
        query = select(PointsReview).where(col(PointsReview.person_id).in_(people))
        return self._session.exec(query.order_by(col(PointsReview.opened_at).desc())).all()

    def queue(self, *, decided: bool, limit: int = 200) -> Sequence[PointsReview]:
        """The reviews that wait, oldest first; or those that were decided, newest first."""
        state, at = col(PointsReview.state), col(PointsReview.opened_at)
        query = select(PointsReview).where(state != "open" if decided else state == "open")
        order = col(PointsReview.decided_at).desc() if decided else at
        return self._session.exec(query.order_by(order).limit(limit)).all()

    def review(self, review: UUID, *, lock: bool = False) -> PointsReview | None:
        """One review by its id."""
        query = select(PointsReview).where(PointsReview.review_id == review)
        return self._session.exec(query.with_for_update() if lock else query).one_or_none()

    def answers(self, people: Sequence[UUID]) -> Sequence[PointsAnswer]:
        """What these people said to reviews, oldest first."""
        query = select(PointsAnswer).where(col(PointsAnswer.person_id).in_(people))
        return self._session.exec(query.order_by(col(PointsAnswer.at))).all()
