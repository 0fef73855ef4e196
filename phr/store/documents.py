"""Versioned FHIR documents: every write makes a version, and none is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow

from phr.domain.fhir.history import Asked, Version
from phr.errors import Conflict
from phr.store.subscriptions import note_versions

_COLUMNS = (
    "person_id, type, id, version, deleted, category, day, codes, labels, status, low, high, updated_at, body"
)


@dataclass(frozen=True, slots=True)
class Document:
    """A version of a FHIR resource.

    codes: ``system|code`` of its code; labels: ``system|code`` of its FHIR categories; low, high: the instants
    that its effective time spans, high excluded, None for open; body: the JSON text as it is given back.
    """

    person_id: UUID
    type: str
    id: str
    version: int
    deleted: bool
    category: str
    day: date
    codes: Sequence[str]
    labels: Sequence[str]
    status: str
    low: datetime | None
    high: datetime | None
    updated_at: datetime
    body: str


_VERSION = "h.person_id, h.type, h.id, h.version, h.deleted, h.category, h.day, h.updated_at, h.body"
_DELETED = "EXISTS (SELECT 1 FROM phr.resource r WHERE r.person_id = h.person_id AND r.type = h.type AND r.id = h.id AND r.deleted)"
_WHOLE = (
    "(h.type <> 'Observation' OR length(h.id) <> 48 OR EXISTS (SELECT 1 FROM phr.resource r"
    " WHERE r.person_id = h.person_id AND r.type = h.type AND r.id = h.id))"
)
"""Not what was measured, whose earlier versions are kept but whose present one is no document."""
_FOLLOWED = (
    "EXISTS (SELECT 1 FROM phr.resource_history n WHERE n.person_id = h.person_id AND n.type = h.type AND n.id = h.id"
    " AND n.version = h.version + 1 AND n.updated_at <= %s)"
)


class Documents:
    """The documents that the transaction's context may reach."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self._connection = connection

    def version(self, person: UUID, kind: str, identity: str) -> int:
        """The present version, locked until the transaction ends; 0 when there is none that this context sees."""
        row: Any = self._connection.execute(
            "SELECT version FROM phr.resource WHERE person_id = %s AND type = %s AND id = %s FOR UPDATE",
            (person, kind, identity),
        ).fetchone()
        return 0 if row is None else int(row[0])

    def put(self, document: Document) -> None:
        """Stores a version, which must follow the present one."""
        done = self._connection.execute(
            f"INSERT INTO phr.resource ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (person_id, type, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted,"
            " category = excluded.category, day = excluded.day, codes = excluded.codes, labels = excluded.labels,"
            " status = excluded.status, low = excluded.low, high = excluded.high, updated_at = excluded.updated_at,"
            " body = excluded.body WHERE resource.version = excluded.version - 1",
            _values(document),
        )
        if done.rowcount != 1:
            raise Conflict(f"{document.type} was changed meanwhile")
        self._keep(document)

    def add(self, document: Document) -> None:
        """Stores the first version of a new document. Unlike ``put`` it needs no sight of what is there."""
        self._connection.execute(
            f"INSERT INTO phr.resource ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            _values(document),
        )
        self._keep(document)

    def end(self, document: Document) -> None:
        """Stores the version in which a document is deleted, which must follow the present one."""
        d = document
        done = self._connection.execute(
            "UPDATE phr.resource SET version = %s, deleted = true, codes = '{}', labels = '{}', status = '',"
            " updated_at = %s, body = %s WHERE person_id = %s AND type = %s AND id = %s AND version = %s",
            (d.version, d.updated_at, d.body, d.person_id, d.type, d.id, d.version - 1),
        )
        if done.rowcount != 1:
            raise Conflict(f"{document.type} was changed meanwhile")
        self._keep(document)

    def keep_earlier(self, d: Document) -> None:
        """Keeps a version of what was measured, as it was before a correction: it is history from the beginning."""
        self._connection.execute(_KEEP, _history(d))

    def earlier(self, person: UUID, kind: str, identity: str) -> list[Version]:
        """The kept versions of one resource, newest first."""
        rows = self._connection.execute(
            f"SELECT {_VERSION} FROM phr.resource_history h WHERE h.person_id = %s AND h.type = %s AND h.id = %s"
            " ORDER BY h.version DESC",
            (person, kind, identity),
        ).fetchall()
        return [Version(*row) for row in rows]

    def _keep(self, d: Document) -> None:
        self._connection.execute(_KEEP, _history(d))
        if not d.deleted:
            note_versions(self._connection, [(d.person_id, d.type, d.id, d.codes, d.labels)], d.updated_at)

    def get(self, kind: str, identity: str) -> Document | None:
        """The present version."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM phr.resource WHERE type = %s AND id = %s", (kind, identity)
        ).fetchone()
        return None if row is None else Document(*row)

    def of_person(self, person: UUID, kind: str) -> list[Document]:
        """A person's documents of one type, newest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM phr.resource WHERE person_id = %s AND type = %s AND NOT deleted"
            " ORDER BY updated_at DESC, id",
            (person, kind),
        ).fetchall()
        return [Document(*row) for row in rows]

    def after(self, person: UUID, kind: str, identity: str, limit: int) -> list[tuple[str, str]]:
        """The next documents of a type after an id, with their JSON text."""
        rows = self._connection.execute(
            "SELECT id, body FROM phr.resource WHERE person_id = %s AND type = %s AND id > %s AND NOT deleted"
            " ORDER BY id LIMIT %s",
            (person, kind, identity, limit),
        ).fetchall()
        return [(row[0], row[1]) for row in rows]

    def history(self, kind: str, identity: str) -> list[tuple[int, bool, datetime, str]]:
        """Every version: number, deleted, when, body; newest first."""
        rows = self._connection.execute(
            "SELECT version, deleted, updated_at, body FROM phr.resource_history WHERE type = %s AND id = %s"
            " ORDER BY version DESC",
            (kind, identity),
        ).fetchall()
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def one_version(self, present: Document, version: int) -> Version | None:
        """One version of a document, where this context may see it."""
        row = self._connection.execute(
            f"SELECT {_VERSION} FROM phr.resource_history h WHERE h.person_id = %s AND h.type = %s AND h.id = %s"
            " AND h.version = %s",
            (present.person_id, present.type, present.id, version),
        ).fetchone()
        return None if row is None else Version(*row)

    def versions(self, asked: Asked) -> list[Version]:
        """Versions of one person, newest first. What came before a deletion is for the person alone."""
        where, values = ["h.person_id = %s"], [asked.person]
        conditions: list[tuple[str, tuple[Any, ...] | None]] = [
            ("h.type = %s", (asked.kind,) if asked.kind else None),
            ("h.id = %s", (asked.id,) if asked.id else None),
            (f"(h.deleted OR NOT {_DELETED})", None if asked.own else ()),
            (_WHOLE, None if asked.id else ()),
            ("h.updated_at >= %s", (asked.since,) if asked.since else None),
            ("h.updated_at < %s", (asked.high,) if asked.high else None),
            (f"NOT {_FOLLOWED}", (asked.low,) if asked.low else None),
            ("(h.updated_at, h.type, h.id, h.version) < (%s, %s, %s, %s)", asked.after),
        ]
        for text, given in conditions:
            if given is not None:
                where.append(text)
                values += given
        rows = self._connection.execute(
            f"SELECT {_VERSION} FROM phr.resource_history h WHERE {' AND '.join(where)}"
            " ORDER BY h.updated_at DESC, h.type DESC, h.id DESC, h.version DESC LIMIT %s",
            (*values, asked.count + 1),
        ).fetchall()
        return [Version(*row) for row in rows]


_KEEP: LiteralString = (
    "INSERT INTO phr.resource_history (person_id, type, id, version, deleted, category, day, updated_at, body)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _history(d: Document) -> tuple[Any, ...]:
    """The values of ``_KEEP``."""
    return (d.person_id, d.type, d.id, d.version, d.deleted, d.category, d.day, d.updated_at, d.body)


def _values(d: Document) -> tuple[Any, ...]:
    """The values of ``_COLUMNS``."""
    return (
        d.person_id,
        d.type,
        d.id,
        d.version,
        d.deleted,
        d.category,
        d.day,
        list(d.codes),
        list(d.labels),
        d.status,
        d.low,
        d.high,
        d.updated_at,
        d.body,
    )
