"""The beginning and the end of every transaction: one way to the database each, and nothing is left for the next."""

from __future__ import annotations

import threading
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus

from phr.errors import PhrError
from phr.store import wire
from tests.phr.store.door import nurse


def idle(connection: psycopg.Connection) -> bool:
    return connection.pgconn.transaction_status == TransactionStatus.IDLE


def test_the_instant_of_the_seal_is_that_of_the_transaction(app):
    """A seal is bound to it, so the number that comes back must be the database's own."""
    started = wire.begin(app)
    row = app.execute("SELECT (extract(epoch FROM now()) * 1000000)::bigint").fetchone()
    assert row == (started,)


def test_a_context_ends_with_its_transaction(app):
    """What is set for one is not there in the next."""
    wire.begin(app)
    wire.put_context(app, "a context", "a seal")
    assert app.execute("SELECT current_setting('phr.context')").fetchone() == ("a context",)
    assert wire.commit_and_forget(app)
    assert app.execute("SELECT current_setting('phr.context', true)").fetchone()[0] in ("", None)


@pytest.mark.parametrize("how", ["with the context", "alone"])
def test_who_writes_a_person_waits_for_whoever_does(system, app, how):
    """The lock is one and the same, whether it comes with the context or later, and it ends with the transaction."""
    name, other, entered = str(uuid4()), system.database.app(), threading.Event()
    wire.begin(app)
    wire.put_context(app, "x", "y", name)

    def second() -> None:
        wire.begin(other)
        if how == "alone":
            wire.lock(other, name)
        else:
            wire.put_context(other, "x", "y", name)
        entered.set()
        wire.undo_and_forget(other)

    thread = threading.Thread(target=second)
    thread.start()
    assert not entered.wait(0.3)
    wire.commit_and_forget(app)
    assert entered.wait(60)
    thread.join()
    other.close()


def test_the_end_leaves_no_lock_setting_or_listener(app):
    """Whatever text managed to leave there, the next transaction on this connection starts clean."""
    for end in (wire.commit_and_forget, wire.undo_and_forget):
        wire.begin(app)
        app.execute("SELECT pg_advisory_lock(4711)")
        app.execute("SET search_path = pg_temp")
        app.execute("LISTEN something")
        assert end(app)
        assert idle(app)
        left = (
            "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),"
        )
        left += " (SELECT count(*) FROM pg_listening_channels()), current_setting('search_path')"
        assert app.execute(left).fetchone()[:2] == (0, 0)
        assert app.execute("SELECT current_setting('search_path')").fetchone() != ("pg_temp",)
        app.rollback()


def test_a_statement_prepared_by_sql_is_told(app):
    """The driver prepares by protocol; what was prepared by text was not prepared by the service."""
    app.execute("PREPARE mine AS SELECT 1")
    app.commit()
    assert not wire.forget(app)


def test_the_last_words_are_part_of_the_transaction(system, admin, person):
    """Where one of them fails, nothing is committed."""
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read", "last-words", person)
        uow.audit.flush()
        with pytest.raises(errors.DivisionByZero):
            wire.commit_and_forget(uow._driver, b"SELECT 1/0; ")
    kept = "SELECT count(*) FROM phr.audit_event WHERE person_id = %s AND object = 'last-words'"
    assert admin.execute(kept, (person,)).fetchone() == (0,)


def test_a_transaction_that_failed_before_is_not_committed_in_silence(app):
    """The database would undo it and say nothing."""
    wire.begin(app)
    with pytest.raises(errors.DivisionByZero):
        app.execute("SELECT 1/0")
    with pytest.raises(errors.InFailedSqlTransaction):
        wire.commit_and_forget(app)
    wire.undo_and_forget(app)


def test_words_of_the_trail_are_quoted_and_cannot_end_their_statement(system, admin, person):
    """Whatever a word holds, it is kept as it is, and NUL is a clear refusal."""
    word = "it's \\ a '); DROP TABLE phr.person; --"
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read", word, person, categories="heart',''", reason=word)
        uow.commit()
    row = admin.execute(
        "SELECT object, categories, reason FROM phr.audit_event WHERE person_id = %s AND object = %s",
        (person, word),
    ).fetchone()
    assert row == (word, "heart',''", word)
    with system.store.begin(nurse(person)) as uow:
        uow.audit.add("read", "nul\0", person)
        with pytest.raises(psycopg.DataError):
            uow.commit()


