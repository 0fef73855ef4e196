"""Examination: facts about the database that a healthy installation has; read as the service, and changing nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from alembic.script import ScriptDirectory
from psycopg.rows import TupleRow

from phr.store.engine import OWNER_ROLE, Database
from phr.store.migrate import config_of_scripts, current
from phr.store.neighbours import strangers

OPEN: Final = frozenset({"alembic_version", "audit_head", "heartbeat"})
"""Tables without policies: numbers of the service, nothing about anybody."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says of itself. open_tables: with personal data, and no forced policy.

    strangers: databases of another installation on the same server.
    """

    version: int
    revision: str
    accepted: list[str]
    role: str
    powerful: bool
    open_tables: list[str]
    now: datetime
    civil: datetime
    used: int
    limit: int
    strangers: list[str]


def revisions() -> tuple[str, list[str]]:
    """The newest revision of this version, and all of them."""
    scripts = ScriptDirectory.from_config(config_of_scripts())
    return str(scripts.get_current_head()), [one.revision for one in scripts.walk_revisions()]


def answers(database: Database, *, admin: bool) -> bool:
    """Whether a connection can be made, as the role that migrates or as the service."""
    try:
        (database.admin if admin else database.app)().close()
    except psycopg.Error:
        return False
    return True


def facts(database: Database, zone: str, seals: list[str]) -> Facts:
    """Reads them in one connection. Raises psycopg.Error where the database lacks what is asked."""
    connection = database.app()
    try:
        connection.execute("SET statement_timeout = '10s'")
        return _facts(connection, zone, strangers(connection, database, seals))
    finally:
        connection.close()


def _facts(connection: psycopg.Connection[TupleRow], zone: str, strange: list[str]) -> Facts:
    name, powerful, now, civil, limit = _row(
        connection,
        "SELECT current_user, r.rolsuper OR r.rolbypassrls OR EXISTS (SELECT 1 FROM pg_roles o"
        " WHERE o.rolname = %s AND pg_has_role(r.oid, o.oid, 'MEMBER')), clock_timestamp(),"
        " clock_timestamp() AT TIME ZONE %s, current_setting('max_connections')::int"
        " FROM pg_roles r WHERE r.rolname = current_user",
        (OWNER_ROLE, zone),
    )
    used = _row(connection, "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user", ())[0]
    there = _row(connection, "SELECT to_regclass('phr.alembic_version')", ())[0]
    return Facts(
        version=connection.info.server_version // 10000,
        revision=current(connection) if there else "",
        accepted=list(_row(connection, "SELECT phr.seal_keys()", ())[0] or []) if there else [],
        role=str(name),
        powerful=bool(powerful),
        open_tables=_open_tables(connection),
        now=now,
        civil=civil,
        used=int(used),
        limit=int(limit),
        strangers=strange,
    )


def _row(connection: psycopg.Connection[TupleRow], query: str, values: tuple[object, ...]) -> Any:
    return connection.execute(query, values).fetchone()


def _open_tables(connection: psycopg.Connection[TupleRow]) -> list[str]:
    rows = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'phr' AND c.relkind IN ('r', 'p', 'f', 'm') AND NOT (c.relrowsecurity"
        " AND c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)) ORDER BY 1"
    ).fetchall()
    return [str(row[0]) for row in rows if row[0] not in OPEN]
