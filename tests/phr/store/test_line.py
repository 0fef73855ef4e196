"""Statements that wait for the next way to the database: their order, their contexts and their errors are those of before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from psycopg import OperationalError, errors
from psycopg.pq import PipelineStatus, TransactionStatus

import phr
from phr.store import wire
from tests.phr.store.door import nurse

ASK = b"SELECT current_setting('phr.context', true)"


def ways(app) -> int:
    """How many commands the server has been sent by this connection's transaction so far, by what waits."""
    return len(app.waiting)


def test_a_context_goes_with_the_first_statement_that_is_asked_under_it(app):
    """Nothing is sent for it alone, and it counts for that statement already."""
    wire.begin(app)
    wire.put_context(app, "first", "a seal")
    assert ways(app) == 1
    assert wire.rows(app, ASK, ()) == [("first",)]
    assert ways(app) == 0
    wire.undo_and_forget(app)


@pytest.mark.parametrize("how", ["execute", "cursor", "copy", "run", "lock"])
def test_whatever_is_sent_by_another_way_finds_the_context_there(app, how):
    """The driver's own statements, copies, texts and locks come after what waits."""
    wire.begin(app)
    cursor = app.cursor()
    wire.put_context(app, "here", "a seal")
    if how == "execute":
        assert app.execute(ASK).fetchone() == ("here",)
    elif how == "cursor":  # one that was made before the context
        assert cursor.execute(ASK).fetchone() == ("here",)
    elif how == "copy":
        with cursor.copy(b"COPY (" + ASK + b") TO STDOUT") as copied:
            assert b"".join(bytes(part) for part in copied) == b"here\n"
    elif how == "run":
        wire.run(app, b"SELECT 1 / (current_setting('phr.context') = 'here')::int")
    else:
        wire.lock(app, "somebody")
    assert ways(app) == 0
    assert app.execute(ASK).fetchone() == ("here",)
    wire.undo_and_forget(app)


def test_nothing_but_the_line_and_its_words_hands_statements_to_libpq():
    """Whoever did so past them would ask under the context before."""
    root = Path(phr.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"pgconn\.(exec|send|prepare|enter_pipeline)", path.read_text(encoding="utf-8"))
    }
    assert (
        found
        == {
            "store/line.py",
            "store/wire.py",
            "store/replica.py",  # how far the primary is: outside of any transaction, on a connection without a context
        }
    )


def test_each_statement_that_waits_keeps_the_context_under_which_it_was_asked(app):
    """A later reason never answers an earlier question."""
    wire.begin(app)
    wire.put_context(app, "one", "a seal")
    first = wire.later(app, ASK, ())
    wire.put_context(app, "two", "a seal")
    second = wire.later(app, ASK + b", 2", ())
    assert second() == [("two", 2)]
    assert first() == [("one",)]
    assert first() == [("one",)], "what was read once stays"
    wire.undo_and_forget(app)


@pytest.mark.parametrize("end", [wire.undo_and_forget, wire.commit_and_forget])
def test_nothing_that_waits_outlives_its_transaction(app, end):
    """Neither a context nor a statement of one caller is there for the next, and the connection is clean."""
    wire.begin(app)
    wire.put_context(app, "left behind", "a seal")
    wire.later(app, b"SELECT 'left behind'", ())
    assert end(app)
    assert ways(app) == 0
    wire.begin(app)
    assert wire.rows(app, ASK, ())[0][0] in ("", None)
    assert wire.commit_and_forget(app), "no name is counted for what was never sent"


def test_a_context_that_waits_is_no_use_once_the_transaction_is_over(app):
    """The driver's own end of a transaction drops it too."""
    wire.begin(app)
    wire.put_context(app, "left behind", "a seal")
    app.rollback()
    assert app.execute(ASK).fetchone()[0] in ("", None)
    app.rollback()


def test_the_first_error_is_told_and_the_connection_can_be_used_again(app):
    """Of several statements on one way, the one that failed says why; a name that was not prepared is not kept."""
    wire.begin(app)
    wire.put_context(app, "x", "y")
    good, bad = wire.later(app, b"SELECT 7", ()), wire.later(app, b"SELECT 1 / $1::int", (0,))
    after = wire.later(app, b"SELECT 8", ())
    with pytest.raises(errors.DivisionByZero):
        after()
    assert good() == [(7,)], "it was answered before the other failed"
    with pytest.raises(errors.DivisionByZero):
        bad()
    assert app.pgconn.pipeline_status == PipelineStatus.OFF
    assert app.pgconn.transaction_status == TransactionStatus.INERROR
    with pytest.raises(errors.InFailedSqlTransaction):
        wire.rows(app, b"SELECT 9", ())
    assert wire.undo_and_forget(app)
    for text, wanted in ((b"SELECT 8", 8), (b"SELECT 9", 9)):
        wire.begin(app)
        assert wire.rows(app, text, ()) == [(wanted,)]
        assert wire.commit_and_forget(app)


def test_a_text_that_the_server_does_not_understand_leaves_no_name(app):
    """As above, for one that cannot even be prepared, twice on the same way."""
    wire.begin(app)
    wire.put_context(app, "x", "y")
    wire.later(app, b"SELECT * FROM phr.no_such_table", ())
    with pytest.raises(errors.UndefinedTable):
        wire.rows(app, b"SELECT * FROM phr.no_such_table", ())
    assert wire.undo_and_forget(app)


def test_much_that_waits_is_sent_while_answers_come(app):
    """Neither side waits for the other, however large values and answers are."""
    wire.begin(app)
    large = "x" * 3_000_000
    asked = [wire.later(app, b"SELECT $1::text, %d" % number, (large,)) for number in range(4)]
    assert [one() for one in asked] == [[(large, number)] for number in range(4)]
    assert wire.commit_and_forget(app)


def test_a_server_that_goes_away_between_is_one_clear_error(app, admin):
    """No endless wait, and the connection says that it is closed."""
    wire.begin(app)
    admin.execute("SELECT pg_terminate_backend(%s, 60000)", (app.info.backend_pid,))
    wire.put_context(app, "x", "y")
    with pytest.raises(OperationalError):
        wire.rows(app, b"SELECT 1", ())
    assert app.closed


def test_a_search_of_samples_and_documents_takes_one_way_with_its_context(system, person):
    """What a page needs is asked at once: the statement for documents waits for that of the chunks."""
    with system.store.begin(nurse(person)) as uow:
        asked = uow.search.documents_later([person], "Observation", bodies=False)
        assert len(uow._driver.waiting) == 2
        assert asked() == []
        assert not uow._driver.waiting
