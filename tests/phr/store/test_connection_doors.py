"""The doors of connections: whoever speaks SQL as the service reaches tokens in one context, of one person, and no other."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from psycopg import errors

from phr.domain.access import CONSENT_PURPOSES, INTERNAL_PURPOSES, machine
from tests.build import CITY
from tests.phr.store.door import enter, oneself

SECRET = ("cloud_secret", "cloud_attempt", "cloud_notice")


def rows(connection, table, person):
    query = f"SELECT count(*) FROM phr.{table} WHERE person_id = %s"
    return connection.execute(query, (person,)).fetchone()[0]


def working(person: UUID | None, purpose: str = "sync"):
    return machine(CITY, purpose, "test", person)


@pytest.mark.parametrize("table", SECRET)
def test_tokens_and_what_leads_to_them_open_in_one_context_only(system, app, stranger, table):
    """Every other purpose that exists, also of the person, is tried; and the work about somebody else."""
    enter(system, app, working(stranger))
    assert rows(app, table, stranger) == 1
    closed = CONSENT_PURPOSES | INTERNAL_PURPOSES - {"sync"}
    if table == "cloud_notice":  # a withdrawal forgets them in its own transaction
        closed -= {"consent"}
    for purpose in sorted(closed):
        enter(system, app, working(stranger, purpose))
        assert rows(app, table, stranger) == 0, purpose
    for other in (working(uuid4()), working(None), oneself(stranger)):
        enter(system, app, other)
        assert rows(app, table, stranger) == 0


def test_the_person_sees_the_state_and_somebody_else_does_not(system, app, stranger):
    """The page reads it as the person."""
    enter(system, app, oneself(stranger))
    assert rows(app, "cloud_connection", stranger) == 1
    enter(system, app, oneself(uuid4()))
    assert rows(app, "cloud_connection", stranger) == 0


def test_the_schedule_sees_what_is_due_and_changes_nothing_of_others(system, app, stranger):
    """Listing needs no person; taking a lease does."""
    change = "UPDATE phr.cloud_connection SET lease = gen_random_uuid() WHERE person_id = %s"
    enter(system, app, working(None))
    assert rows(app, "cloud_connection", stranger) == 1
    assert app.execute(change, (stranger,)).rowcount == 0
    enter(system, app, working(uuid4()))
    assert app.execute(change, (stranger,)).rowcount == 0
    enter(system, app, working(stranger))
    assert app.execute(change, (stranger,)).rowcount == 1


@pytest.mark.parametrize(
    ("state", "may"), [("paused", True), ("needs-reconnect", True), ("connected", False)]
)
def test_a_decision_about_consent_may_end_a_connection_and_never_open_one(system, app, stranger, state, may):
    """What the withdrawal's transaction may do is in the policy, not only in the code."""
    change = "UPDATE phr.cloud_connection SET state = %s WHERE person_id = %s"
    enter(system, app, working(stranger, "consent"))
    if may:
        assert app.execute(change, (state, stranger)).rowcount == 1
    else:
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute(change, (state, stranger))


def test_collecting_moves_marks_and_no_state(system, app, stranger):
    """Storing asks whether the connection lives; it cannot make it live."""
    enter(system, app, working(stranger, "collect"))
    assert rows(app, "cloud_bookmark", stranger) == 1
    change = "UPDATE phr.cloud_connection SET state = 'connected' WHERE person_id = %s"
    assert app.execute(change, (stranger,)).rowcount == 0
    enter(system, app, working(uuid4(), "collect"))
    assert rows(app, "cloud_bookmark", stranger) == 0


@pytest.mark.parametrize("purpose", sorted((CONSENT_PURPOSES | INTERNAL_PURPOSES) - {"consent", "sync"}))
def test_nothing_else_asks_for_tokens_to_be_revoked(system, app, stranger, purpose):
    """A letter that ends a connection comes from what ends connections."""
    enter(system, app, working(stranger, purpose))
    with pytest.raises(errors.InsufficientPrivilege):
        app.execute(
            "INSERT INTO phr.outbox (person_id, outbox_id, kind, idempotency_key, payload, next_at, created_at)"
            " VALUES (%s, gen_random_uuid(), 'revoke', 'k', '{}', now(), now())",
            (stranger,),
        )


@pytest.mark.parametrize("table", [*SECRET, "cloud_connection", "cloud_bookmark"])
def test_nobody_writes_rows_of_somebody_else(system, app, stranger, table):
    """A row that is moved to another person is refused by the policy before the seal would not open."""
    enter(system, app, working(stranger))
    with pytest.raises((errors.InsufficientPrivilege, errors.UniqueViolation)):
        app.execute(f"UPDATE phr.{table} SET person_id = %s WHERE person_id = %s", (uuid4(), stranger))
