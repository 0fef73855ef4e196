"""Neighbours: other databases of one PostgreSQL server, whose roles are the same ones, so that two cities would share them."""

from __future__ import annotations

from contextlib import closing

import psycopg
from psycopg.rows import TupleRow

from phr.errors import Refused
from phr.store.engine import APP_ROLE, BROKER, Database, beside


def databases(connection: psycopg.Connection[TupleRow]) -> list[str]:
    """Databases of this server that let the service's role in by name, without this one and the queue's."""
    rows = connection.execute(
        "SELECT DISTINCT d.datname FROM pg_database d CROSS JOIN aclexplode(d.datacl) a"
        " JOIN pg_roles r ON r.oid = a.grantee WHERE r.rolname = %s AND a.privilege_type = 'CONNECT'"
        " AND d.datname <> current_database() AND d.datname <> %s ORDER BY 1",
        (APP_ROLE, BROKER),
    ).fetchall()
    return [str(row[0]) for row in rows]


def refuse_strangers(connection: psycopg.Connection[TupleRow], database: Database) -> None:
    """Refuses where another city's service would lose its password to this one.

    The role's password comes from the secrets. Where the role gets in nowhere with ours, and other databases let it in,
    it is somebody else's. Raises Refused.
    """
    others = databases(connection)
    connection.rollback()
    if others and not any(_opens(beside(database, name)) for name in others):
        raise Refused(
            f"the role {APP_ROLE} of this PostgreSQL server has another password, and other databases use it"
            f" ({', '.join(others)}): give each city a server (cluster) of its own, or drop these databases"
            " if nobody needs them"
        )


def strangers(connection: psycopg.Connection[TupleRow], database: Database, ours: list[str]) -> list[str]:
    """Neighbours that accept none of our seals: databases of another city, or of secrets that are gone."""
    return [name for name in databases(connection) if not set(_seals(beside(database, name))) & set(ours)]


def _opens(database: Database) -> bool:
    try:
        database.app().close()
    except psycopg.OperationalError:
        return False
    return True


def _seals(database: Database) -> list[str]:
    """The ids of the seals that a database accepts; none where it is not ours to ask."""
    try:
        with closing(database.app()) as connection:
            row = connection.execute("SELECT phr.seal_keys()").fetchone()
    except psycopg.Error:
        return []
    return [] if row is None else list(row[0] or [])
