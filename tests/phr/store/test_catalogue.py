"""The catalogue of the database: what must be true of every table, function and role, also of those to come."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

OPEN = {"alembic_version", "audit_head", "heartbeat"}
"""Tables without row-level security: numbers of the service, nothing about anybody."""
NOT_BY_PERSON = {"account": "account_id", "session": "session_hash", "smart_token": "token_hash"}
"""Tables with personal data that are found by another key, because signing in comes before knowing the person."""


def unguarded(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Tables of the schema whose rows the policies do not guard, and what each lacks."""
    rows = connection.execute(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,"
        " EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid)"
        " FROM pg_class c WHERE c.relnamespace = 'phr'::regnamespace AND c.relkind IN ('r', 'p', 'f', 'm')"
    ).fetchall()
    found = {}
    for name, enabled, forced, policies in rows:
        lacks = [
            word
            for word, given in (("row-level security", enabled), ("FORCE", forced), ("a policy", policies))
            if not given
        ]
        if lacks and name not in OPEN:
            found[name] = ", ".join(lacks)
    return found


def badly_keyed(connection: psycopg.Connection[Any]) -> set[str]:
    """Tables with a person in them whose primary key does not begin with the person."""
    rows = connection.execute(
        "SELECT c.relname, (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        "   AND a.attnum = i.indkey[0] WHERE i.indrelid = c.oid AND i.indisprimary)"
        " FROM pg_class c WHERE c.relnamespace = 'phr'::regnamespace AND c.relkind IN ('r', 'p') AND EXISTS ("
        "   SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'person_id')"
    ).fetchall()
    return {name for name, first in rows if first != "person_id" and NOT_BY_PERSON.get(name) != first}


def test_every_table_has_its_door(admin):
    """Row-level security on, FORCE on, at least one policy."""
    assert unguarded(admin) == {}


def test_the_tables_without_a_door_hold_nobody(admin):
    """The exceptions have no person, no account and no text about anybody."""
    columns = admin.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'phr'"
        " AND table_name = ANY (%s)",
        (sorted(OPEN),),
    ).fetchall()
    assert {name for name, _column in columns} == OPEN
    assert {column for _name, column in columns} == {"version_num", "chain", "seq", "hash", "name", "at"}


@pytest.mark.parametrize(
    ("made", "lacks"),
    [
        ("", "row-level security, FORCE, a policy"),
        ("ALTER TABLE phr.forgotten ENABLE ROW LEVEL SECURITY", "FORCE, a policy"),
        ("ALTER TABLE phr.forgotten ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY", "a policy"),
    ],
)
def test_a_new_table_that_forgets_its_door_is_reported(admin, made, lacks):
    """The check above would fail for tomorrow's table."""
    with admin.transaction(force_rollback=True):
        admin.execute("SET LOCAL ROLE phr_owner")
        admin.execute("CREATE TABLE phr.forgotten (id uuid PRIMARY KEY, person_id uuid NOT NULL)")
        admin.execute(made or "SELECT 1")
        assert unguarded(admin) == {"forgotten": lacks}
        assert badly_keyed(admin) == {"forgotten"}


def test_a_materialised_view_is_reported_too(admin):
    """A copy of rows has no policies."""
    with admin.transaction(force_rollback=True):
        admin.execute("CREATE MATERIALIZED VIEW phr.forgotten AS SELECT * FROM phr.vital_day")
        assert "forgotten" in unguarded(admin)


def test_every_table_about_people_begins_its_key_with_the_person(admin):
    """So that the schema can be distributed by person, and one person's rows lie together."""
    assert badly_keyed(admin) == set()


def test_the_service_role_is_nobody_special(admin):
    """Not a superuser, no BYPASSRLS, creates neither databases nor roles, replicates nothing."""
    row = admin.execute(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = 'phr_app'"
    ).fetchone()
    assert row == (False, False, False, False, False)


