"""Leaks and whom they concern, the log of provisions to third parties, and the end of the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, delete, select

from phr.store.tables import Incident, IncidentPerson, Provision, ServiceEnd


class Incidents:
    """What the operator's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def put(self, row: Incident) -> None:
        """Keeps an incident, new or changed."""
        self._session.add(row)
        self._session.flush()

    def get(self, incident: UUID) -> Incident | None:
        """One incident, locked."""
        return self._session.exec(
            select(Incident).where(Incident.incident_id == incident).with_for_update()
        ).one_or_none()

    def all(self, limit: int = 200) -> Sequence[Incident]:
        """Incidents, newest first."""
        return self._session.exec(select(Incident).order_by(col(Incident.known_at).desc()).limit(limit)).all()

    def add_people(self, incident: UUID, people: Iterable[UUID]) -> int:
        """Notes whom an incident concerns; gives how many are known now."""
        for person in sorted(set(people)):
            self._session.execute(
                insert(IncidentPerson).values(person_id=person, incident_id=incident).on_conflict_do_nothing()
            )
        return self.count_people(incident)

    def count_people(self, incident: UUID) -> int:
        """How many people an incident concerns."""
        query = select(func.count()).select_from(IncidentPerson).where(IncidentPerson.incident_id == incident)
        return int(self._session.exec(query).one())

    def untold(self, incident: UUID, limit: int = 500) -> Sequence[UUID]:
        """Whom nobody has told yet."""
        query = select(IncidentPerson.person_id).where(
            IncidentPerson.incident_id == incident, col(IncidentPerson.told_at).is_(None)
        )
        return self._session.exec(query.order_by(col(IncidentPerson.person_id)).limit(limit)).all()

    def told(self, incident: UUID, person: UUID, now: datetime) -> None:
        """Notes that a message to a person was posted."""
        row = self._session.get(IncidentPerson, (person, incident))
        if row is not None:
            row.told_at = now
            self._session.add(row)
            self._session.flush()

    def read_by(self, actor: str, since: datetime, until: datetime) -> list[UUID]:
        """Whose data an actor reached in a period, by the trail; in the context of the review."""
        rows = self._connection.execute(
            "SELECT DISTINCT person_id FROM phr.audit_event WHERE actor = %s AND at >= %s AND at < %s"
            " AND outcome <> 'refused' AND n > 0 AND person_id <> %s ORDER BY 1",
            (actor, since, until, UUID(int=0)),
        ).fetchall()
        return [row[0] for row in rows]

    def note_provision(self, row: Provision) -> bool:
        """Notes a provision once for its key; tells whether it was new."""
        done: Any = self._session.execute(insert(Provision).values(row.model_dump()).on_conflict_do_nothing())
        return bool(done.rowcount == 1)

    def provisions(self, limit: int = 1000) -> Sequence[Provision]:
        """The log, newest first."""
        return self._session.exec(select(Provision).order_by(col(Provision.at).desc()).limit(limit)).all()

    def drop_provisions(self, before: datetime) -> int:
        """Deletes what need not be kept any longer."""
        done: Any = self._session.execute(delete(Provision).where(col(Provision.at) < before))
        return int(done.rowcount)

    def releases(self) -> list[tuple[str, str, datetime, dict[str, Any], int]]:
        """What was released for research: number, recipient, when, protocol, how many people are in it."""
        rows = self._connection.execute(
            "SELECT r.release_id, r.recipient, r.published_at, r.protocol,"
            " (SELECT count(*) FROM phr.release_member m WHERE m.release_id = r.release_id)"
            " FROM phr.release r WHERE r.published_at IS NOT NULL ORDER BY r.published_at"
        ).fetchall()
        return [(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]

    def ends(self) -> ServiceEnd | None:
        """When the service ends, if that was decided."""
        return self._session.get(ServiceEnd, True)

    def end(self, ends_at: datetime, export_until: date, by: str, now: datetime) -> None:
        """Decides the end, or moves it."""
        values = {"ends_at": ends_at, "export_until": export_until, "decided_by": by, "decided_at": now}
        self._session.execute(
            insert(ServiceEnd)
            .values(one=True, **values)
            .on_conflict_do_update(index_elements=["one"], set_=values)
        )

    def go_on(self) -> bool:
        """Takes the end back; tells whether there was one."""
        done: Any = self._session.execute(delete(ServiceEnd))
        return bool(done.rowcount)
