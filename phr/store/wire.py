"""Beginning, context, end and the most frequent reads of a transaction, each in one round trip: straight over libpq.

Every transaction of the service pays for these, so that what they cost is paid dozens of times for one page. A text
that holds several statements is sent as a simple query; its values are quoted by libpq or bound by it, never by us.
A cursor of the driver costs three times as much as the statement that it sends; here there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, cast

import psycopg
from psycopg import errors, pq
from psycopg.rows import TupleRow

from phr.store.line import Line, Statement, checked

Connection = psycopg.Connection[TupleRow]
_START: Final = b"; SELECT (extract(epoch FROM now()) * 1000000)::bigint"
_CONTEXT: Final = b"SELECT set_config('phr.context', $1, true), set_config('phr.seal', $2, true)"
_LOCK: Final = b"pg_advisory_xact_lock(hashtextextended($%d, 0))"
_FORGET: Final = (
    b"CLOSE ALL; UNLISTEN *; RESET ALL;"
    b" SELECT pg_advisory_unlock_all(), s.* FROM (SELECT count(*) FILTER (WHERE from_sql),"
    b" count(*) FILTER (WHERE starts_with(name, 'phr_')) FROM pg_prepared_statements) s"
)
_BEGINS: Final[dict[psycopg.IsolationLevel | None, bytes]] = {
    None: b"BEGIN",
    **{
        level: b"BEGIN ISOLATION LEVEL " + level.name.replace("_", " ").encode()
        for level in psycopg.IsolationLevel
    },
}


def begin(connection: Connection) -> int:
    """Begins a transaction and gives its instant, in microseconds since the epoch."""
    _line(connection).drop()
    found = checked(connection, connection.pgconn.exec_(_BEGINS[connection.isolation_level] + _START))
    return int(found.get_value(0, 0) or b"0")


def put_context(connection: Connection, payload: str, mark: str, locked: str = "") -> None:
    """Sets the context of the transaction and its seal, and waits for a lock; all end with the transaction.

    Without a lock it goes to the server with the first statement that is asked under it.
    """
    line, values = _line(connection), [payload.encode(), mark.encode()]
    if not locked:
        line.waiting.append(Statement(_CONTEXT, values))
        return
    line.settle()
    checked(line, line.pgconn.exec_params(b"%b, %b" % (_CONTEXT, _LOCK % 3), [*values, locked.encode()]))


def context_words(connection: Connection, payload: str, mark: str) -> bytes:
    """The statement that sets a context, for a text of several."""
    values = (literal(connection, payload), literal(connection, mark))
    return b"SELECT set_config('phr.context', %b, true), set_config('phr.seal', %b, true); " % values


def lock(connection: Connection, locked: str) -> None:
    """Waits for a lock that ends with the transaction."""
    _line(connection).settle()
    checked(connection, connection.pgconn.exec_params(b"SELECT " + _LOCK % 1, [locked.encode()]))


def rows(connection: Connection, text: bytes, values: Sequence[Any]) -> list[TupleRow]:
    """What a statement gives, prepared once for each connection; values are bound as $1, $2 and so on.

    A text for each question that is asked, rather than conditions that a value switches off: only then can the server
    keep its plan, and planning a table with policies costs ten times as much as reading a few rows of it.
    """
    return later(connection, text, values)()


def later(connection: Connection, text: bytes, values: Sequence[Any]) -> Callable[[], list[TupleRow]]:
    """The same, sent with the next statement whose rows are read; calling what it gives reads them."""
    line = _line(connection)
    return partial(line.rows, line.later(text, values))


def run(connection: Connection, text: bytes) -> None:
    """Runs statements whose results nobody reads, in the transaction that is open."""
    _line(connection).settle()
    checked(connection, connection.pgconn.exec_(text))


def commit_and_forget(connection: Connection, last: bytes = b"") -> bool:
    """Runs the last statements, makes everything durable and forgets, in one round trip; see ``forget``.

    Raises when the transaction failed before: a commit would undo it without a word.
    """
    if connection.pgconn.transaction_status == pq.TransactionStatus.INERROR:
        raise errors.InFailedSqlTransaction("the transaction failed before")
    if last:
        _line(connection).settle()
    _line(connection).drop()
    return _clean(connection, connection.pgconn.exec_(last + b"COMMIT; " + _FORGET))


def forget(connection: Connection) -> bool:
    """Leaves nothing of a transaction to the next on this connection: no held cursor, setting, lock or listener.

    Without this, text that somebody managed to inject could wait there for the context of somebody else. False: a
    statement was prepared by SQL, not by the driver, or one of ours is missing; such a connection must not be used again.
    """
    _line(connection).drop()
    return _clean(connection, connection.pgconn.exec_(_FORGET))


def undo_and_forget(connection: Connection) -> bool:
    """Undoes what was not committed and forgets, in one round trip; see ``forget``."""
    _line(connection).drop()
    return _clean(connection, connection.pgconn.exec_(b"ROLLBACK; " + _FORGET))


def literal(connection: Connection, text: str) -> bytes:
    """A text as an SQL literal, quoted by libpq."""
    if "\0" in text:
        raise psycopg.DataError("a text cannot hold NUL")
    return pq.Escaping(connection.pgconn).escape_literal(text.encode())


def _clean(connection: Connection, result: Any) -> bool:
    """Whether nothing is left; and statements that the driver threw away with its own are prepared again when asked.

    After a rollback it sends DEALLOCATE ALL, which knows no difference between its statements and those of ``rows``.
    """
    found = checked(connection, result)
    names, there = _line(connection).names, int(found.get_value(0, 2))
    if there == 0:
        names.clear()
    return there == len(names) and bool(found.get_value(0, 1) == b"0")


def _line(connection: Connection) -> Line:
    """The connection as what it is: all connections to the database are lines."""
    return cast("Line", connection)
