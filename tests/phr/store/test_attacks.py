"""Whoever speaks SQL as the service, without a valid sealed context, sees nobody's rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from psycopg import errors

from phr.domain.keys import derive, seal
from phr.store.context import Sealer
from tests.phr.store.door import enter, nurse, oneself, personal_tables, seen

REFUSED = (
    errors.InsufficientPrivilege,
    errors.FeatureNotSupported,
    errors.InvalidSchemaName,
    errors.UndefinedFunction,
    errors.UndefinedTable,
    errors.UndefinedFile,
)


def put_context(connection, payload, mark):
    connection.execute(
        "SELECT set_config('phr.context', %s, true), set_config('phr.seal', %s, true)", (payload, mark)
    )


def started(connection):
    return connection.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint").fetchone()[0]


def key(system):
    return derive(system.secrets[0], "context-seal")


def test_the_stranger_is_there_to_be_found(admin, stranger):
    """Every personal table holds a row that the attacks below try to see."""
    assert set(seen(admin, personal_tables(admin), stranger)) == set(personal_tables(admin))


def test_without_a_context_nobody_is_seen(app, admin, stranger):
    """No context means no rows, of anybody, in any table."""
    assert seen(app, personal_tables(admin)) == {}


def test_a_nurse_without_a_grant_does_not_see_a_stranger(system, app, admin, stranger):
    """Opt-in: a valid context is not enough."""
    for purpose in ("guidance", "risk", "collect", "points", "insurer", "family", "research-deidentified"):
        enter(system, app, nurse(stranger, purpose))
        outside = {"release_member"} if purpose.startswith("research") else set()
        marks = {"intake_count", "import_mark", "cloud_connection", "cloud_bookmark", "upload"}
        about = marks if purpose == "collect" else set()
        assert set(seen(app, personal_tables(admin), stranger)) <= outside | about, purpose


def test_the_stranger_sees_all_that_is_theirs_but_secrets_of_signing_in(system, app, admin, stranger):
    """The same rows are visible to the one they belong to, so the tests here could fail."""
    enter(system, app, oneself(stranger))
    hidden = {"account", "import_mark", "cloud_secret", "cloud_attempt", "cloud_notice", "release_vault"}
    hidden.add("watched_person")  # that somebody is watched over is for the reviewers
    hidden |= {"subscription", "subscription_happening"}  # a subscriber's address; what was told is seen
    hidden |= {"bulk_job", "bulk_file"}  # of the recipient that asked; what went out is in the trail
    hidden.add("smart_token")  # hashes of secrets; the grant behind them is seen
    assert set(seen(app, personal_tables(admin), stranger)) == set(personal_tables(admin)) - hidden


@pytest.mark.parametrize("purpose", ["deliver", "operate", "session", "audit", "register", "consent", "sync"])
def test_the_work_of_the_service_itself_sees_no_health_data(system, app, admin, stranger, purpose):
    """Internal purposes have their own small doors, and none opens on measurements."""
    enter(system, app, nurse(stranger, purpose))
    health = {
        "vital_chunk",
        "vital_day",
        "vital_conflict",
        "quarantine",
        "work_item",
        "work_event",
        "resource",
    }
    assert not health & set(seen(app, personal_tables(admin), stranger))


def test_a_context_sealed_with_another_key_is_no_context(system, app, admin, stranger):
    """The seal needs the secret."""
    Sealer([b"another secret of forty characters......"]).open(app, oneself(stranger))
    assert seen(app, personal_tables(admin)) == {}


def test_a_context_sealed_for_another_backend_is_no_context(system, app, admin, stranger):
    """Stolen from one connection, worthless on another."""
    access = oneself(stranger)
    payload = access.payload(app.info.backend_pid + 1, started(app), 2**40)
    put_context(app, payload, seal(key(system), payload))
    assert seen(app, personal_tables(admin)) == {}


def test_a_context_of_an_earlier_transaction_is_no_context(system, app, admin, stranger):
    """A replay on the same connection fails, because the seal is bound to the start of the transaction."""
    enter(system, app, oneself(stranger))
    kept = app.execute("SELECT current_setting('phr.context'), current_setting('phr.seal')").fetchone()
    assert seen(app, personal_tables(admin), stranger) != {}
    app.commit()
    assert seen(app, personal_tables(admin)) == {}
    app.rollback()
    put_context(app, *kept)
    assert seen(app, personal_tables(admin)) == {}


def test_a_context_that_is_over_is_no_context(system, app, admin, stranger):
    """A transaction that is kept open loses its rows when the context ends."""
    payload = oneself(stranger).payload(app.info.backend_pid, started(app), 1)
    put_context(app, payload, seal(key(system), payload))
    assert seen(app, personal_tables(admin)) == {}


@pytest.mark.parametrize("cut", [0, 1, 20, -1, -5])
def test_a_cut_context_is_no_context(system, app, admin, stranger, cut):
    """Not even when the cut text is sealed again with the right key."""
    payload = oneself(stranger).payload(app.info.backend_pid, started(app), 2**40)[:cut]
    payload = payload if cut >= 0 else payload.rpartition("\x1f")[0]
    put_context(app, payload, seal(key(system), payload))
    assert seen(app, personal_tables(admin)) == {}


@pytest.mark.parametrize("mark", ["", "0", "' OR true --", "f" * 64, "\x1f", "é"])
def test_a_wrong_seal_is_no_context(app, admin, stranger, mark):
    """Whatever stands in its place."""
    put_context(app, oneself(stranger).payload(app.info.backend_pid, started(app), 2**40), mark)
    assert seen(app, personal_tables(admin)) == {}


def test_a_changed_purpose_breaks_the_seal(system, app, admin, stranger):
    """A nurse does not become the person by writing it down."""
    enter(system, app, nurse(stranger))
    app.execute(
        "SELECT set_config('phr.context', replace(current_setting('phr.context'), 'guidance', 'self'), true)"
    )
    assert seen(app, personal_tables(admin)) == {}


@pytest.mark.parametrize(
    "attack",
    [
        "SET ROLE postgres",
        "SET ROLE phr_owner",
        "SET ROLE phr_seal",
        "SET ROLE phr_audit",
        "SET SESSION AUTHORIZATION postgres",
        "SET SESSION AUTHORIZATION phr_owner",
        "ALTER TABLE phr.vital_chunk DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE phr.vital_chunk NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE phr.vital_chunk OWNER TO phr_app",
        "ALTER ROLE phr_app BYPASSRLS",
        "ALTER ROLE phr_app SUPERUSER",
        "GRANT phr_owner TO phr_app",
        "CREATE POLICY open ON phr.vital_chunk USING (true)",
        "DROP POLICY own_or_granted ON phr.vital_chunk",
        "DROP TABLE phr.vital_chunk",
        "TRUNCATE phr.audit_event",
        "CREATE TABLE phr.mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "CREATE TEMP TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "CREATE VIEW public.mine AS SELECT * FROM phr.vital_chunk",
        "CREATE EXTENSION dblink",
        "CREATE FUNCTION phr.ctx_self(int) RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE FUNCTION pg_temp.leak(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR public.= (leftarg = uuid, rightarg = uuid, function = uuid_ne)",
        "CREATE OR REPLACE FUNCTION phr.sealed_context() RETURNS text[] LANGUAGE sql AS 'SELECT NULL::text[]'",
        "CREATE TRIGGER mine BEFORE INSERT ON phr.audit_event EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE RULE mine AS ON SELECT TO phr.audit_head DO INSTEAD NOTHING",
        "DO $$ BEGIN EXECUTE 'SET ROLE phr_owner'; END $$",
        "DO $$ BEGIN PERFORM * FROM phr_private.seal_key; END $$",
        "SELECT * FROM phr_private.seal_key",
        "SELECT (SELECT outer_pad FROM phr_private.seal_key LIMIT 1), phr.sealed_context()",
        "COPY phr_private.seal_key TO STDOUT",
        "COPY phr.vital_chunk TO PROGRAM 'cat'",
        "COPY phr.vital_chunk TO '/tmp/phr-attack'",
        "COPY phr.vital_chunk FROM STDIN",
        "SELECT pg_read_file('postgresql.conf')",
        "SELECT pg_read_binary_file(pg_relation_filepath('phr.vital_chunk'))",
        "SELECT pg_ls_dir('.')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'kept for later')",
        "SELECT rolpassword FROM pg_authid",
        "SELECT * FROM pg_statistic",
        "SELECT * FROM pg_largeobject",
        "SELECT * FROM dblink('dbname=phr', 'SELECT 1') AS t (x int)",
        "SECURITY LABEL ON TABLE phr.vital_chunk IS 'x'",
        "CREATE PUBLICATION mine FOR TABLE phr.vital_chunk",
        "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> 'phr_app' AND usename IS NOT NULL",
        "UPDATE phr.audit_event SET actor = 'somebody else'",
        "DELETE FROM phr.audit_event",
        "UPDATE phr.audit_head SET seq = 0",
        "DELETE FROM phr.audit_root",
        "UPDATE phr.audit_root SET root = 'x'",
        "DELETE FROM phr.vital_chunk",
        "DELETE FROM phr.resource_history",
        "UPDATE phr.consent_grant SET recipient = '*'",
    ],
)
def test_what_only_an_owner_or_a_superuser_may_do_is_refused(app, attack):
    """No statement lifts the service's role over the policies or reaches the key of the seal."""
    with pytest.raises((*REFUSED, errors.InvalidParameterValue)):
        app.execute(attack)


