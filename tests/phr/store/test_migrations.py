"""Migrations: up, one down, up again; the classes agree with the tables; several at once; secrets change."""

from __future__ import annotations

import threading
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlmodel import SQLModel

from phr.bootstrap import start
from phr.domain.keys import pads
from phr.store import tables
from phr.store.context import Sealer
from phr.store.engine import external
from phr.store.migrate import admin_engine, config, config_of_scripts, current, upgrade
from phr.store.patience import LOCK_MILLISECONDS
from tests.conftest import SECRET, make_database, settings_at
from tests.phr.store.door import fill, oneself, personal_tables, seen

OLD, NEW = b"an old secret of at least forty characters", b"a new secret of at least forty characters."


@pytest.fixture
def empty(server_url, worker_id):
    """A new database without anything in it."""
    return make_database(server_url, f"phr_migrate_{worker_id}")


def shape(url):
    """Every column, policy, index, function and privilege of the service's schemas."""
    queries = (
        (
            "SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default FROM"
            " information_schema.columns WHERE table_schema IN ('phr', 'phr_private', 'ledger') ORDER BY 1, 2, ordinal_position"
        ),
        "SELECT schemaname, tablename, policyname, cmd, roles::text, qual, with_check FROM pg_policies ORDER BY 1, 2, 3",
        "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('phr', 'ledger') ORDER BY 1",
        (
            "SELECT p.oid::regprocedure::text, md5(pg_get_functiondef(p.oid)), proowner::regrole::text, proacl::text FROM pg_proc p"
            " WHERE pronamespace::regnamespace::text IN ('phr', 'ledger') ORDER BY 1"
        ),
        (
            "SELECT relname, relacl::text, relrowsecurity, relforcerowsecurity, reloptions::text FROM pg_class"
            " WHERE relnamespace::regnamespace::text IN ('phr', 'ledger') ORDER BY 1"
        ),
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def database(url, *secrets):
    return external(url, "", secrets[-1]), Sealer(list(secrets))


def test_up_one_down_and_up_again_gives_the_same_database(empty):
    """The last migration can be taken back and made again."""
    system = start(settings_at(empty))
    system.migrate()
    first = shape(empty)
    engine = admin_engine(system.database.admin)
    command.downgrade(config(engine), "-1")
    engine.dispose()
    assert shape(empty) != first
    system.migrate()
    assert shape(empty) == first


def test_down_to_nothing_and_up_again_gives_the_same_database(empty):
    """Every migration can be taken back; the service's roles stay."""
    system = start(settings_at(empty))
    system.migrate()
    first = shape(empty)
    engine = admin_engine(system.database.admin)
    command.downgrade(config(engine), "base")
    with psycopg.connect(empty) as connection:
        left = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname IN ('phr', 'phr_private', 'ledger')"
        )
        assert left.fetchall() == [("alembic_version",)]
    engine.dispose()
    system.migrate()
    assert shape(empty) == first


def test_migrating_again_changes_nothing(empty):
    """Every start of the service may migrate."""
    system = start(settings_at(empty))
    system.migrate()
    first = shape(empty)
    system.migrate()
    assert shape(empty) == first


def test_the_classes_are_those_of_the_tables(database_url):
    """Drift between SQLModel and the migrations: columns, types, keys, indexes, defaults."""
    assert tables.Person.metadata is SQLModel.metadata
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))

    def ours(name, kind, parents):
        return (
            name == "phr"
            if kind == "schema"
            else parents.get("schema_name") == "phr" and name != "alembic_version"
        )

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": ours,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_several_may_migrate_at_once(empty):
    """Replicas start together; one migrates and the others find it done."""
    problems = []

    def migrate():
        try:
            upgrade(*database(empty, SECRET.encode()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            problems.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    with psycopg.connect(empty) as connection:
        assert current(connection) == ScriptDirectory.from_config(config_of_scripts()).get_current_head()


def test_a_migration_waits_for_another_database_s_that_has_the_roles(empty, server_url, migrated):
    """Roles are the server's: whoever makes them may take longer than a migration waits for any lock."""
    with psycopg.connect(server_url) as other:
        other.execute("ALTER ROLE phr_app LOGIN")  # of the migrations before; it is held until the end
        letting_go = threading.Timer(2.5 * LOCK_MILLISECONDS / 1000, other.commit)
        letting_go.start()
        upgrade(*database(empty, SECRET.encode()))
        letting_go.join()
    with psycopg.connect(empty) as connection:
        assert current(connection)


@pytest.fixture
def restored(empty):
    """The role's password is the server's, so it is put back for the other tests."""
    yield empty
    start(settings_at(empty)).migrate()


def test_while_secrets_change_both_are_accepted_and_afterwards_only_the_new(restored):
    """Rotation without an interruption: add the new in front, migrate, restart all, remove the old, migrate."""
    person = uuid4()

    def sees(secret, *present):
        base, _sealer = database(restored, *present)
        with base.app() as connection, psycopg.connect(restored) as admin:
            Sealer([secret]).open(connection, oneself(person))
            return seen(connection, personal_tables(admin), person) != {}

    upgrade(*database(restored, OLD))
    with psycopg.connect(restored, autocommit=True) as admin:
        fill(admin, person)
    assert (sees(OLD, OLD), sees(NEW, OLD)) == (True, False)
    upgrade(*database(restored, NEW, OLD))
    assert (sees(OLD, NEW, OLD), sees(NEW, NEW, OLD)) == (True, True)
    upgrade(*database(restored, NEW))
    assert (sees(OLD, NEW), sees(NEW, NEW)) == (False, True)


def test_the_database_holds_padded_keys_and_never_a_secret(database_url):
    """The key of the seal is derived; the secret itself is nowhere in the database."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT inner_pad, outer_pad FROM phr_private.seal_key").fetchall()
    assert rows
    for inner, outer in rows:
        assert (len(inner), len(outer)) == (64, 64)
        assert SECRET.encode()[:20] not in bytes(inner) + bytes(outer)
        assert (bytes(inner), bytes(outer)) != pads(SECRET.encode())
