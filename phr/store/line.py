"""One way to the database for several statements: what nobody waits for yet is sent with the next that somebody reads."""

from __future__ import annotations

import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.rows import TupleRow

GOOD: Final = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})


@dataclass(slots=True)
class Statement:
    """One statement with its values, as they are sent; name: under which it is prepared, fresh: with this statement."""

    text: bytes
    values: Sequence[Any]
    types: Sequence[int] = ()
    formats: Sequence[pq.Format] | None = None
    name: bytes = b""
    fresh: bool = False
    made: Any = None
    result: Any = None

    def run(self, pgconn: Any) -> None:
        """Sends it alone and takes its result."""
        if not self.name:
            self.result = pgconn.exec_params(self.text, self.values)
            return
        if self.fresh:
            self.made = pgconn.prepare(self.name, self.text, self.types)
        if not self.fresh or self.made.status in GOOD:
            self.result = pgconn.exec_prepared(self.name, self.values, self.formats, pq.Format.BINARY)

    def send(self, pgconn: Any) -> None:
        """Hands it to libpq, one of several."""
        if not self.name:
            pgconn.send_query_params(self.text, self.values)
            return
        if self.fresh:
            pgconn.send_prepare(self.name, self.text, self.types)
        pgconn.send_query_prepared(self.name, self.values, self.formats, pq.Format.BINARY)


class Line(psycopg.Connection[TupleRow]):
    """A connection of the service. What waits on it is sent before anything else, whoever sends it.

    A context waits for the first statement that is asked under it, so nothing may go past ``wait``, ``send`` and ``settle``.
    """

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.waiting: list[Statement] = []
        self.names: dict[tuple[bytes, tuple[int, ...]], bytes] = {}
        self._named = 0
        self._values = Transformer.from_context(self)
        self._poll = select.poll()

    def wait(self, *given: Any, **more: Any) -> Any:
        """Whatever the driver does with the server comes through here."""
        if self.waiting:
            self.settle()
        return super().wait(*given, **more)

    def later(self, text: bytes, values: Sequence[Any]) -> Statement:
        """A statement, prepared once for this connection, that is sent with the next one that is read."""
        sent: Any = self._values.dump_sequence(values, [PyFormat.AUTO] * len(values))
        types, formats = tuple(self._values.types or ()), self._values.formats
        name = self.names.get((text, types))
        one = Statement(text, sent, types, formats, name or b"phr_%d" % self._named, fresh=name is None)
        if name is None:
            self.names[text, types] = one.name
            self._named += 1
        self.waiting.append(one)
        return one

    def rows(self, one: Statement) -> list[TupleRow]:
        """What a statement gave; it is sent now where it still waits."""
        if one.result is None:
            self.send()
        self._values.set_pgresult(checked(self, one.result))
        return self._values.load_rows(0, one.result.ntuples, tuple)

    def settle(self) -> None:
        """Sends what waits; outside of a transaction, or in one that failed, it is of no use any more."""
        if self.waiting and self.pgconn.transaction_status == pq.TransactionStatus.INTRANS:
            self.send()
        self.drop()

    def drop(self) -> None:
        """Nothing waits any more."""
        for one in self.waiting:
            self._unmade(one)
        self.waiting = []

    def send(self) -> None:
        """Sends all that waits, in its order, and takes the results. Raises what the first one that failed says."""
        sent, self.waiting = self.waiting, []
        try:
            if len(sent) == 1:
                sent[0].run(self.pgconn)
            else:
                self._exchange(sent)
        finally:
            for one in sent:
                if one.fresh and (one.made is None or one.made.status not in GOOD):
                    self._unmade(one)
        for one in sent:
            if one.fresh:
                checked(self, one.made)
            checked(self, one.result)

    def _unmade(self, one: Statement) -> None:
        """A name that was given to a statement and that the server does not know."""
        if one.fresh:
            self.names.pop((one.text, tuple(one.types)), None)

    def _exchange(self, sent: Sequence[Statement]) -> None:
        pgconn = self.pgconn
        pgconn.enter_pipeline_mode()
        for one in sent:
            one.send(pgconn)
        pgconn.pipeline_sync()
        self._flush()
        for one in sent:
            if one.fresh:
                one.made = self._result()
            one.result = self._result()
        self._next()  # the end of the pipeline
        pgconn.exit_pipeline_mode()

    def _result(self) -> Any:
        """The result of one statement, and the sign that it has no other."""
        result = self._next()
        if result is not None:
            self._next()
        return result

    def _next(self) -> Any:
        pgconn = self.pgconn
        while pgconn.is_busy():
            self._ready(select.POLLIN)
            pgconn.consume_input()
        return pgconn.get_result()

    def _flush(self) -> None:
        """Until all is sent; what comes meanwhile is taken in, so that neither side waits for the other."""
        while self.pgconn.flush():
            self._ready(select.POLLIN | select.POLLOUT)
            self.pgconn.consume_input()

    def _ready(self, what: int) -> None:
        self._poll.register(self.pgconn.socket, what)
        self._poll.poll()


def checked(connection: psycopg.Connection[Any], result: Any) -> Any:
    """A result that is one. Raises what the server says."""
    if result is not None and result.status in GOOD:
        return result
    if result is None or connection.closed:
        raise psycopg.OperationalError("the server closed the connection")
    raise errors.error_from_result(result)