def test_the_service_role_is_a_member_of_no_role_and_owns_nothing(admin):
    """Neither SET ROLE nor ownership leads past a policy."""
    member = admin.execute("SELECT roleid::regrole FROM pg_auth_members WHERE member = 'phr_app'::regrole")
    assert member.fetchall() == []
    owned = admin.execute(
        "SELECT classid::regclass, objid FROM pg_shdepend WHERE refobjid = 'phr_app'::regrole AND deptype = 'o'"
        " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    assert owned.fetchall() == []


def test_the_service_role_creates_nothing_anywhere(admin):
    """No CREATE on any schema, no CREATE and no TEMP on the database."""
    schemas = admin.execute(
        "SELECT nspname FROM pg_namespace WHERE has_schema_privilege('phr_app', oid, 'CREATE')"
    )
    assert schemas.fetchall() == []
    row = admin.execute(
        "SELECT has_database_privilege('phr_app', current_database(), 'TEMP'),"
        " has_database_privilege('phr_app', current_database(), 'CREATE')"
    ).fetchone()
    assert row == (False, False)


def test_the_service_role_cannot_reach_the_private_schema(admin):
    """The key of the seal is for the function that checks it."""
    row = admin.execute(
        "SELECT has_schema_privilege('phr_app', 'phr_private', 'USAGE'),"
        " has_table_privilege('phr_app', 'phr_private.seal_key', 'SELECT'),"
        " has_any_column_privilege('phr_app', 'phr_private.seal_key', 'SELECT')"
    ).fetchone()
    assert row == (False, False, False)
    readers = admin.execute(
        "SELECT rolname FROM pg_roles WHERE has_table_privilege(oid, 'phr_private.seal_key', 'SELECT') AND NOT rolsuper"
        " AND rolname NOT LIKE 'pg\\_%'"
    )
    assert {row[0] for row in readers.fetchall()} == {"phr_owner", "phr_seal"}


def test_the_roles_that_hold_power_cannot_log_in(admin):
    """phr_owner, phr_seal and phr_audit are used by functions and migrations only."""
    rows = admin.execute(
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles"
        " WHERE rolname IN ('phr_owner', 'phr_seal', 'phr_audit') ORDER BY 1"
    ).fetchall()
    assert rows == [(name, False, False, False) for name in ("phr_audit", "phr_owner", "phr_seal")]


def test_nobody_but_the_appending_function_may_insert_audit_rows(admin):
    """Append-only by privilege."""
    rows = admin.execute(
        "SELECT r.rolname, p FROM pg_roles r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS p"
        " WHERE has_table_privilege(r.oid, 'phr.audit_event', p) AND NOT r.rolsuper AND r.rolname NOT LIKE 'pg\\_%'"
        " AND r.rolname <> 'phr_owner'"
    ).fetchall()
    assert rows == [("phr_audit", "INSERT")]


def test_every_function_with_its_owners_rights_has_a_fixed_search_path(admin):
    """Otherwise the caller chooses what its names mean; pg_temp stands last."""
    rows = admin.execute(
        "SELECT p.oid::regprocedure::text, p.proconfig FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
    ).fetchall()
    assert {name.split("(")[0] for name, _config in rows} >= {"phr.sealed_context", "phr.audit_append"}
    assert {name for name, config in rows if config != ["search_path=pg_catalog, pg_temp"]} == set()


def test_the_functions_that_policies_ask_cannot_be_turned_by_a_search_path(admin):
    """They are bound when they are created (SQL-standard bodies) or have a fixed search_path."""
    rows = admin.execute(
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'phr'::regnamespace"
        " AND p.prosqlbody IS NULL AND p.proconfig IS NULL"
    ).fetchall()
    assert rows == []


def test_no_view_reads_with_the_rights_of_its_owner(admin):
    """A view without security_invoker goes past the policies of whoever asks."""
    rows = admin.execute(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'v' AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        " AND NOT coalesce('security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions), false)"
    ).fetchall()
    assert rows == []


def test_no_policy_speaks_to_everybody(admin):
    """Policies name the role they are for, so that a new role begins with nothing."""
    rows = admin.execute(
        "SELECT tablename, policyname, roles FROM pg_policies WHERE schemaname = 'phr'"
        " AND roles <> '{phr_app}' AND roles <> '{phr_audit}'"
    ).fetchall()
    assert rows == []


def test_the_public_may_do_nothing_in_this_database(admin):
    """A role that somebody adds later has no rights here by default."""
    row = admin.execute("SELECT datacl::text FROM pg_database WHERE datname = current_database()").fetchone()
    assert "{=" not in row[0]
    assert ",=" not in row[0]
    schemas = admin.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname IN ('phr', 'phr_private', 'ledger') AND nspacl::text ~ '[{,]='"
    )
    assert schemas.fetchall() == []
