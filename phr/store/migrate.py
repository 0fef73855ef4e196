"""Migrations: roles first, then Alembic inside the package, then the keys that seal contexts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy import Engine, create_engine

from phr.store.context import Sealer
from phr.store.engine import APP_ROLE, OWNER_ROLE, Connect, Database
from phr.store.neighbours import refuse_strangers
from phr.store.patience import LOCK_MILLISECONDS, patiently, take_turn

_FOLDER: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 4_207_849_484  # one migration at a time in a database
_HELPERS: Final = ("phr_seal", "phr_audit")
_LARGE_OBJECTS: Final = ("lo_creat(integer)", "lo_create(oid)", "lo_from_bytea(oid, bytea)")


def config_of_scripts() -> Config:
    """Alembic's configuration, for the folder in this package."""
    found = Config()
    found.set_main_option("script_location", str(_FOLDER))
    return found


def config(engine: Engine) -> Config:
    """The same, with the engine that migrates."""
    found = config_of_scripts()
    found.attributes["engine"] = engine
    return found


def admin_engine(connect: Connect) -> Engine:
    """An engine of the migrating role."""
    return create_engine("postgresql+psycopg://", creator=connect, pool_size=1)


def upgrade(database: Database, sealer: Sealer, revision: str = "head") -> None:
    """Brings the database to a revision. Safe to repeat, to interrupt, and to run from several processes at once.

    It waits for locks in short tries, so that a service that is in use goes on. Raises Busy when a table is never free,
    Refused where the server belongs to another city.
    """
    if revision == "head" and (is_current(database, sealer) or is_newer(database)):
        return
    guard = database.admin()
    try:
        take_turn(guard, _LOCK)
        guard.execute(f"SET lock_timeout = {LOCK_MILLISECONDS}")
        guard.commit()
        _roles_once_free(guard, database)
        engine = admin_engine(database.admin)
        try:
            patiently(lambda: command.upgrade(config(engine), revision))
        finally:
            engine.dispose()
        patiently(lambda: _let_forget(guard))
        _keys(guard, sealer)
    finally:
        guard.close()


def is_current(database: Database, sealer: Sealer) -> bool:
    """Whether the service's role can connect, finds the newest revision, and its newest seal is accepted."""
    try:
        connection = database.app()
    except psycopg.OperationalError:
        return False
    try:
        head = ScriptDirectory.from_config(config_of_scripts()).get_current_head()
        if current(connection) != head:
            return False
        known = connection.execute("SELECT phr.seal_keys()").fetchone()
        return known is not None and sorted(known[0] or []) == sorted(row[0] for row in sealer.rows())
    except psycopg.Error:
        return False
    finally:
        connection.close()


def is_newer(database: Database) -> bool:
    """Whether a later version has migrated the database; what it added does not hinder the version before it."""
    try:
        with database.app() as connection:
            found = current(connection)
    except psycopg.Error:
        return False
    known = {one.revision for one in ScriptDirectory.from_config(config_of_scripts()).walk_revisions()}
    return bool(found) and found not in known


def roles(database: Database) -> None:
    """The roles that a restored database needs before its rows come. Safe to repeat. Raises Refused as ``upgrade``."""
    with database.admin() as connection:
        _roles_once_free(connection, database)


def create_database(database: Database, name: str) -> None:
    """A new empty database beside the service's own."""
    _outside(
        database,
        sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(sql.Identifier(name)),
    )


def drop_database(database: Database, name: str) -> None:
    """Takes such a database away, whoever is connected to it."""
    _outside(database, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _outside(database: Database, statement: sql.Composed) -> None:
    connection = database.admin()
    try:
        connection.autocommit = True
        connection.execute(statement)
    finally:
        connection.close()


def _roles_once_free(connection: psycopg.Connection[TupleRow], database: Database) -> None:
    """Roles belong to the whole server, so another database's migration may be making them at this moment."""
    refuse_strangers(connection, database)
    for pause in (0.1, 0.3, 1.0, 3.0, 0.0):
        try:
            _roles(connection, database.app_password)
        except (
            psycopg.errors.DuplicateObject,
            psycopg.errors.UniqueViolation,
            psycopg.errors.InternalError_,
            psycopg.errors.LockNotAvailable,
        ):
            connection.rollback()
            if not pause:
                raise
            time.sleep(pause)
        else:
            return


def _roles(connection: psycopg.Connection[TupleRow], password: str) -> None:
    """Creates what is missing: the owner (no login), the service (no rights but those granted), two helpers."""
    for name in (OWNER_ROLE, APP_ROLE, *_HELPERS):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(name)))
    connection.execute(
        sql.SQL("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(APP_ROLE), sql.Literal(password)
        )
    )
    for name in (OWNER_ROLE, *_HELPERS):
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(name)))
    row: Any = connection.execute("SELECT current_database()").fetchone()
    database = sql.Identifier(row[0])
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(APP_ROLE))
    )
    connection.execute(
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, sql.Identifier(OWNER_ROLE))
    )
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    for maker in _LARGE_OBJECTS:  # rows that somebody may see today could be kept in one beyond a withdrawal
        connection.execute(f"REVOKE EXECUTE ON FUNCTION pg_catalog.{maker} FROM PUBLIC")
    connection.commit()


def _keys(connection: psycopg.Connection[TupleRow], sealer: Sealer) -> None:
    """Gives the database the keys of today's secrets and takes away those of secrets that are gone."""
    rows = sealer.rows()
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER_ROLE)))
    connection.execute(
        "DELETE FROM phr_private.seal_key WHERE key_id <> ALL (%s)", ([row[0] for row in rows],)
    )
    for row in rows:
        connection.execute(
            "INSERT INTO phr_private.seal_key (key_id, inner_pad, outer_pad) VALUES (%s, %s, %s)"
            " ON CONFLICT (key_id) DO NOTHING",
            row,
        )
    connection.commit()


def _let_forget(connection: psycopg.Connection[TupleRow]) -> None:
    """Gives tables that came after the right to be forgotten their door for it; without that right yet, nothing."""
    connection.rollback()  # of a try before
    known = connection.execute("SELECT to_regprocedure('phr.let_forget()')").fetchone()
    if known is not None and known[0] is not None:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(OWNER_ROLE)))
        connection.execute("SELECT phr.let_forget()")
    connection.commit()


def current(connection: psycopg.Connection[TupleRow]) -> str:
    """The revision that the database is at."""
    row = connection.execute("SELECT version_num FROM phr.alembic_version").fetchone()
    return "" if row is None else str(row[0])