def test_a_wait_in_vain_is_no_reason_to_try_another_connection(system, app, person):
    """The server is well; it says so once, and the pool stays."""
    wire.begin(app)
    wire.lock(app, str(person))
    connection = system.store._engine.connect()
    connection.connection.driver_connection.execute("SET statement_timeout = 300")
    connection.connection.driver_connection.commit()
    connection.connection.info["forgotten"] = True  # so that the setting stays for this once
    connection.close()
    with pytest.raises(PhrError), system.store.begin(nurse(person), locked=person):
        raise AssertionError("entered")
    wire.undo_and_forget(app)
    with system.store.begin(nurse(person), locked=person) as uow:
        uow.commit()


def test_what_is_asked_again_is_prepared_once_and_leaves_the_connection_clean(app):
    """A name for each text and each kind of values; a value of another kind is another statement."""
    for _ in range(3):
        wire.begin(app)
        assert wire.rows(app, b"SELECT $1::int + 1, $2::text", (1, "a")) == [(2, "a")]
        assert wire.rows(app, b"SELECT $1::int + 1, $2::text", (2**20, "a")) == [(2**20 + 1, "a")]
        assert wire.rows(app, b"SELECT 1 WHERE false", ()) == []
        assert wire.commit_and_forget(app)
    named = app.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'phr%'").fetchone()
    assert named == (3,)


def test_values_are_bound_and_can_end_no_statement(app):
    """Whatever a value holds comes back as it is; NUL is a clear refusal before anything is sent."""
    wire.begin(app)
    word, many = "it's \\ a '); DROP TABLE phr.person; --", ["a,b", '"', "\\", "NULL", "{}"]
    assert wire.rows(app, b"SELECT $1::text, $2::text[]", (word, many)) == [(word, many)]
    assert wire.rows(app, b"SELECT $1::text, $2::text[]", (None, [])) == [(None, [])]
    with pytest.raises(psycopg.DataError):
        wire.rows(app, b"SELECT $1::text, $2::text[]", ("nul\0", []))
    assert wire.rows(app, b"SELECT 1", ()) == [(1,)]
    wire.undo_and_forget(app)


def test_a_statement_that_fails_says_why_and_can_be_asked_again(app):
    """An error is the driver's own, in the text as in its execution."""
    for _ in range(2):
        wire.begin(app)
        with pytest.raises(errors.UndefinedTable):
            wire.rows(app, b"SELECT * FROM phr.no_such_table", ())
        wire.undo_and_forget(app)
        wire.begin(app)
        with pytest.raises(errors.DivisionByZero):
            wire.rows(app, b"SELECT 1 / $1::int", (0,))
        wire.undo_and_forget(app)
    wire.begin(app)
    assert wire.rows(app, b"SELECT 1 / $1::int", (1,)) == [(1,)]
    wire.undo_and_forget(app)


def test_plans_of_a_search_are_kept(system, person):
    """A statement that the server plans anew each time costs ten times as much as the rows that it reads."""
    with system.store.begin(nurse(person)) as uow:
        for _ in range(8):
            uow.search.documents(
                [person], "Observation", codes=["8867-4"], since=0, until=2**50, bodies=False
            )
            uow.search.chunks([person], ["8867-4"], date(2026, 1, 1), date(2026, 12, 31), descending=True, need=101, split_width={})  # fmt: skip
        planned = (
            "SELECT generic_plans > 0, custom_plans <= 5 FROM pg_prepared_statements WHERE name LIKE 'phr%'"
        )
        assert uow._driver.execute(planned).fetchall() == [(True, True), (True, True)]


def test_a_connection_whose_statements_the_driver_threw_away_asks_again(app):
    """The driver throws all prepared statements away after a rollback, ours too: the next search must not meet that."""
    wire.begin(app)
    assert wire.rows(app, b"SELECT $1::int", (1,)) == [(1,)]
    assert wire.commit_and_forget(app)
    for _ in range(8):  # the driver prepares what is asked often
        app.execute("SELECT %s::int", (1,))
    app.rollback()
    app.execute("SELECT 2")
    app.rollback()
    assert app.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'phr%'").fetchone() == (
        0,
    )
    app.rollback()
    assert wire.forget(app), "what gives a connection back to the pool"
    wire.begin(app)
    assert wire.rows(app, b"SELECT $1::int", (2,)) == [(2,)]
    assert wire.commit_and_forget(app)
