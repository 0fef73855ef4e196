"""De-identified exports: protocol, files, certificate, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb
from sqlmodel import Session, col, select

from phr.store.tables import Release, ReleaseFile


class Releases:
    """The exports of this context's recipient."""

    def __init__(self, connection: psycopg.Connection[TupleRow], session: Session) -> None:
        self._connection = connection
        self._session = session

    def put(self, release: Release) -> None:
        """Keeps a release."""
        self._session.add(release)
        self._session.flush()

    def get(self, release_id: str) -> Release | None:
        """A release by its id."""
        return self._session.get(Release, release_id)

    def listed(self, recipient: str) -> Sequence[Release]:
        """A recipient's releases, newest first."""
        query = select(Release).where(Release.recipient == recipient)
        return self._session.exec(query.order_by(col(Release.created_at).desc())).all()

    def put_files(self, release_id: str, files: Mapping[str, bytes]) -> None:
        """Keeps the files of a release."""
        for name, body in sorted(files.items()):
            self._session.add(ReleaseFile(release_id=release_id, name=name, body=body))
        self._session.flush()

    def file(self, release_id: str, name: str) -> bytes | None:
        """A file of a release."""
        found = self._session.get(ReleaseFile, (release_id, name))
        return None if found is None else bytes(found.body)

    def destroy_files(self, release_id: str) -> int:
        """Removes a release's files for good; gives how many there were."""
        done = self._connection.execute("DELETE FROM phr.release_file WHERE release_id = %s", (release_id,))
        return done.rowcount

    def in_state(self, state: str) -> Sequence[Release]:
        """Everybody's releases in a state, for those who run the service."""
        return self._session.exec(select(Release).where(Release.state == state)).all()

    def put_members(
        self,
        release_id: str,
        recipient: str,
        members: Mapping[UUID, Sequence[tuple[str, int]]],
        classes: Mapping[UUID, int],
        now: datetime,
    ) -> None:
        """Notes who is in a release, in which class, and on which versions of which consents."""
        self._connection.cursor().executemany(
            "INSERT INTO phr.release_member (person_id, release_id, recipient, consents, at, class_no)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (person, release_id, recipient, Jsonb(list(c)), now, classes[person])
                for person, c in sorted(members.items())
            ],
        )

    def put_vault(self, release_id: str, recipient: str, numbers: Mapping[UUID, str]) -> None:
        """Puts aside who has which number; nothing in this context can read it again."""
        self._connection.cursor().executemany(
            "INSERT INTO phr.release_vault (person_id, release_id, recipient, number) VALUES (%s, %s, %s, %s)",
            [(person, release_id, recipient, number) for person, number in sorted(numbers.items())],
        )

    def entomb(self, person: UUID, release_id: str, now: datetime) -> bool:
        """In the context of a withdrawal: hands the person's number to the list of those to delete, if there is one."""
        done = self._connection.execute(
            "INSERT INTO phr.release_gone (release_id, number, recipient, at)"
            " SELECT release_id, number, recipient, %s FROM phr.release_vault WHERE person_id = %s AND release_id = %s"
            " ON CONFLICT DO NOTHING",
            (now, person, release_id),
        )
        return done.rowcount > 0

    def gone(self, release_id: str) -> list[tuple[str, datetime]]:
        """The numbers of a release that must be deleted, oldest first."""
        rows = self._connection.execute(
            "SELECT number, at FROM phr.release_gone WHERE release_id = %s ORDER BY at, number", (release_id,)
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def seed(self, recipient: str, project: str, fresh: bytes, now: datetime) -> bytes:
        """The seed of a project; the given one where it has none yet."""
        self._connection.execute(
            "INSERT INTO phr.release_project (recipient, project, seed, made_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (recipient, project, fresh, now),
        )
        row = self._connection.execute(
            "SELECT seed FROM phr.release_project WHERE recipient = %s AND project = %s", (recipient, project)
        ).fetchone()
        return bytes(row[0]) if row else fresh

    def lock(self) -> None:
        """One release at a time is published, so that each is compared with the one before."""
        self._connection.execute("SELECT pg_advisory_xact_lock(hashtext('phr.release'))")

    def comparable(self, recipient: str) -> list[tuple[str, str]]:
        """Releases that a new one of this recipient is compared with, and their profiles: their own, and all without a table."""
        rows = self._connection.execute(
            "SELECT release_id, protocol->>'profile' FROM phr.release WHERE published_at IS NOT NULL"
            " AND (recipient = %s OR protocol->>'profile' = 'anonymised') ORDER BY published_at, release_id",
            (recipient,),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def classes(self, release_id: str) -> dict[UUID, int]:
        """In which class everybody of a release stood."""
        rows = self._connection.execute(
            "SELECT person_id, class_no FROM phr.release_member WHERE release_id = %s AND class_no IS NOT NULL",
            (release_id,),
        ).fetchall()
        return {row[0]: int(row[1]) for row in rows}

    def members(self, release_id: str) -> dict[UUID, list[tuple[str, int]]]:
        """Who is in a release, with the consents and versions that it stood on."""
        rows = self._connection.execute(
            "SELECT person_id, consents FROM phr.release_member WHERE release_id = %s", (release_id,)
        ).fetchall()
        return {row[0]: [(str(one[0]), int(one[1])) for one in row[1]] for row in rows}

    def of_person(self, person: UUID) -> list[tuple[str, str, datetime]]:
        """The releases that hold a person's data: release, recipient, when."""
        rows = self._connection.execute(
            "SELECT release_id, recipient, at FROM phr.release_member WHERE person_id = %s ORDER BY at",
            (person,),
        ).fetchall()
        return [(row[0], row[1], row[2]) for row in rows]
