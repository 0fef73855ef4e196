"""Ends connections whose server fell silent in the middle of a statement, for which libpq itself would wait for ever.

The server's own time-outs end what it still runs, and the kernel ends a connection whose packets nobody acknowledges. What
is left is a peer that takes everything and answers nothing: a proxy that lost its server, or a server that is stopped.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import pq
from sqlalchemy import Engine, event

LONGEST_SILENCE: Final = 75.0
"""Seconds: statement_timeout of the service's connections, and a quarter more."""
_LOOKS: Final = 10  # in that time
_INFO: Final = struct.Struct("=8x12I")  # the head of struct tcp_info, linux/tcp.h
_SENT, _RECEIVED = 9, 11  # milliseconds since data went out and came in


class Silence:
    """Looks at the connections of one pool that are in use, from a thread that ends when the pool is closed."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._used: dict[int, psycopg.Connection[Any]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def watch(self, engine: Engine) -> None:
        """Watches what is taken out of the pool until it comes back."""
        event.listen(engine, "checkout", self._out)
        event.listen(engine, "checkin", self._back)
        event.listen(engine, "engine_disposed", self._rest)

    def _out(self, connection: psycopg.Connection[Any], record: object, _proxy: object) -> None:
        self._used[id(record)] = connection
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._closed = threading.Event()
                    look = threading.Thread(
                        target=self._look, args=[self._closed], name="silence", daemon=True
                    )
                    self._thread = look
                    look.start()

    def _back(self, _connection: object, record: object) -> None:
        self._used.pop(id(record), None)

    def _rest(self, _engine: Engine) -> None:
        """A pool that is opened again gets another thread; what is still out keeps this one."""
        with self._lock:
            thread, self._thread = self._thread, None
            if self._used:
                self._thread = thread
            else:
                self._closed.set()

    def _look(self, closed: threading.Event) -> None:
        while not closed.wait(self._seconds / _LOOKS):
            for connection in list(self._used.values()):
                with suppress(psycopg.Error, OSError):
                    end_if_silent(connection, self._seconds)


def end_if_silent(connection: psycopg.Connection[Any], seconds: float) -> bool:
    """Closes the socket under a statement in which nothing went out or came in for so long; whoever waits gets an error.

    Sockets of the same machine are left alone: there is no network between.
    """
    if connection.pgconn.transaction_status != pq.TransactionStatus.ACTIVE:
        return False
    with socket.socket(fileno=os.dup(connection.pgconn.socket)) as own:
        if own.family == socket.AF_UNIX:
            return False
        info = _INFO.unpack(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size))
        if min(info[_SENT], info[_RECEIVED]) < seconds * 1000:
            return False
        own.shutdown(socket.SHUT_RDWR)
    return True
