"""Whoever speaks SQL as the service, without a valid sealed context, sees nobody's rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from phr.domain.keys import derive, seal
from phr.errors import NotAllowed
from phr.store.context import Sealer
from tests.build import CITY, agree
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
        about = {"intake_count", "import_mark"} if purpose == "collect" else set()
        assert set(seen(app, personal_tables(admin), stranger)) <= outside | about, purpose


def test_the_stranger_sees_all_that_is_theirs_but_secrets_of_signing_in(system, app, admin, stranger):
    """The same rows are visible to the one they belong to, so the tests here could fail."""
    enter(system, app, oneself(stranger))
    hidden = {"account", "import_mark"}
    assert set(seen(app, personal_tables(admin), stranger)) == set(personal_tables(admin)) - hidden


@pytest.mark.parametrize("purpose", ["deliver", "operate", "session", "audit", "register", "consent"])
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
        rows = app.execute("SELECT query FROM pg_stat_activity WHERE usename = 'phr_app'").fetchall()
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


def test_a_nurse_cannot_write_a_grant_for_themselves(system, app, stranger):
    """Only the recording of a consent writes grants."""
    enter(system, app, nurse(stranger))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(GRANT, (stranger, CITY))


def test_a_resident_cannot_write_into_anybodys_grants(system, app, stranger):
    """Not even into their own: consents are recorded, checked and audited, or they are not."""
    enter(system, app, oneself(stranger))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(GRANT, (stranger, CITY))


def test_recording_a_consent_reaches_no_other_person(system, app, stranger, person):
    """The context of a recording names one person; grants of others can be neither added nor removed."""
    enter(system, app, nurse(person, "consent"))
    assert app.execute("DELETE FROM phr.consent_grant WHERE person_id = %s", (stranger,)).rowcount == 0
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(GRANT, (stranger, CITY))


GRANT = (
    "INSERT INTO phr.consent_grant (person_id, consent_id, version, line, depth, effect, recipient, purpose, category,"
    " data_from, data_to, valid_from, valid_to, path) VALUES (%s, 'mine', 1, 0, 0, 'permit', %s, 'guidance', '*',"
    " '1900-01-01', '9000-01-01', '1900-01-01', '9000-01-01', 'x')"
)


def test_a_context_sees_the_grants_of_its_own_audience_only(system, app, person, patient):
    """Who else a person trusts is not told to a recipient."""
    agree(system, person, patient, recipients=(CITY,))
    agree(system, person, patient, purposes=("insurer",), recipients=("Organization/insurer-1",))
    enter(system, app, nurse(person, "insurer", "Organization/insurer-2"))
    assert (
        app.execute("SELECT count(*) FROM phr.consent_grant WHERE person_id = %s", (person,)).fetchone()[0]
        == 0
    )
    enter(system, app, nurse(person))
    rows = app.execute(
        "SELECT DISTINCT purpose FROM phr.consent_grant WHERE person_id = %s", (person,)
    ).fetchall()
    assert rows == [("guidance",)]


def test_a_grant_for_any_kind_of_data_reaches_no_identity_and_no_consent_document(
    system, app, person, patient, admin
):
    """'Any category' means any kind of health data; names and consents have doors of their own."""
    agree(
        system, person, patient, purposes=("research-deidentified",), recipients=("Organization/university",)
    )
    enter(system, app, nurse(person, "research-deidentified", "Organization/university"))
    assert (
        app.execute("SELECT count(*) FROM phr.consent_grant WHERE person_id = %s", (person,)).fetchone()[0]
        > 0
    )
    for table in ("resource", "resource_history"):
        query = f"SELECT count(*) FROM phr.{table} WHERE person_id = %s"
        assert admin.execute(query, (person,)).fetchone()[0] >= 2
        assert app.execute(query, (person,)).fetchone()[0] == 0


def test_collecting_cannot_write_a_consent_document(system, app, person, patient):
    """A grant to collect any kind of data does not let a device deliver a Consent."""
    agree(system, person, patient)
    enter(system, app, nurse(person, "collect"))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO phr.resource (person_id, type, id, version, category, day, updated_at, body)"
            " VALUES (%s, 'Consent', %s, 1, 'consent', '2026-06-01', now(), '{}')",
            (person, str(uuid4())),
        )


def test_the_actor_of_an_audit_row_is_that_of_the_seal(system, app, admin, person):
    """The caller of the function gives words and counts; who it was comes from the seal."""
    enter(system, app, nurse(person))
    app.execute(APPEND, ("read", "Observation", [person]))
    app.commit()
    row = admin.execute(
        "SELECT actor, role, purpose FROM phr.audit_event WHERE person_id = %s ORDER BY at DESC LIMIT 1",
        (person,),
    )
    assert row.fetchone() == ("nurse-1", "nurse", "guidance")


APPEND = "SELECT phr.audit_append(%s, %s, 'ok', '', %s::uuid[], ARRAY['heart'], ARRAY[1::bigint])"


def test_an_audit_row_cannot_be_appended_without_a_context(app, person):
    """No context, no row: nobody can fill the trail with noise from outside a request."""
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(APPEND, ("read", "Observation", [person]))


def test_an_audit_row_cannot_be_inserted_beside_its_chain(system, app, person):
    """Rows come through the function that chains them."""
    enter(system, app, nurse(person))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("INSERT INTO phr.audit_event SELECT * FROM phr.audit_event")


def test_a_root_cannot_be_planted_before_its_day_is_sealed(system, app, person):
    """A false root in the place of the true one would make the verifier believe a cut trail."""
    enter(system, app, nurse(person))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute("INSERT INTO phr.audit_root VALUES ('2030-01-01', 'x', 0, '{}', now())")


@pytest.mark.parametrize(("whose", "kind"), [("other", "message"), ("own", "ledger")])
def test_guidance_posts_no_letter_about_others_and_none_to_the_ledger(
    system, app, person, stranger, whose, kind
):
    """Points are given by the points rules, and a letter is about the person of its context."""
    enter(system, app, nurse(person))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
            " VALUES (%s, gen_random_uuid(), %s, 'k', '{}', now(), now())",
            (stranger if whose == "other" else person, kind),
        )


def test_a_release_is_seen_by_its_recipient_and_noted_by_the_operator(system, app, admin):
    """Another researcher sees neither the release nor a file; the operator sees that it exists."""
    name = f"rel-{uuid4()}"
    admin.execute(
        "INSERT INTO phr.release VALUES (%s, 'Organization/university', 'published', '{}', '{}', now(), now())",
        (name,),
    )
    admin.execute("INSERT INTO phr.release_file VALUES (%s, 'days.csv', 'x')", (name,))

    def found():
        return tuple(
            app.execute(f"SELECT count(*) FROM phr.{table} WHERE release_id = %s", (name,)).fetchone()[0]
            for table in ("release", "release_file")
        )

    for access, expected in (
        (nurse(None, "research-deidentified", "Organization/university"), (1, 1)),
        (nurse(None, "research-deidentified", "Organization/other"), (0, 0)),
        (nurse(None, "guidance", "Organization/university"), (0, 0)),
        (nurse(None, "operate"), (1, 0)),
    ):
        enter(system, app, access)
        assert found() == expected
    app.rollback()
    assert found() == (0, 0)


def test_what_the_database_forbids_is_one_clear_error_of_the_service(system, person):
    """NotAllowed, without the text of the database."""
    with pytest.raises(NotAllowed) as refused, system.store.begin(nurse(person)) as uow:
        uow.audit._connection.execute(GRANT, (person, CITY))
    assert str(refused.value) == "no-consent"
    assert refused.value.__cause__ is None


def test_errors_of_the_database_carry_no_values(system, person):
    """PostgreSQL quotes what it refuses; the service does not pass that on."""
    for statement in ("SELECT 'secret-value'::uuid", "SELECT * FROM phr.nothing WHERE x = 'secret-value'"):
        with (
            pytest.raises(Exception, match="the database refused a statement") as refused,
            system.store.begin(nurse(person)) as uow,
        ):
            uow.audit._connection.execute(statement)
        assert "secret-value" not in str(refused.value)
        assert refused.value.__cause__ is None


def test_the_service_refuses_to_start_as_a_role_that_policies_do_not_bind(database_url):
    """Superusers and owners go past row-level security."""
    from phr.errors import Unsafe
    from phr.store.engine import refuse_powerful_role

    with psycopg.connect(database_url) as connection, pytest.raises(Unsafe):
        refuse_powerful_role(connection)
