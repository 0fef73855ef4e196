"""Nobody writes what is not theirs to write: grants, audit rows, roots, letters; and errors tell nothing."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from phr.errors import NotAllowed
from tests.build import CITY, agree
from tests.phr.store.door import enter, nurse, oneself


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
