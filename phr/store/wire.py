"""Beginning, context, end and the most frequent reads of a transaction, each in one round trip: straight over libpq.

Every transaction of the service pays for these, so that what they cost is paid dozens of times for one page. A text
that holds several statements is sent as a simple query; its values are quoted by libpq or bound by it, never by us.
A cursor of the driver costs three times as much as the statement that it sends; here there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]
_START: Final = b"; SELECT (extract(epoch FROM now()) * 1000000)::bigint"
_CONTEXT: Final = b"SELECT set_config('phr.context', $1, true), set_config('phr.seal', $2, true)"
_LOCK: Final = b"pg_advisory_xact_lock(hashtextextended($%d, 0))"
_FORGET: Final = (
    b"CLOSE ALL; UNLISTEN *; RESET ALL;"
    b" SELECT pg_advisory_unlock_all(), s.* FROM (SELECT count(*) FILTER (WHERE from_sql),"
    b" count(*) FILTER (WHERE starts_with(name, 'phr_')) FROM pg_prepared_statements) s"
)
_GOOD: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})
_BEGINS: Final[dict[psycopg.IsolationLevel | None, bytes]] = {
    None: b"BEGIN",
    **{
        level: b"BEGIN ISOLATION LEVEL " + level.name.replace("_", " ").encode()
        for level in psycopg.IsolationLevel
    },
}


class _Kept:
    """What a connection keeps between transactions: how values are sent and read, and the names of statements."""

    def __init__(self, connection: Connection) -> None:
        self.values = Transformer.from_context(connection)
        self.names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}


_KEPT: Final[WeakKeyDictionary[Connection, _Kept]] = WeakKeyDictionary()


def begin(connection: Connection) -> int:
    """Begins a transaction and gives its instant, in microseconds since the epoch."""
    found = _checked(connection, connection.pgconn.exec_(_BEGINS[connection.isolation_level] + _START))
    return int(found.get_value(0, 0) or b"0")


def put_context(connection: Connection, payload: str, mark: str, locked: str = "") -> None:
    """Sets the context of the transaction and its seal, and waits for a lock; all end with the transaction."""
    values, text = [payload.encode(), mark.encode()], _CONTEXT
    if locked:
        values, text = [*values, locked.encode()], b"%b, %b" % (_CONTEXT, _LOCK % 3)
    _checked(connection, connection.pgconn.exec_params(text, values))


def context_words(connection: Connection, payload: str, mark: str) -> bytes:
    """The statement that sets a context, for a text of several."""
    values = (literal(connection, payload), literal(connection, mark))
    return b"SELECT set_config('phr.context', %b, true), set_config('phr.seal', %b, true); " % values


def lock(connection: Connection, locked: str) -> None:
    """Waits for a lock that ends with the transaction."""
    _checked(connection, connection.pgconn.exec_params(b"SELECT " + _LOCK % 1, [locked.encode()]))


def rows(connection: Connection, text: bytes, values: Sequence[Any]) -> list[TupleRow]:
    """What a statement gives, prepared once for each connection; values are bound as $1, $2 and so on.

    A text for each question that is asked, rather than conditions that a value switches off: only then can the server
    keep its plan, and planning a table with policies costs ten times as much as reading a few rows of it.
    """
    kept = _KEPT.get(connection)
    if kept is None:
        kept = _KEPT[connection] = _Kept(connection)
    sent: Any = kept.values.dump_sequence(values, [PyFormat.AUTO] * len(values))
    types, formats = tuple(kept.values.types or ()), kept.values.formats
    name = kept.names.get((text, types))
    if name is None:
        name = b"phr_%d" % len(kept.names)
        _checked(connection, connection.pgconn.prepare(name, text, types))
        kept.names[text, types] = name
    result = connection.pgconn.exec_prepared(name, sent, formats, pq.Format.BINARY)
    kept.values.set_pgresult(_checked(connection, result))
    return kept.values.load_rows(0, result.ntuples, tuple)


def run(connection: Connection, text: bytes) -> None:
    """Runs statements whose results nobody reads, in the transaction that is open."""
    _checked(connection, connection.pgconn.exec_(text))


def commit_and_forget(connection: Connection, last: bytes = b"") -> bool:
    """Runs the last statements, makes everything durable and forgets, in one round trip; see ``forget``.

    Raises when the transaction failed before: a commit would undo it without a word.
    """
    if connection.pgconn.transaction_status == pq.TransactionStatus.INERROR:
        raise errors.InFailedSqlTransaction("the transaction failed before")
    return _clean(connection, connection.pgconn.exec_(last + b"COMMIT; " + _FORGET))


def forget(connection: Connection) -> bool:
    """Leaves nothing of a transaction to the next on this connection: no held cursor, setting, lock or listener.

    Without this, text that somebody managed to inject could wait there for the context of somebody else. False: a
    statement was prepared by SQL, not by the driver, or one of ours is missing; such a connection must not be used again.
    """
    return _clean(connection, connection.pgconn.exec_(_FORGET))


def undo_and_forget(connection: Connection) -> bool:
    """Undoes what was not committed and forgets, in one round trip; see ``forget``."""
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
    found = _checked(connection, result)
    kept, there = _KEPT.get(connection), int(found.get_value(0, 2))
    if kept is not None and there == 0:
        kept.names.clear()
    whole = there == (len(kept.names) if kept is not None else 0)
    return whole and bool(found.get_value(0, 1) == b"0")


def _checked(connection: Connection, result: Any) -> Any:
    if result.status in _GOOD:
        return result
    if connection.closed:
        raise psycopg.OperationalError("the server closed the connection")
    raise errors.error_from_result(result)