def test_reset_role_leads_nowhere(app, admin, stranger):
    """The session's own role is the service's role."""
    app.execute("RESET ROLE")
    app.execute("RESET SESSION AUTHORIZATION")
    assert app.execute("SELECT current_user, session_user").fetchone() == ("phr_app", "phr_app")
    assert seen(app, personal_tables(admin)) == {}


def test_turning_row_security_off_is_an_error_and_not_a_way_in(app):
    """row_security = off asks for everything or an error; for this role it is the error."""
    app.execute("SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("SELECT * FROM phr.vital_chunk")


def test_copying_out_shows_no_more_than_a_query(system, app, stranger):
    """COPY TO goes through the policies."""
    enter(system, app, nurse(stranger))
    with app.cursor().copy(
        "COPY (SELECT person_id FROM phr.vital_chunk UNION SELECT person_id FROM phr.resource) TO STDOUT"
    ) as copy:
        assert str(stranger).encode() not in b"".join(bytes(part) for part in copy)


def test_statistics_of_personal_columns_are_hidden(app, admin, stranger):
    """Histograms hold values; the statistics views hide tables whose rows are guarded."""
    admin.execute("ANALYZE phr.vital_day")
    shown = "SELECT count(*) FROM pg_stats WHERE schemaname = 'phr' AND tablename = 'vital_day'"
    assert admin.execute(shown).fetchone()[0] > 0
    assert app.execute(shown).fetchone()[0] == 0
    assert app.execute("SELECT count(*) FROM pg_stats_ext WHERE schemaname = 'phr'").fetchone()[0] == 0


def test_the_activity_of_other_sessions_shows_no_person_and_no_seal(system, app, person):
    """Parameters travel beside the text of a statement, so the list of sessions has placeholders only."""
    with system.store.begin(nurse(person)) as uow:
        uow.vitals.days(
            person,
            ["8867-4"],
            datetime(2026, 1, 1, tzinfo=UTC).date(),
            datetime(2026, 2, 1, tzinfo=UTC).date(),
        )
        rows = app.execute(
            "SELECT query FROM pg_stat_activity WHERE usename = 'phr_app' AND datname = current_database()"
        ).fetchall()
        texts = " ".join(row[0] for row in rows)
    assert "vital_day" in texts
    assert str(person) not in texts
    assert "nurse-1" not in texts


def test_a_function_that_fails_on_hidden_rows_is_not_asked_about_them(system, app, stranger):
    """A division by zero that would tell of a hidden row does not happen: the policy is asked first."""
    enter(system, app, nurse(stranger))
    trap = "SELECT 1 FROM phr.vital_day WHERE person_id = %s AND 1 / (n - n) = 1"
    assert app.execute(trap, (stranger,)).fetchall() == []
    enter(system, app, oneself(stranger))
    with pytest.raises(errors.DivisionByZero):
        app.execute(trap, (stranger,))


def test_a_view_of_the_plan_holds_counts_and_no_values(system, app, stranger):
    """EXPLAIN ANALYZE tells how many rows were filtered: a known side channel, named in the-door.md; no value is in it."""
    enter(system, app, nurse(stranger))
    lines = app.execute(
        "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM phr.vital_day WHERE code = '8867-4'"
    ).fetchall()
    text = json.dumps([line[0] for line in lines])
    assert "Rows Removed by Filter" in text
    assert str(stranger) not in text


def test_a_prepared_statement_asks_the_context_of_its_execution(system, app, stranger):
    """Prepared with rights, executed without: nothing."""
    enter(system, app, oneself(stranger))
    app.execute("PREPARE look AS SELECT count(*) FROM phr.vital_chunk")
    assert app.execute("EXECUTE look").fetchone()[0] == 1
    app.commit()
    assert app.execute("EXECUTE look").fetchone()[0] == 0


@pytest.mark.parametrize(
    ("leave", "find"),
    [
        ("DECLARE kept CURSOR WITH HOLD FOR SELECT * FROM phr.vital_chunk", "FETCH ALL FROM kept"),
        ("PREPARE kept AS SELECT 1", "EXECUTE kept"),
    ],
)
def test_nothing_is_left_on_a_connection_for_the_next_caller(system, stranger, leave, find):
    """A held cursor keeps rows beyond its transaction; the pool closes it before anybody else comes."""
    with system.store.begin(oneself(stranger)) as uow:
        backend = uow.audit._connection
        backend.execute(leave)
        uow.commit()
    with (
        pytest.raises(Exception, match=r"34000|26000"),
        system.store.begin(nurse(stranger)) as uow,
    ):
        uow.audit._connection.execute(find)


def test_settings_and_locks_do_not_outlive_a_transaction_on_a_pooled_connection(system, stranger):
    """A setting or a session lock of one caller is not the next one's."""
    with system.store.begin(nurse()) as uow:
        uow.audit._connection.execute("SET SESSION search_path = evil")
        uow.audit._connection.execute("SELECT pg_advisory_lock(77)")
        uow.commit()
    with system.store.begin(nurse()) as uow:
        row = uow.audit._connection.execute(
            "SELECT current_setting('search_path'), (SELECT count(*) FROM pg_locks"
            " WHERE locktype = 'advisory' AND objid = 77 AND pid = pg_backend_pid())"
        ).fetchone()
    assert row == ('"$user", public', 0)
