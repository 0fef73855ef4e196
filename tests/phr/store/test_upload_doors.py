"""The doors of uploads: the person sees their own, the schedule finds open ones, and only collecting writes them."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from phr.domain.access import Access
from tests.build import CITY
from tests.phr.store.door import MOMENT, enter, nurse, oneself

INSERT = (
    "INSERT INTO phr.upload (person_id, upload_id, name, size, state, created_at, updated_at, expires_at)"
    " VALUES (%s, %s, 'x', 1, %s, %s, %s, %s)"
)
DENIED = psycopg.errors.InsufficientPrivilege


def access(purpose, person=None):
    return Access("system", "test", CITY, purpose, "r", person)


@pytest.fixture
def app(system):
    connection = system.database.app()
    yield connection
    connection.close()


def put(connection, person, state="receiving"):
    upload = uuid4()
    connection.execute(INSERT, (person, upload, state, MOMENT, MOMENT, MOMENT))
    return upload


def rows(connection, person):
    return connection.execute("SELECT count(*) FROM phr.upload WHERE person_id = %s", (person,)).fetchone()[0]


@pytest.fixture
def two(admin):
    """Two strangers with an open and a finished upload each."""
    people = (uuid4(), uuid4())
    for person in people:
        put(admin, person, "waiting")
        put(admin, person, "done")
    yield people
    admin.execute("DELETE FROM phr.upload WHERE person_id = ANY (%s)", (list(people),))


def test_who_sees_which_rows(system, app, two):
    """Nobody without a context; the person all of their own; the schedule what is open; nobody else anything."""
    mine, theirs = two
    assert (rows(app, mine), rows(app, theirs)) == (0, 0)
    for who, expected in (
        (oneself(mine), (2, 0)),
        (access("collect", mine), (2, 0)),
        (access("consent", mine), (2, 0)),
        (access("sync"), (1, 1)),
        (access("sync", mine), (1, 1)),
        (access("operate"), (0, 0)),
        (access("register"), (0, 0)),
        (access("deliver"), (0, 0)),
        (nurse(mine), (0, 0)),
    ):
        enter(system, app, who)
        assert (rows(app, mine), rows(app, theirs)) == expected, who.purpose


@pytest.mark.parametrize("purpose", ["sync", "register", "deliver", "operate", "consent"])
def test_only_collecting_begins_an_upload(system, app, purpose):
    """And only about the person it is about."""
    person = uuid4()
    enter(system, app, access(purpose, person))
    with pytest.raises(DENIED):
        put(app, person)
    enter(system, app, access("collect", person))
    put(app, person)
    with pytest.raises(DENIED):
        put(app, UUID(int=9))
    app.rollback()


def test_a_decision_about_consent_ends_and_never_begins(system, app, two):
    """It writes failed, and nothing else; nobody deletes a row."""
    mine, theirs = two
    change = "UPDATE phr.upload SET state = %s WHERE person_id = %s"
    enter(system, app, access("consent", mine))
    assert app.execute(change, ("failed", theirs)).rowcount == 0
    assert app.execute(change, ("failed", mine)).rowcount == 2
    for purpose in ("consent", "collect"):
        enter(system, app, access(purpose, mine))
        with pytest.raises(DENIED):
            app.execute("DELETE FROM phr.upload")
    enter(system, app, access("consent", mine))
    with pytest.raises(DENIED):
        app.execute(change, ("waiting", mine))
    enter(system, app, oneself(mine))
    assert app.execute(change, ("waiting", mine)).rowcount == 0
    app.rollback()


def test_two_files_never_arrive_at_once(admin):
    """The database says so, whoever asks at the same moment."""
    person = uuid4()
    with admin.transaction(force_rollback=True):
        put(admin, person)
        with pytest.raises(psycopg.errors.UniqueViolation):
            put(admin, person)
