"""Figures of the city's plan: counted over many people under the purposes that allow it, and kept by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from phr.store.audit import NOBODY
from phr.store.tables import CityFigure

_BLOCK = 500


class Figures:
    """The counts that the transaction's context may make, and the figures kept of days that are over."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def _number(self, query: str, *values: object) -> int:
        row: Any = self._connection.execute(query, values).fetchone()
        return int(row[0])

    def residents(self) -> int:
        """Accounts of residents; while managing sessions."""
        return self._number("SELECT count(*) FROM phr.account WHERE role = 'resident' AND NOT disabled")

    def opted_in(self) -> int:
        """People with a live permit for the purpose and recipient at hand."""
        return self._number(
            "SELECT count(DISTINCT person_id) FROM phr.consent_grant WHERE effect = 'permit'"
            " AND audience = ANY ((SELECT phr.ctx_audiences())::text[])"
            " AND valid_from <= statement_timestamp() AND statement_timestamp() < valid_to"
        )

    def withdrew(self, since: datetime) -> int:
        """People who withdrew a consent since then; while reviewing the trail."""
        return self._number(
            "SELECT count(DISTINCT person_id) FROM phr.audit_event WHERE at >= %s AND action = 'withdraw'"
            " AND outcome = 'ok'",
            since,
        )

    def sources(self, codes: Sequence[str], since: date) -> tuple[int, int]:
        """Devices that delivered since a day, and of how many people; while collecting, some people at a time."""
        devices, people, after = 0, 0, NOBODY
        while True:
            block = self._block(after)
            if not block:
                return devices, people
            row: Any = self._connection.execute(
                "SELECT count(DISTINCT (person_id, source_id)), count(DISTINCT person_id) FROM phr.vital_day"
                " WHERE person_id = ANY (%s) AND code = ANY (%s) AND day >= %s",
                (block, list(codes), since),
            ).fetchone()
            devices, people, after = devices + int(row[0]), people + int(row[1]), block[-1]

    def _block(self, after: UUID) -> list[UUID]:
        rows = self._connection.execute(
            "SELECT person_id FROM phr.person WHERE person_id > %s ORDER BY person_id LIMIT %s",
            (after, _BLOCK),
        ).fetchall()
        return [row[0] for row in rows]

    def guided(self, begun: Sequence[str], first: date) -> tuple[int, int]:
        """People whose guidance for a check-up since a day has begun, and all to whom it was offered; for guidance."""
        row: Any = self._connection.execute(
            "SELECT count(DISTINCT person_id) FILTER (WHERE state = ANY (%s)), count(DISTINCT person_id)"
            " FROM phr.guidance_course WHERE day >= %s",
            (list(begun), first),
        ).fetchone()
        return int(row[0]), int(row[1])

    def put(self, rows: Sequence[CityFigure]) -> None:
        """Keeps figures of a day, in place of earlier ones of the same day; while operating."""
        for row in rows:
            values = row.model_dump()
            statement = insert(CityFigure).values(values)
            self._session.execute(
                statement.on_conflict_do_update(index_elements=["day", "name", "part"], set_=values)
            )

    def since(self, day: date) -> Sequence[CityFigure]:
        """The figures from a day on, oldest first; while operating."""
        query = select(CityFigure).where(col(CityFigure.day) >= day)
        return self._session.exec(
            query.order_by(col(CityFigure.name), col(CityFigure.part), col(CityFigure.day))
        ).all()
